/** manifest.json: what made a run, so that it can be made again: arguments, commit, versions, device. */

import * as v from "npm:valibot@1.5.0";
import onnxruntime from "npm:onnxruntime-node@1.30.0/package.json" with { type: "json" };
import webgpu from "npm:webgpu@0.6.2/package.json" with { type: "json" };
import { infoOf } from "./atomic.ts";
import { readRegularText } from "./regular.ts";
import type { TrainerFacts } from "../../systems/trainer.ts";

/** The file's name in the folder of a run. */
export const manifestName = "manifest.json";

/** How a session of training ended. A killed one cannot say so: it stays "running" until the next begins. */
export type Outcome = "running" | "finished" | "interrupted" | "failed" | "killed";

const outcomes: readonly Outcome[] = ["running", "finished", "interrupted", "failed", "killed"];

/** One process that trained the run. */
export interface Session extends TrainerFacts {
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly ended: string | null;
  readonly outcome: Outcome;
  /** The text of the error, if it failed. */
  readonly error: string | null;
  readonly arguments: readonly string[];
  readonly fromIteration: number;
  readonly toIteration: number;
  /** The commit of the working folder; null outside git. */
  readonly gitCommit: string | null;
  /** Whether tracked files differed from the commit. */
  readonly gitModified: boolean;
  readonly versions: Readonly<Record<string, string>>;
  /** "x86_64-unknown-linux-gnu". */
  readonly platform: string;
  /** Programs traced, and how many of them after the first iteration. */
  readonly traces: { readonly total: number; readonly afterFirst: number };
}

/** The session that trains the run now or did so last, and those before it, oldest first. */
export interface Manifest extends Session {
  /** The name of the run's file of events: another tool may put its own beside it. */
  readonly events?: string;
  /** The digests of the checkpoints, by the names of their files. */
  readonly checkpoints?: Readonly<Record<string, string>>;
  readonly earlier: readonly Session[];
}

/** What others go by in a manifest. */
const readSession = v.looseObject({
  ...{ started: v.string(), outcome: v.picklist(outcomes), arguments: v.array(v.string()) },
  ...{ fromIteration: v.number(), toIteration: v.number(), engine: v.string(), adapter: v.string() },
});
const readSchema = v.looseObject({
  ...{ ...readSession.entries, earlier: v.array(readSession) },
  checkpoints: v.optional(v.record(v.string(), v.string())),
});

/** The version of the library. A package for npm has no deno.json to read it from. */
export const version = "0.1.0";

/** The versions of everything that computes. */
export function versions(): Record<string, string> {
  return {
    deno: Deno.version.deno,
    plumbline: version,
    "onnxruntime-node": onnxruntime.version,
    webgpu: webgpu.version,
  };
}

/** The commit of the working folder. */
export async function gitState(): Promise<Pick<Session, "gitCommit" | "gitModified">> {
  const commit = await git("rev-parse", "HEAD");
  if (commit === null) return { gitCommit: null, gitModified: false };
  const changes = await git("status", "--porcelain", "--untracked-files=no");
  return { gitCommit: commit, gitModified: changes !== null && changes !== "" };
}

/** What git prints; null if there is no git or no repository here. It only looks: without that option it writes its index anew. */
async function git(...given: string[]): Promise<string | null> {
  try {
    const args = ["--no-optional-locks", ...given];
    const { success, stdout } = await new Deno.Command("git", { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}

/** The manifest when a session begins. `before` is that of the run so far, which has come to the iteration `reached`. */
export async function beginManifest(
  session: Pick<Session, "arguments" | "fromIteration"> & TrainerFacts,
  before: Manifest | null,
  reached: number,
  now: Date,
): Promise<Manifest> {
  return {
    started: now.toISOString(),
    ended: null,
    outcome: "running",
    error: null,
    ...session,
    toIteration: session.fromIteration,
    ...await gitState(),
    versions: versions(),
    platform: Deno.build.target,
    traces: { total: 0, afterFirst: 0 },
    earlier: before ? earlierWith(before, reached) : [],
  };
}

/** The sessions of a manifest to which another comes. One that was killed could not say so, nor how far it got. */
function earlierWith({ earlier, events: _, checkpoints: __, ...last }: Manifest, reached: number): Session[] {
  const killed = last.outcome === "running";
  return [...earlier, killed ? { ...last, outcome: "killed", toIteration: reached } : last];
}

/** The manifest in a file; null if there is none, "damaged" if there is none that can be read. */
export function lookAtManifest(path: string): Manifest | null | "damaged" {
  if (infoOf(path) === null) return null;
  try {
    const { success, output } = v.safeParse(readSchema, JSON.parse(readRegularText(path)));
    return success ? output as unknown as Manifest : "damaged";
  } catch {
    return "damaged";
  }
}

/** The manifest in a file; null if there is none, or none that can be read: it is a record, nothing depends on it. */
export function readManifest(path: string): Manifest | null {
  const found = lookAtManifest(path);
  return found === "damaged" ? null : found;
}
