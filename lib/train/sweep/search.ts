/** What of a sweep is to be trained next, from how its runs stand. */

import type { Headline } from "../../systems/system.ts";
import { type Candidate, nextPromotions, rungsOf } from "./halving.ts";
import type { Job } from "./launcher.ts";
import type { Spec, SweepRun } from "./spec.ts";
import { isThere, type Standing } from "./standing.ts";

/** A run of a sweep and how it stands. */
export interface Known {
  readonly run: SweepRun;
  readonly folder: string;
  readonly standing: Standing;
  /** Whether it is under way. */
  readonly busy: boolean;
  /** Whether it is not to be tried again: it has failed while this process looked on. */
  readonly failed: boolean;
}

/** A search: what is next, `most` jobs at most. None: all is done, or waits for what is under way. */
export interface Searching {
  next(runs: readonly Known[], most: number): Job[];
  /** Iterations that the sweep trains if nothing fails, over all runs; an estimate where that depends on what is learned. */
  readonly iterations: number;
}

/** Made for the runs of a sweep. `valueAt` tells what a run is judged by after an iteration that it has reached. */
export function searchOf(
  spec: Spec,
  runs: readonly SweepRun[],
  valueAt: (known: Known, iteration: number, headline: Headline) => number,
): Searching {
  return spec.search === "asha" ? halving(spec, runs, valueAt) : everyRun(runs);
}

function jobOf({ run: { id, plan: { config } }, folder }: Known, until: number): Job {
  const early = until < config.nIters ? ["--until", String(until)] : [];
  return { id, folder, until, arguments: ["--resume", folder, ...early] };
}

/** A grid, or what was drawn: first what was begun before, then all settings with the first seed, with the second, and so on. */
function everyRun(all: readonly SweepRun[]): Searching {
  const seeds = [...new Set(all.map(({ plan }) => plan.config.seed))];
  const rank = ({ run, standing }: Known): number => standing.saved > 0 ? -1 : seeds.indexOf(run.plan.config.seed);
  return {
    iterations: all.reduce((sum, { plan }) => sum + plan.config.nIters, 0),
    next: (runs, most) =>
      runs.filter((x) => !x.busy && !x.failed && !isThere(x.standing, x.run.plan.config.nIters, x.run))
        .toSorted((a, b) => rank(a) - rank(b) || a.run.setting - b.run.setting)
        .slice(0, most).map((x) => jobOf(x, x.run.plan.config.nIters)),
  };
}

/** The rungs of a search by halving: those of the file, or four at most, whose last is the whole run. */
export function rungsOfSpec({ firstRung, eta }: Spec, whole: number): { eta: number; rungs: number[] } {
  const by = eta ?? 3;
  return { eta: by, rungs: rungsOf(firstRung ?? Math.max(1, Math.round(whole / by ** 3)), by, whole) };
}

function halving(
  spec: Spec,
  all: readonly SweepRun[],
  valueAt: (known: Known, iteration: number, headline: Headline) => number,
): Searching {
  const { headline } = all[0]!.plan.system;
  const { eta, rungs } = rungsOfSpec(spec, all[0]!.plan.config.nIters);
  const settings = new Set(all.map(({ setting }) => setting)).size;
  const seeds = all.length / settings;
  const judged = new Map<string, number>();
  /** What a run came to at a rung: it stays, however often it is asked. */
  const value = (known: Known, rung: number): number => {
    const key = `${known.run.id} ${rung}`;
    const found = judged.get(key) ?? valueAt(known, rungs[rung]!, headline);
    judged.set(key, found);
    return found;
  };
  const candidate = (runs: readonly Known[]): Candidate => {
    const reached = rungs.filter((rung) => runs.every((x) => isThere(x.standing, rung, x.run))).length;
    const mean = (rung: number): number => runs.reduce((sum, x) => sum + value(x, rung), 0) / runs.length;
    return {
      values: Array.from({ length: reached }, (_, rung) => mean(rung)),
      busy: runs.some((x) => x.busy),
      between: runs.some(({ standing }) => standing.saved > (reached === 0 ? 0 : rungs[reached - 1]!)),
      failed: runs.some((x) => x.failed),
    };
  };
  return {
    iterations: seeds * rungs.reduce((sum, rung, i) => {
      const there = Math.floor(settings / eta ** i);
      return sum + there * (rung - (i === 0 ? 0 : rungs[i - 1]!));
    }, 0),
    next(runs, most) {
      const groups = [...Map.groupBy(runs, ({ run }) => run.setting).values()];
      // The free runs of a setting that is under way: its other seeds go to the same rung.
      const candidates = groups.map(candidate);
      const under = groups.flatMap((group, i) =>
        candidates[i]!.busy && !candidates[i]!.failed ? restOf(group, rungs[candidates[i]!.values.length]!) : []
      );
      const promoted = nextPromotions(candidates, { eta, rungs: rungs.length, better: headline.better, most });
      const jobs = promoted.flatMap(({ setting, rung }) => restOf(groups[setting]!, rungs[rung]!));
      return [...under, ...jobs].slice(0, most);
    },
  };
}

/** The runs of a setting that have not come to a rung, and are not under way. */
function restOf(group: readonly Known[], until: number): Job[] {
  return group.filter((x) => !x.busy && !x.failed && !isThere(x.standing, until, x.run)).map((x) => jobOf(x, until));
}
