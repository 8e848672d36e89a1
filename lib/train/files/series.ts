/** The folders of a series: several runs of one command, which differ in their seeds, or in their algorithms too. */

import { join } from "node:path";
import type { Config } from "../../systems/settings.ts";

/** The folder of a run of a series: its seed, after its algorithm where there are several. */
export function nameInSeries({ algorithm, seed }: Config, configs: readonly Config[]): string {
  return configs.every((one) => one.algorithm === algorithm) ? `seed-${seed}` : `${algorithm}-seed-${seed}`;
}

/** The runs of a series, those of an algorithm in the order of their seeds; empty if `path` is no folder of {@linkcode RunFolder.createSeries}. */
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
