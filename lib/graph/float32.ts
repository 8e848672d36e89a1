/** The numbers that float32 holds. */

/** The largest of them that is less than `x`. */
export function float32Below(x: number): number {
  const near = Float32Array.of(x);
  if (near[0]! < x) return near[0]!;
  if (x === 0) return -(2 ** -149);
  // The bits of a number, read as an integer, count the numbers from 0 on.
  new Int32Array(near.buffer)[0]! += x > 0 ? -1 : 1;
  return near[0]!;
}
