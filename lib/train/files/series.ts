/** The folders of the runs that one command makes: a run each for its algorithms and seeds. */

import { basename, join } from "node:path";
import { infoOf } from "./atomic.ts";
import type { Config } from "../../systems/settings.ts";

/** The folder of a run of a series: its seed, after its algorithm where there are several. */
export function nameInSeries({ algorithm, seed }: Config, configs: readonly Config[]): string {
  return configs.every((one) => one.algorithm === algorithm) ? `seed-${seed}` : `${algorithm}-seed-${seed}`;
}

/** The runs of a series, those of an algorithm in the order of their seeds; empty if `path` is no folder of `RunFolder.createSeries()`. */
export function runsOfSeries(path: string): string[] {
  try {
    const pattern = /^(?:(.+)-)?seed-(\d+)$/;
    const runs = [...Deno.readDirSync(path)].flatMap(({ name }) => {
      const [, algorithm = "", seed] = pattern.exec(name) ?? [];
      return seed === undefined ? [] : [{ name, algorithm, seed: Number(seed) }];
    });
    const before = (a: string, b: string): number => a < b ? -1 : Number(a > b);
    return runs.sort((a, b) => before(a.algorithm, b.algorithm) || a.seed - b.seed).map(({ name }) => join(path, name));
  } catch {
    // What is wrong with the path is said by whoever opens it as a run.
    return [];
  }
}

/**
 * The newest run, or series of runs, in a folder of runs or of scenarios, by their names; null if there is none. A run holds
 * a file `configName`.
 */
export function newestRunIn(path: string, configName: string): string | null {
  const isRun = (folder: string) => infoOf(join(folder, configName)) !== null || runsOfSeries(folder).length > 0;
  const below = (folder: string): string[] => {
    try {
      return [...Deno.readDirSync(folder)].filter((x) => x.isDirectory).map(({ name }) => join(folder, name));
    } catch {
      // What cannot be opened has nothing to offer.
      return [];
    }
  };
  const near = below(path);
  const runs = [...near, ...near.filter((folder) => !isRun(folder)).flatMap(below)].filter(isRun);
  return runs.sort((a, b) => basename(a) < basename(b) ? 1 : -1)[0] ?? null;
}
