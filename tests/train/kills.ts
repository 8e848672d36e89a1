/** Kill -9 and other signals to real runs: they go on from their folders, and what they come to is compared with runs that nobody disturbed. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { HostRandom } from "../../lib/tensor/host_random.ts";
import { checkpointFolder, listCheckpoints, loadCheckpoint } from "../../lib/train/files/checkpoint.ts";
import type { MetricsRow } from "../../lib/train/files/metrics.ts";
import { readRun } from "../../lib/train/look/records.ts";
import { readRecords } from "../../lib/train/files/tensorboard.ts";
import { filesBelow, logged, onlyRun, runTask } from "./harness.ts";

/** Every file that is there holds whole things only. */
function assertUndamaged(folder: string): void {
  const names = filesBelow(folder);
  const read = (name: string) => Deno.readFileSync(join(folder, name));
  const lines = new TextDecoder().decode(read("metrics.jsonl")).split("\n");
  assert.equal(lines.pop(), "");
  lines.forEach((line, i) => assert.equal(JSON.parse(line).iteration, i + 1));
  const events = read(names.find((name) => name.startsWith("events."))!);
  assert.equal([...readRecords(events)].at(-1)!.end, events.length);
  for (const { path, iteration } of listCheckpoints(folder)) assert.equal(loadCheckpoint(path).iteration, iteration);
  for (const name of names.filter((name) => name.endsWith(".json"))) JSON.parse(new TextDecoder().decode(read(name)));
  for (const name of names.filter((name) => name.endsWith(".svg"))) {
    assert.match(new TextDecoder().decode(read(name)), /^<svg[^]*<\/svg>\s*$/);
  }
}

/** What is logged of the run of `scenario` below `out`; nothing, as long as there is none. */
function rowsOf(out: string, scenario: string): readonly MetricsRow[] {
  try {
    return readRun(onlyRun(out, scenario)).rows;
  } catch {
    return [];
  }
}

/** Whether a checkpoint is being written. */
function isSaving(out: string, scenario: string): boolean {
  try {
    const folder = join(onlyRun(out, scenario), checkpointFolder);
    return [...Deno.readDirSync(folder)].some(({ name }) => name.endsWith(".tmp"));
  } catch {
    return false;
  }
}

/**
 * When a process is killed that has made an iteration: after a share of the time that one takes, which is somewhere in collecting,
 * learning or logging; or in the next writing of a checkpoint.
 */
type Moment = { readonly share: number } | "saving";

/** Begins the command and sends it a signal at a moment. What it was ended in; null if it had come to its end before. */
async function killed(
  out: string,
  scenario: string,
  command: readonly string[],
  moment: Moment,
  sent: Deno.Signal,
): Promise<string | null> {
  const script = join(import.meta.dirname!, "../../tasks/train.ts");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", script, ...command],
    stdout: "null",
    stderr: "null",
  }).spawn();
  let over = false;
  const status = child.status.finally(() => over = true);
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const before = rowsOf(out, scenario).length;
  while (!over && rowsOf(out, scenario).length <= before) await sleep(2);
  let saving = false;
  // The first iteration of a process compiles, which takes as long as many others.
  const seconds = rowsOf(out, scenario).map((x) => x.metrics["time/iteration_seconds"]!);
  const milliseconds = 1000 * Math.min(0.5, ...seconds);
  if (moment === "saving") {
    // A small file is written before anybody has looked.
    const end = performance.now() + Math.max(20, 5 * milliseconds);
    while (!over && performance.now() < end && !(saving = isSaving(out, scenario))) await sleep(0);
  } else if (!over) await sleep(1.5 * milliseconds * moment.share);
  try {
    child.kill(sent);
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof TypeError)) throw error;
  }
  const { code, signal } = await status;
  // Of other signals a run is told, and ends in good order.
  const isEnded = sent === "SIGKILL" ? signal === sent : code === 130 && signal === null;
  return isEnded ? saving ? "saving" : "an iteration" : null;
}

/** A run that is to be disturbed. */
export interface Disturbed {
  readonly scenario: string;
  /** All flags but the number of iterations and the folder. */
  readonly flags: string;
  /** How often it is killed. */
  readonly kills: number;
  readonly random: HostRandom;
  /** What it is sent, SIGKILL unless it is given. */
  readonly signal?: Deno.Signal;
  /** Iterations for each kill. */
  readonly iterations?: number;
  /** What is told of each kill. */
  readonly tell?: (what: string) => void;
}

/** Asserts that the run that is killed and resumed ends as one that nobody disturbs, bit for bit, and that nothing is ever damaged. */
export async function assertSurvives(base: string, run: Disturbed): Promise<void> {
  const { scenario, kills, random, iterations: each = 10, tell = () => {} } = run;
  const [whole, disturbed] = [join(base, "whole"), join(base, "disturbed")];
  const flags = ["--scenario-name", scenario, ...run.flags.split(" ")];
  let iterations = each * kills;
  let misses = 0;
  let next = [...flags, "--n-iters", `${iterations}`, "--out", disturbed];
  for (let done = 0; done < kills;) {
    const moment = done % 3 === 1 ? "saving" : { share: random.next() };
    const during = await killed(disturbed, scenario, next, moment, run.signal ?? "SIGKILL");
    if (during !== null) done += 1;
    else iterations += each * 2 ** ++misses; // It came to its end before the kill: it gets longer.
    // A schedule that falls over the whole run does not let it.
    assert.ok(
      misses < 8,
      `${scenario} comes to its end before it can be killed: give it more iterations for each kill.`,
    );
    const folder = onlyRun(disturbed, scenario);
    tell(during === null ? "came to its end" : `kill ${done} in ${during}, after iteration ${logged(folder).length}`);
    assertUndamaged(folder);
    next = ["--resume", folder, "--n-iters", `${iterations}`];
  }
  const { code, err } = await runTask("train", ...next);
  assert.deepEqual([code, err], [0, ""]);
  assert.equal((await runTask("train", ...flags, "--n-iters", `${iterations}`, "--out", whole)).code, 0);
  const [folder, expected] = [onlyRun(disturbed, scenario), onlyRun(whole, scenario)];
  assertUndamaged(folder);
  assert.equal(logged(folder).length, iterations);
  assert.deepEqual(logged(folder), logged(expected));
  // Who is told to end saves where it is: of the last three checkpoints the older ones are others then.
  const isKill = (run.signal ?? "SIGKILL") === "SIGKILL";
  const isOlder = (name: string) => name.startsWith("checkpoints/") && !name.endsWith(`${iterations}.safetensors`);
  // What is named for a time, or says how long it took, differs.
  const comparable = (path: string) =>
    filesBelow(path).filter((x) => !/^(events\.|metrics\.|manifest\.)/.test(x) && (isKill || !isOlder(x)));
  const names = comparable(expected);
  assert.ok(names.some((name) => name.endsWith(`${iterations}.safetensors`)) && names.includes("config.json"));
  assert.deepEqual(comparable(folder), names);
  for (const name of names) {
    assert.deepEqual(Deno.readFileSync(join(folder, name)), Deno.readFileSync(join(expected, name)), name);
  }
}
