/** `deno task sweep --dry-run`: the runs of a sweep, and what they would cost by a few iterations that are measured. */

import { join } from "node:path";
import { counted, numberText, printable } from "../../systems/text.ts";
import { infoOf } from "../files/atomic.ts";
import type { Host } from "../loop/host.ts";
import { clock } from "../loop/progress.ts";
import { type Asked, mostThreads } from "./asked.ts";
import { type Price, priceOf, workOf } from "./price.ts";
import { searchOf } from "./search.ts";
import { pointText, type SweepRun } from "./spec.ts";
import { standingOf } from "./standing.ts";

/** So many runs are measured. */
const mostPriced = 3;

/** Prints them. `train` is the program that trains a run, with its first arguments. Whether it came to its end: Ctrl-C stops it. */
export async function dryRun(
  asked: Asked,
  { out, train, listenForStop }: Pick<Host, "out" | "listenForStop"> & { readonly train: readonly string[] },
): Promise<boolean> {
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  await listenForStop(resolve);
  out.write(`${printable([...tableOf(asked), "Measuring a few iterations .."].join("\n"))}\n`);
  const threads = mostThreads(asked);
  const prices: Price[] = [];
  for (const { plan, ...run } of pricedOf(asked.runs)) {
    const config = { ...plan.config, threads: plan.config.threads ?? threads };
    const price = await priceOf({ ...run, plan: { ...plan, config } }, train, stopped);
    if (price === null) {
      out.write("Stopped. Nothing was written.\n");
      return false;
    }
    prices.push(price);
  }
  const lines = [
    ...prices.map(({ id, iteration, beginning }) =>
      `${id}: ${numberText(iteration)} s an iteration, and ${numberText(beginning)} s to begin`
    ),
    costOf(asked, prices),
    `Dry run: nothing was written. It would go to ${asked.folder}/`,
  ];
  out.write(`${printable(lines.join("\n"))}\n`);
  return true;
}

/** A sentence of what all of it takes. */
function costOf({ noted, folder, runs, engine, engineValues }: Asked, prices: readonly Price[]): string {
  const { iterations } = searchOf(noted, runs, () => NaN);
  const saved = runs.reduce((sum, { id }) => sum + savedOf(join(folder, id)), 0);
  const seconds = workOf(prices, Math.max(0, iterations - saved), runs.length);
  const room = Math.min(engine.roomFor(engineValues, mostThreads({ noted, runs })), runs.length);
  const about = noted.search === "asha" ? "about " : "";
  const done = saved > 0 ? `, of which ${saved.toLocaleString("en-US")} are done` : "";
  return `${about}${iterations.toLocaleString("en-US")} iterations${done}: ${clock(seconds)} of work, ` +
    `${clock(seconds / room)} with ${counted(room, "run")} at a time.`;
}

function savedOf(folder: string): number {
  return infoOf(folder) === null ? 0 : standingOf(folder).saved;
}

/** The runs that are measured: the first, the last, and one between, of different settings. */
function pricedOf(runs: readonly SweepRun[]): SweepRun[] {
  const firsts = [...Map.groupBy(runs, ({ setting }) => setting).values()].map((group) => group[0]!);
  const places = Array.from({ length: mostPriced }, (_, i) => Math.round(i * (firsts.length - 1) / (mostPriced - 1)));
  return [...new Set(places)].map((i) => firsts[i]!);
}

/** More settings than these are not all printed. */
const mostShown = 40;

/** The settings of a sweep, a line each. */
function tableOf({ noted, runs }: Asked): string[] {
  const groups = [...Map.groupBy(runs, ({ setting }) => setting).values()];
  const line = (group: readonly SweepRun[]): string => {
    const [{ id, at, plan: { config } }] = group as [SweepRun];
    const ids = group.length === 1 ? id : `${id} to ${group.at(-1)!.id}`;
    return `${ids}   ${[pointText(at), counted(config.nIters, "iteration")].filter((x) => x !== "").join(", ")}`;
  };
  const left = groups.length - mostShown;
  return [
    `${noted.name}: ${noted.search}, ${counted(groups.length, "setting")}, ${counted(runs.length, "run")}`,
    ...groups.slice(0, mostShown).map((group) => `  ${line(group)}`),
    ...left > 0 ? [`  .. and ${left} more`] : [],
  ];
}
