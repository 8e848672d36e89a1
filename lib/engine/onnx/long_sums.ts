/**
 * Sums of many float32 numbers without drift. ONNX Runtime adds a row in one pass, each lane by itself: of ten million numbers
 * the last digits of each are lost, and the mean is 1% off. Here no number goes through more than some dozens of additions in
 * a row: the numbers are cut into short runs, whose sums are summed again.
 */

import { allocate, type Shape } from "../../graph/types.ts";
import type { Builder, Value } from "./builder.ts";

/** Up to so many terms one operation is fastest, and does not drift by more than some millionths. */
export const fewTerms = 1024;

/** Where there are more, sums of sums are taken until so few are left. */
const fewSums = 128;

/** The most runs that one product with a row of ones adds up. */
const mostRuns = 64;

/** The greatest divisor of `n` that is at most `most`. */
function divisorOf(n: number, most: number): number {
  for (let d = most; d > 1; d--) if (n % d === 0) return d;
  return 1;
}

/** Numbers seen as `[outer, n, inner]`, to be summed over the axis between. */
export interface Middle {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

const inThree = (b: Builder, x: Value, { outer, n, inner }: Middle): Value => b.reshape(x, [outer, n, inner]);

/** From `from` up to `to` of the axis between. */
function part(b: Builder, x: Value, [from, to]: readonly [number, number]): Value {
  const name = b.op("Slice", [x.name, b.sizes([from]), b.sizes([to]), b.sizes([1])]);
  return { ...x, name, shape: [x.shape[0]!, to - from, x.shape[2]!] };
}

/**
 * The sum over the axis between, `[outer, 1, inner]`; `short` sums what is not long. In each pass `runs` numbers that lie far
 * apart are added up, by a product with a row of ones, which ONNX Runtime divides among threads.
 */
export function longSum(b: Builder, x: Value, axes: Middle, short: (x: Value) => Value): Value {
  const { outer, n, inner } = axes;
  const whole = inThree(b, x, axes);
  if (n <= fewSums) return short(whole);
  const runs = divisorOf(n, mostRuns);
  if (runs === 1) {
    // No view of it is even: what is left of even runs is summed apart.
    const even = n - n % (n > mostRuns ** 2 ? mostRuns ** 2 : mostRuns);
    const parts = [[0, even], [even, n]] as const;
    const sums = parts.map(([from, to]) =>
      longSum(b, part(b, whole, [from, to]), { outer, n: to - from, inner }, short).name
    );
    return { name: b.op("Add", sums), dtype: x.dtype, shape: [outer, 1, inner] };
  }
  const ones = b.tensor("float32", [1, runs], allocate("float32", runs).fill(1), `ones ${runs}`);
  const left = n / runs;
  const columns = left * inner;
  const rows = b.reshape(whole, outer === 1 ? [runs, columns] : [outer, runs, columns]);
  const name = b.op("MatMul", [ones.name, rows.name]);
  const shape: Shape = outer === 1 ? [1, columns] : [outer, 1, columns];
  return longSum(b, { name, dtype: x.dtype, shape }, { outer, n: left, inner }, short);
}

/** The most terms of a run of running sums. */
const mostRunning = 32;

/** So few running sums are not cut into runs again. */
const fewRunning = 64;

/**
 * Running sums over the axis between: those of short runs, to which the sums of all runs before are added.
 */
export function longCumsum(b: Builder, x: Value, axes: Middle, reverse: boolean): Value {
  const { outer, n, inner } = axes;
  const whole = inThree(b, x, axes);
  if (n <= fewRunning) {
    return { ...whole, name: b.op("CumSum", [whole.name, b.int64(1)], { reverse: Number(reverse) }) };
  }
  const found = divisorOf(n, mostRunning);
  const length = found >= mostRunning / 2 ? found : mostRunning;
  const runs = Math.ceil(n / length);
  const missing = runs * length - n;
  const even = missing === 0 ? whole : {
    ...whole,
    name: b.op("Pad", [whole.name, b.sizes([0, 0, 0, 0, missing, 0])]),
    shape: [outer, runs * length, inner],
  };
  const rows = b.reshape(even, [outer, runs, length, inner]);
  const within = b.op("CumSum", [rows.name, b.int64(2)], { reverse: Number(reverse) });
  const last = reverse ? 0 : length - 1;
  const totals = b.op("Slice", [within, b.sizes([last]), b.sizes([last + 1]), b.sizes([2])]);
  const total: Value = { name: totals, dtype: x.dtype, shape: [outer, runs, 1, inner] };
  const before = b.reshape(exclusive(b, total, { outer, n: runs, inner }, reverse), [outer, runs, 1, inner]);
  const sums = addToRuns(b, { ...rows, name: within }, before);
  const all = b.reshape(sums, [outer, runs * length, inner]);
  return missing === 0 ? all : part(b, all, [0, n]);
}

/** So many numbers in a row are added at once; ONNX Runtime is slow where it has to start anew after fewer. */
const longRow = 64;

/** `x` `[outer, run, place, inner]` plus `y` `[outer, run, 1, inner]`. */
function addToRuns(b: Builder, x: Value, y: Value): Value {
  const [outer, runs, length, inner] = x.shape as [number, number, number, number];
  const times = inner === 1 ? 1 : divisorOf(length, Math.ceil(longRow / inner));
  if (times === 1) return { ...x, name: b.op("Add", [x.name, y.name]) };
  const copies = b.op("Concat", Array<string>(times).fill(y.name), { axis: 3 });
  const wide = b.reshape(x, [outer, runs, length / times, times * inner]);
  return b.reshape({ ...wide, name: b.op("Add", [wide.name, copies]) }, x.shape);
}

/** Running sums without the term at the place itself. */
function exclusive(b: Builder, x: Value, axes: Middle, reverse: boolean): Value {
  const { outer, n, inner } = axes;
  const sums = longCumsum(b, x, axes, reverse);
  const [from, to] = reverse ? [1, n] : [0, n - 1];
  const kept = part(b, sums, [from, to]);
  const pads = reverse ? [0, 0, 0, 0, 1, 0] : [0, 1, 0, 0, 0, 0];
  return { name: b.op("Pad", [kept.name, b.sizes(pads)]), dtype: x.dtype, shape: [outer, n, inner] };
}
