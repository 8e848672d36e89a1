/**
 * Successive halving without waiting (ASHA): all settings are begun with few iterations, and of those that have come to a rung the
 * best 1/eta go on to the next. Li, Jamieson, Rostamizadeh, Gonina, Hardt, Recht, Talwalkar (2020), "A system for massively parallel
 * hyperparameter tuning", algorithm 2.
 */

/** How a setting stands. */
export interface Candidate {
  /** What it came to at each rung that all its runs have reached, in their order: a mean over seeds. */
  readonly values: readonly number[];
  /** Whether one of its runs is under way. */
  readonly busy: boolean;
  /** Whether it has left its last rung, and has not come to the next. */
  readonly between: boolean;
  /** Whether it cannot go on: a run of it has failed. */
  readonly failed: boolean;
}

/** The iterations of the rungs: `first`, and eta times as many each, up to those of a whole run. */
export function rungsOf(first: number, eta: number, whole: number): number[] {
  const rungs: number[] = [];
  for (let rung = first; rung < whole; rung *= eta) rungs.push(rung);
  return [...rungs, whole];
}

/** A setting by its number, and the rung that it is to come to. */
export interface Promotion {
  readonly setting: number;
  readonly rung: number;
}

/** The better first; what is not finite is worst. Of equals the earlier. */
function ranked(entries: readonly (readonly [setting: number, value: number])[], better: "higher" | "lower"): number[] {
  const worth = (value: number): number => Number.isFinite(value) ? better === "higher" ? value : -value : -Infinity;
  const order = (a: number, b: number): number => a > b ? -1 : a < b ? 1 : 0;
  return entries.toSorted(([i, a], [j, b]) => order(worth(a), worth(b)) || i - j).map(([setting]) => setting);
}

/** What is to go on next, `most` settings at most, those that are furthest first; none if all wait for others, or are done. */
export function nextPromotions(
  candidates: readonly Candidate[],
  { eta, rungs, better, most }: {
    readonly eta: number;
    readonly rungs: number;
    readonly better: "higher" | "lower";
    readonly most: number;
  },
): Promotion[] {
  const free = (setting: number): boolean => !candidates[setting]!.busy && !candidates[setting]!.failed;
  const all = candidates.map((_, setting) => setting);
  // What was on its way when the sweep was stopped was promoted already.
  const begun = all.filter((x) => free(x) && candidates[x]!.between).map((setting) => ({
    setting,
    rung: candidates[setting]!.values.length,
  })).sort((a, b) => b.rung - a.rung);
  const promoted: Promotion[] = [];
  for (let rung = rungs - 2; rung >= 0; rung--) {
    const there = all.flatMap((x) =>
      candidates[x]!.values.length > rung ? [[x, candidates[x]!.values[rung]!] as const] : []
    );
    const best = ranked(there, better).slice(0, Math.floor(there.length / eta));
    const waiting = best.filter((x) => free(x) && candidates[x]!.values.length === rung + 1 && !candidates[x]!.between);
    promoted.push(...waiting.map((setting) => ({ setting, rung: rung + 1 })));
  }
  const fresh = all.filter((x) => free(x) && candidates[x]!.values.length === 0 && !candidates[x]!.between);
  return [...begun, ...promoted, ...fresh.map((setting) => ({ setting, rung: 0 }))].slice(0, most);
}
