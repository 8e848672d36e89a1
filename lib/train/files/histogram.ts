/** Histograms as TensorBoard has them: buckets that grow by a tenth from one to the next, on either side of 0. */

/** How numbers are distributed. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** The upper end of each bucket, ascending; it begins where the bucket before it ends. */
  readonly limits: readonly number[];
  /** The numbers in each bucket. */
  readonly counts: readonly number[];
}

/** The upper ends of TensorFlow's buckets (tensorflow/core/lib/histogram/histogram.cc). */
const limits = (() => {
  const positive: number[] = [];
  for (let limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push(limit);
  positive.push(Number.MAX_VALUE);
  return Float64Array.of(...positive.map((x) => -x).reverse(), 0, ...positive);
})();

/** The first bucket whose upper end is above `x`. */
function bucketOf(x: number): number {
  let [low, high] = [0, limits.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (limits[middle]! > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The histogram of the finite ones among `values`, without the empty buckets at either end. */
export function histogramOf(values: ArrayLike<number>): Histogram {
  const counts = new Uint32Array(limits.length);
  let [min, max, count, sum, sumOfSquares] = [Infinity, -Infinity, 0, 0, 0];
  let [first, last] = [limits.length, -1];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (!Number.isFinite(x)) continue;
    const bucket = bucketOf(x);
    counts[bucket]!++;
    if (bucket < first) first = bucket;
    if (bucket > last) last = bucket;
    if (x < min) min = x;
    if (x > max) max = x;
    count++;
    sum += x;
    sumOfSquares += x * x;
  }
  if (count === 0) return { min: 0, max: 0, count, sum, sumOfSquares, limits: [], counts: [] };
  return {
    ...{ min, max, count, sum, sumOfSquares },
    limits: [...limits.subarray(first, last + 1)],
    counts: [...counts.subarray(first, last + 1)],
  };
}
