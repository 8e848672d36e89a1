/** What somebody may have meant. */

import { flagOf, type Table } from "../../systems/option.ts";

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    const above = rows[i - 1]!;
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
        ? rows[i - 2]![j - 2]! + 1
        : Infinity;
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, replaced, swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** The one of `words` that is so close to `word` that it may be meant; null if none is. */
export function closest(word: string, words: readonly string[]): string | null {
  const [best] = words.map((x) => ({ x, distance: editDistance(word, x) })).sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(1, best.x.length / 3) ? best.x : null;
}

/** The scenario that `name` may mean, as in Gymnasium's `HalfCheetah-v5`; null if there is none. */
export function nearestScenario(name: string, scenarios: readonly string[]): string | null {
  const words = name.replace(/-v\d+$/, "").replaceAll(/([a-z\d])([A-Z])/g, "$1_$2");
  return closest(words.toLowerCase().replaceAll("-", "_"), scenarios);
}

/** The option of which a name begins with `word`, if only one has such. */
function begun(word: string, names: readonly (readonly [name: string, option: string])[]): string | null {
  const [first, ...others] = new Set(names.filter(([name]) => name.startsWith(`${word}-`)).map(([, option]) => option));
  return first !== undefined && others.length === 0 ? first : null;
}

/** `--nIters`, `--n_iters` and `--N-ITERS` as `n-iters`. */
function plain(name: string): string {
  const bare = name.replace(/^-+/, "").replaceAll("_", "-");
  return bare === bare.toUpperCase() ? bare.toLowerCase() : flagOf(bare).slice(2);
}

/** The option that `name` may mean, in whatever spelling, or as others call it; null if there is none. */
export function nearest(name: string, table: Table): string | null {
  const word = plain(name);
  const names = Object.entries(table).flatMap(([option, { also = [] }]) =>
    [option, ...also].map((x) => [plain(x), option] as const)
  );
  const exact = names.find(([x]) => x === word);
  if (exact) return exact[1];
  const close = closest(word, names.map(([x]) => x));
  return close === null ? begun(word, names) : names.find(([x]) => x === close)![1];
}
