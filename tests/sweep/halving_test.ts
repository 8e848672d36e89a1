/** Halving without waiting, against its algorithm as the paper writes it, and against the example that the paper gives of it. */

import assert from "node:assert/strict";
import { type Candidate, nextPromotions, rungsOf } from "../../lib/train/sweep/halving.ts";
import { HostRandom } from "../../lib/tensor/host_random.ts";

Deno.test("rungs are eta times as far each, and the last is the whole run", () => {
  assert.deepEqual(rungsOf(1, 3, 9), [1, 3, 9]);
  assert.deepEqual(rungsOf(1, 4, 256), [1, 4, 16, 64, 256]);
  assert.deepEqual(rungsOf(2, 3, 20), [2, 6, 18, 20]);
  assert.deepEqual(rungsOf(5, 3, 5), [5]);
});

/** Algorithm 2 of Li et al. (2020), get_job(), word by word, with what it keeps: rungs of results, and what was promoted from them. */
class Paper {
  readonly rungs: Map<number, number>[];
  readonly promoted: Set<number>[];
  #next = 0;

  constructor(readonly configurations: number, readonly eta: number, rungs: number, readonly higher: boolean) {
    this.rungs = Array.from({ length: rungs }, () => new Map());
    this.promoted = Array.from({ length: rungs }, () => new Set());
  }

  job(): [configuration: number, rung: number] | null {
    for (let k = this.rungs.length - 2; k >= 0; k--) {
      const results = [...this.rungs[k]!].sort(([i, a], [j, b]) => (this.higher ? b - a : a - b) || i - j);
      const candidates = results.slice(0, Math.floor(results.length / this.eta)).map(([i]) => i);
      const promotable = candidates.filter((i) => !this.promoted[k]!.has(i));
      if (promotable.length === 0) continue;
      this.promoted[k]!.add(promotable[0]!);
      return [promotable[0]!, k + 1];
    }
    return this.#next < this.configurations ? [this.#next++, 0] : null;
  }
}

Deno.test("what is next is what the paper's algorithm says, whatever the order in which workers come back", () => {
  const random = new HostRandom(3);
  const whole = (most: number): number => Math.floor(random.next() * most);
  for (let round = 0; round < 60; round++) {
    const [settings, eta, rungs, workers] = [1 + whole(30), 2 + whole(3), 1 + whole(4), 1 + whole(5)];
    const better = round % 2 === 0 ? "higher" : "lower";
    const quality = Array.from({ length: settings }, () => Array.from({ length: rungs }, () => whole(8)));
    const paper = new Paper(settings, eta, rungs, better === "higher");
    const candidates = Array.from(
      { length: settings },
      () => ({ values: [] as number[], busy: false, between: false, failed: false }),
    );
    const under: [number, number][] = [];
    for (;;) {
      while (under.length < workers) {
        const [ours] = nextPromotions(candidates, { eta, rungs, better, most: 1 });
        assert.deepEqual(ours ? [ours.setting, ours.rung] : null, paper.job(), `round ${round}`);
        if (!ours) break;
        candidates[ours.setting]!.busy = true;
        under.push([ours.setting, ours.rung]);
      }
      if (under.length === 0) break;
      const [[setting, rung]] = under.splice(whole(under.length), 1) as [[number, number]];
      candidates[setting]!.busy = false;
      candidates[setting]!.values.push(quality[setting]![rung]!);
      paper.rungs[rung]!.set(setting, quality[setting]![rung]!);
    }
    assert.ok(candidates.every(({ values }) => values.length > 0));
  }
});

Deno.test("nine settings with eta 3 go on as in the paper: nine to the first rung, three to the second, one to the last", () => {
  // Bracket 0 of figure 1 with n = 9, r = 1, R = 9: n_i = 9, 3, 1 and r_i = 1, 3, 9. All begin together, and wait for each other.
  const values = [0.3, 0.9, 0.1, 0.8, 0.2, 0.7, 0.4, 0.5, 0.6];
  const candidates: (Candidate & { values: number[] })[] = values.map(() => ({
    values: [],
    ...{ busy: false, between: false, failed: false },
  }));
  const taken: number[][] = [];
  for (;;) {
    const next = nextPromotions(candidates, { eta: 3, rungs: 3, better: "higher", most: 9 });
    if (next.length === 0) break;
    taken.push(next.map(({ setting }) => setting));
    for (const { setting } of next) candidates[setting]!.values.push(values[setting]!);
  }
  assert.deepEqual(taken, [[0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 3, 5], [1]]);
});

Deno.test("what was on its way goes on first, what has failed not at all, and NaN is worse than every number", () => {
  const of = (values: number[], rest: Partial<Candidate> = {}): Candidate => ({
    values,
    ...{ busy: false, between: false, failed: false },
    ...rest,
  });
  const next = (candidates: Candidate[]) =>
    nextPromotions(candidates, { eta: 2, rungs: 3, better: "lower", most: 9 }).map((x) => [x.setting, x.rung]);
  assert.deepEqual(next([of([]), of([3], { between: true }), of([], { between: true })]), [[1, 1], [2, 0], [0, 0]]);
  assert.deepEqual(next([of([NaN]), of([5])]), [[1, 1]]);
  assert.deepEqual(next([of([1], { failed: true }), of([5]), of([], { failed: true })]), []);
  assert.deepEqual(next([of([1], { busy: true }), of([5])]), []);
});
