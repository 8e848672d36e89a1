/** Quaternions (w, x, y, z) and vectors that lie in arrays of numbers, one after the other: nothing is allocated. */

/** Numbers that are written into. */
export type Numbers = Float64Array;

/** `into[at..]` becomes the product of `a[i..]` and `b[j..]`: the turn of `b`, then that of `a`. It may be one of them. */
export function multiply(into: Numbers, at: number, a: Numbers, i: number, b: Numbers, j: number): void {
  const [aw, ax, ay, az] = [a[i]!, a[i + 1]!, a[i + 2]!, a[i + 3]!];
  const [bw, bx, by, bz] = [b[j]!, b[j + 1]!, b[j + 2]!, b[j + 3]!];
  into[at] = aw * bw - ax * bx - ay * by - az * bz;
  into[at + 1] = aw * bx + ax * bw + ay * bz - az * by;
  into[at + 2] = aw * by - ax * bz + ay * bw + az * bx;
  into[at + 3] = aw * bz + ax * by - ay * bx + az * bw;
}

/** `into[at..]` becomes the vector (x, y, z) turned by `q[i..]`. */
export function turn(into: Numbers, at: number, q: Numbers, i: number, x: number, y: number, z: number): void {
  const [w, qx, qy, qz] = [q[i]!, q[i + 1]!, q[i + 2]!, q[i + 3]!];
  // v + 2 w (q x v) + 2 q x (q x v)
  const [tx, ty, tz] = [2 * (qy * z - qz * y), 2 * (qz * x - qx * z), 2 * (qx * y - qy * x)];
  into[at] = x + w * tx + qy * tz - qz * ty;
  into[at + 1] = y + w * ty + qz * tx - qx * tz;
  into[at + 2] = z + w * tz + qx * ty - qy * tx;
}

/** `into[at..]` becomes the vector (x, y, z) turned back by `q[i..]`. */
export function turnBack(into: Numbers, at: number, q: Numbers, i: number, x: number, y: number, z: number): void {
  const [w, qx, qy, qz] = [q[i]!, -q[i + 1]!, -q[i + 2]!, -q[i + 3]!];
  const [tx, ty, tz] = [2 * (qy * z - qz * y), 2 * (qz * x - qx * z), 2 * (qx * y - qy * x)];
  into[at] = x + w * tx + qy * tz - qz * ty;
  into[at + 1] = y + w * ty + qz * tx - qx * tz;
  into[at + 2] = z + w * tz + qx * ty - qy * tx;
}

/** The turn from `a[i..]` to `b[j..]`, as seen in the frame of `a`: a quaternion. */
function quotient(a: Numbers, i: number, b: Numbers, j: number): { w: number; x: number; y: number; z: number } {
  const [aw, ax, ay, az] = [a[i]!, a[i + 1]!, a[i + 2]!, a[i + 3]!];
  const [bw, bx, by, bz] = [b[j]!, b[j + 1]!, b[j + 2]!, b[j + 3]!];
  return {
    w: aw * bw + ax * bx + ay * by + az * bz,
    x: aw * bx - ax * bw - ay * bz + az * by,
    y: aw * by + ax * bz - ay * bw - az * bx,
    z: aw * bz - ax * by + ay * bx - az * bw,
  };
}

/** The angle between two orientations, from 0 to pi. */
export function angleBetween(a: Numbers, i: number, b: Numbers, j: number): number {
  const { w, x, y, z } = quotient(a, i, b, j);
  return 2 * Math.atan2(Math.sqrt(x * x + y * y + z * z), Math.abs(w));
}

/**
 * `into[at..]` becomes the turn from `a[i..]` to `b[j..]`, as seen in the frame of `a`: an axis times the angle, by the shorter
 * way, times `scale`.
 */
export function turnFrom(
  into: Numbers,
  at: number,
  a: Numbers,
  i: number,
  b: Numbers,
  j: number,
  scale: number,
): void {
  const { w, x, y, z } = quotient(a, i, b, j);
  const sine = Math.hypot(x, y, z);
  const factor = sine === 0 ? 0 : Math.sign(w || 1) * 2 * Math.atan2(sine, Math.abs(w)) / sine * scale;
  into[at] = x * factor;
  into[at + 1] = y * factor;
  into[at + 2] = z * factor;
}

/** `into[at..]` becomes the orientation that is the share `t` of the shorter way from `a[i..]` to `b[j..]` (Shoemake 1985). */
export function between(into: Numbers, at: number, a: Numbers, i: number, b: Numbers, j: number, t: number): void {
  let cosine = 0;
  for (let k = 0; k < 4; k++) cosine += a[i + k]! * b[j + k]!;
  const sign = cosine < 0 ? -1 : 1;
  cosine *= sign;
  const angle = Math.acos(Math.min(1, cosine));
  const sine = Math.sin(angle);
  // Where they are close the arc is straight.
  const [from, to] = sine < 1e-6 ? [1 - t, t] : [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
  for (let k = 0; k < 4; k++) into[at + k] = from * a[i + k]! + sign * to * b[j + k]!;
  normalise(into, at);
}

/** Makes the quaternion at `at` one of length 1. */
export function normalise(q: Numbers, at: number): void {
  // In this loop Math.hypot() would take most of the time.
  const length = Math.sqrt(q[at]! ** 2 + q[at + 1]! ** 2 + q[at + 2]! ** 2 + q[at + 3]! ** 2);
  for (let k = 0; k < 4; k++) q[at + k]! /= length;
}
