/** Kill -9 of sweeps: what they have begun goes on without them, and the next one finds it; nothing is lost, nothing trained twice. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { HostRandom } from "../../lib/tensor/host_random.ts";
import type { Manifest } from "../../lib/train/files/manifest.ts";
import { isLocked } from "../../lib/train/files/folder.ts";
import { filesBelow, logged } from "../train/harness.ts";
import { quick, yaml } from "./harness.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A sweep as a process of its own. */
export interface Begun {
  readonly printed: () => string;
  readonly process: Deno.ChildProcess;
  readonly finished: Promise<{ code: number; signal: Deno.Signal | null; out: string; err: string }>;
}

/** Begins `deno task sweep` with the fake trainer, an iteration of which takes `delay` milliseconds. */
export function begin(args: readonly string[], delay: number): Begun {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", join(import.meta.dirname!, "fake_cli.ts"), ...args],
    env: { FAKE: JSON.stringify({ delay }), NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let out = "";
  const read = async () => {
    for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) out += text;
  };
  const finished = Promise.all([process.status, read(), new Response(process.stderr).text()])
    .then(([{ code, signal }, , err]) => ({ code, signal, out, err }));
  return { printed: () => out, process, finished };
}

/** The iterations of each session of a run. */
function sessionsOf(folder: string): Manifest["earlier"] {
  const { earlier, ...last } = JSON.parse(Deno.readTextFileSync(join(folder, "manifest.json"))) as Manifest;
  return [...earlier, last];
}

/** What is disturbed, and how often. */
export interface Disturbed {
  readonly kills: number;
  readonly random: HostRandom;
  readonly runs: number;
  readonly iterations: number;
  /** Whether the runs that are under way are killed too, as when a machine goes down. */
  readonly all: boolean;
  readonly tell?: (what: string) => void;
}

/** The processes that a sweep has noted, of runs that are trained. */
function pidsOf(folder: string): number[] {
  try {
    return [...Deno.readDirSync(join(folder, ".local"))].filter(({ name }) =>
      /^\d{4}-s\d+$/.test(name) && isLocked(join(folder, name))
    ).map(({ name }) => Number(Deno.readTextFileSync(join(folder, ".local", name))));
  } catch {
    // It was killed before it had begun anything.
    return [];
  }
}

function killNow(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
  }
}

/** Asserts that a sweep that is killed and begun again trains every iteration of every run once, as one that nobody disturbs. */
export async function assertSurvives(base: string, disturbed: Disturbed): Promise<void> {
  const { kills, random, runs, iterations, all, tell = () => {} } = disturbed;
  const settings = `{ ${quick}, nIters: ${iterations}, saveEvery: 1 }`;
  const file = yaml(base, `{ settings: ${settings}, axes: { lr: [0.1, 0.2] }, seeds: ${runs / 2} }`);
  const folder = join(base, "s");
  const args = [file, "--out", base, "--processes", "2"];
  for (let done = 0; done < kills;) {
    const sweep = begin(args, 30);
    let over = false;
    sweep.finished.then(() => over = true);
    // Some are killed while they begin, before they have said anything.
    if (random.next() > 0.2) { while (!over && sweep.printed() === "") await sleep(5); }
    await sleep(2000 * random.next() ** 2);
    killNow(sweep.process.pid);
    if (all) { for (const pid of pidsOf(folder)) killNow(pid); }
    const { signal } = await sweep.finished;
    assert.equal(signal, "SIGKILL", `it came to its end after ${done} kills: give it more runs.`);
    tell(`kill ${++done}`);
  }
  const { code, out, err } = await begin(args, 0).finished;
  assert.deepEqual([code, err], [0, ""], out);
  assert.ok(out.includes(`\n${runs} of ${runs} runs done.\n`), out);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => /^\d{4}-s\d+$/.test(name));
  assert.equal(names.length, runs);
  for (const name of names) {
    const run = join(folder, name);
    assert.deepEqual(
      logged(run).map((row) => (row as { iteration: number }).iteration),
      Array.from({ length: iterations }, (_, i) => i + 1),
    );
    let reached = 0;
    for (const { fromIteration, toIteration, outcome } of sessionsOf(run)) {
      // Only what a run itself had not saved when it was killed is made again: with --save-every 1 the iteration under way.
      const again = reached - fromIteration;
      assert.ok(all ? again === 0 || again === 1 : again === 0, `${name}: ${JSON.stringify(sessionsOf(run))}`);
      if (!all) assert.notEqual(outcome, "killed");
      reached = toIteration;
    }
    assert.equal(reached, iterations);
  }
  await assertAsUndisturbed(folder, names, [file, "--out", join(base, "whole"), "--processes", "2"]);
}

/** Asserts that the runs have come to what they come to in a sweep that nobody disturbs, bit for bit. */
async function assertAsUndisturbed(folder: string, names: readonly string[], args: readonly string[]): Promise<void> {
  assert.equal((await begin(args, 0).finished).code, 0);
  for (const name of names) {
    const [run, expected] = [join(folder, name), join(args[2]!, "s", name)];
    assert.deepEqual(logged(run), logged(expected));
    // What is named for a time, or says how long it took, differs.
    const files = filesBelow(expected).filter((x) => !/^(events\.|metrics\.|manifest\.)/.test(x));
    assert.ok(files.some((x) => x.startsWith("checkpoints/")));
    for (const file of files) {
      assert.deepEqual(Deno.readFileSync(join(run, file)), Deno.readFileSync(join(expected, file)), file);
    }
  }
}
