/** What a sweep would cost: a few iterations of some of its runs, measured as they would be trained. */

import { join } from "node:path";
import { reasonOf, WriteError } from "../files/error.ts";
import { metricsName, RunFolder } from "../files/folder.ts";
import { inputsOf } from "../files/inputs.ts";
import { readRows } from "../files/metrics.ts";
import { UsageError } from "../../systems/usage.ts";
import type { SweepRun } from "./spec.ts";

/** So many iterations are measured; the first compiles. */
const measured = 4;

/** What a run was measured at. */
export interface Price {
  readonly id: string;
  /** Until the second iteration begins, beyond the time of an iteration. */
  readonly beginning: number;
  /** Seconds of an iteration. */
  readonly iteration: number;
}

/**
 * Trains the first iterations of a run in a folder that is removed, with the program that would train it. Null if that was
 * `stopped`: then it has ended at once, since nothing of it is kept.
 */
export async function priceOf(
  { id, plan: { system, config } }: SweepRun,
  command: readonly string[],
  stopped: Promise<void>,
): Promise<Price | null> {
  const place = placeToMeasure();
  try {
    const own = { ...config, saveEvery: measured };
    const folder = RunFolder.createNamed(place, id, own, new Date(), inputsOf(system, own));
    const iterations = Math.min(measured, config.nIters);
    const [program, ...first] = command;
    const began = performance.now();
    const process = new Deno.Command(program!, {
      args: [...first, "--resume", folder, "--until", String(iterations)],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const ended = process.output();
    const isStopped = await Promise.race([stopped.then(() => true), ended.then(() => false)]);
    if (isStopped) endAtOnce(process);
    const { success, stderr } = await ended;
    if (isStopped) return null;
    const seconds = (performance.now() - began) / 1000;
    if (!success) throw new UsageError(`${id} cannot be trained: ${reasonOf(new TextDecoder().decode(stderr).trim())}`);
    const times = readRows(Deno.readFileSync(join(folder, metricsName)))
      .map(({ row }) => row.metrics["time/iteration_seconds"]!);
    const later = times.length > 1 ? times.slice(1) : times;
    const iteration = later.reduce((sum, x) => sum + x, 0) / later.length;
    return { id, iteration, beginning: Math.max(0, seconds - iteration * times.length) };
  } finally {
    Deno.removeSync(place, { recursive: true });
  }
}

/** A folder of its own among those that are removed. Throws a {@linkcode WriteError}. */
function placeToMeasure(): string {
  try {
    return Deno.makeTempDirSync({ prefix: "plumbline-price-" });
  } catch (error) {
    throw new WriteError("A folder for what is measured (TMPDIR says where)", error);
  }
}

function endAtOnce(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
  }
}

/** Seconds of work of a sweep: so many iterations in so many beginnings, by what was measured of some of its runs. */
export function workOf(prices: readonly Price[], iterations: number, beginnings: number): number {
  const mean = (of: (price: Price) => number): number => prices.reduce((sum, x) => sum + of(x), 0) / prices.length;
  return iterations * mean((x) => x.iteration) + beginnings * mean((x) => x.beginning);
}
