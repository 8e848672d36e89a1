/** A track: a way in even steps, with its directions, bends and the speed at which it is driven. */

import { signature } from "../../../graph/arguments.ts";
import * as kind from "../../kinds.ts";
import { type Curve, curves, type Point, type TrackName, trackNames } from "./curves.ts";

/** Options of {@linkcode Track}. */
export interface TrackOptions {
  /** Whether the last point is followed by the first. Not by default; ways with a name know it. */
  readonly closed?: boolean;
  /** Metres from one point to the next: 1 unless told otherwise. Closed tracks divide their length evenly. */
  readonly spacing?: number;
  /** The largest speed, m/s: 15 unless told otherwise. */
  readonly maxSpeed?: number;
  /** What bends may ask of the tyres across, m/s^2: 4 unless told otherwise. */
  readonly acrossAcceleration?: number;
  /** What speeding up and braking may ask of them: 3 unless told otherwise. Both at once stay within the ellipse. */
  readonly alongAcceleration?: number;
}

const defaults: Required<TrackOptions> = {
  ...{ closed: false, spacing: 1, maxSpeed: 15, acrossAcceleration: 4, alongAcceleration: 3 },
};

/** No car turns within a smaller radius, metres. */
const leastRadius = 2;

const takesTrack = signature("new Track()", {
  points: kind.listOf(kind.anything, "a list of points [x, y]"),
  options: kind.worldOptions,
});

/**
 * A way for cars, from points [x, y] in metres that it goes through in straight lines. It may be crossed by itself, but it must not
 * turn within less than two metres.
 *
 * @example
 * ```ts
 * import { Track } from "@plumbline/plumbline";
 *
 * const bend = new Track(Array.from({ length: 50 }, (_, i) => [20 * Math.sin(i / 30), 20 - 20 * Math.cos(i / 30)]));
 * console.log(bend.length.toFixed(1), bend.curvature[10]!.toFixed(3), bend.speed[10]!.toFixed(2)); // 32.7 0.050 8.94
 * ```
 */
export class Track {
  /** Metres. */
  readonly x: Float64Array;
  /** Metres. */
  readonly y: Float64Array;
  /** The direction of the way at each point, radians from the x axis, without jumps. */
  readonly heading: Float64Array;
  /** How it turns, 1/m, counter-clockwise. */
  readonly curvature: Float64Array;
  /** The speed at which a careful driver passes, m/s. */
  readonly speed: Float64Array;
  /** Metres; of a closed track all the way round. */
  readonly length: number;
  /** Metres from one point to the next. */
  readonly spacing: number;
  /** Whether the last point is followed by the first. */
  readonly closed: boolean;

  /**
   * Lays it out.
   *
   * @throws RangeError with a sentence if points are too few or no numbers, if the way has a kink, or an option is out of its range.
   */
  constructor(points: readonly (readonly [number, number])[] | readonly number[][], options: TrackOptions = {}) {
    takesTrack(arguments);
    const { closed, spacing, ...pace } = checked(options);
    checkPoints(points);
    const { x, y, step } = resampled({ points: points as readonly Point[], closed }, spacing);
    const count = x.length;
    [this.x, this.y, this.closed, this.spacing] = [x, y, closed, step];
    this.length = step * (closed ? count : count - 1);
    this.heading = headingsOf(x, y, closed);
    this.curvature = curvatureOf(this.heading, step, closed);
    checkKinks(this);
    this.speed = speedsOf(this, pace);
  }

  /**
   * A track by its name: `lane_change` (ISO 3888-1), `slalom`, `hairpin`, which are open; `circuit`, `random`, which are closed.
   * `seed`, an integer in [0, 2^32), makes another `random` one.
   */
  static named(name: TrackName, seed = 0, options: Omit<TrackOptions, "closed"> = {}): Track {
    takesName(arguments);
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new RangeError(`the seed of a track is an integer in [0, 2^32), not ${kind.shown(seed)}.`);
    }
    const { points, closed } = curves[name](seed);
    return new Track(points, { ...options, closed });
  }
}

const takesName = signature("Track.named()", {
  name: kind.oneOf(...trackNames),
  seed: kind.optional(kind.number),
  options: kind.worldOptions,
});

function checked(options: TrackOptions): Required<TrackOptions> {
  for (const [name, x] of Object.entries(options)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new RangeError(`a track has no option \`${name}\`; it has ${Object.keys(defaults).join(", ")}.`);
    }
    const fits = name === "closed" ? typeof x === "boolean" : typeof x === "number" && x > 0 && x < Infinity;
    if (!fits && x !== undefined) {
      const what = name === "closed" ? "true or false" : "a number above 0";
      throw new RangeError(`${name} of a track is ${what}, not ${kind.shown(x)}.`);
    }
  }
  return { ...defaults, ...Object.fromEntries(Object.entries(options).filter(([, x]) => x !== undefined)) };
}

function checkPoints(points: readonly unknown[]): asserts points is readonly Point[] {
  if (points.length < 3) throw new RangeError(`a track needs at least three points, not ${points.length}.`);
  const bad = points.findIndex((p) =>
    !Array.isArray(p) || p.length !== 2 || !p.every((x) => typeof x === "number" && Number.isFinite(x))
  );
  if (bad >= 0) {
    throw new RangeError(
      `point ${bad} of a track is [x, y], two finite numbers in metres, not ${kind.shown(points[bad])}.`,
    );
  }
}

/** Points in even steps along the lines between those given. */
function resampled({ points, closed }: Curve, spacing: number): { x: Float64Array; y: Float64Array; step: number } {
  const all = closed ? [...points, points[0]!] : points;
  const at = [0];
  for (let i = 1; i < all.length; i++) {
    at.push(at[i - 1]! + Math.hypot(all[i]![0] - all[i - 1]![0], all[i]![1] - all[i - 1]![1]));
  }
  const length = at.at(-1)!;
  const pieces = Math.round(length / spacing);
  if (pieces < 4) {
    throw new RangeError(
      `a track of ${length.toFixed(2)} m is too short for points every ${spacing} m: give at least four of them.`,
    );
  }
  const step = length / pieces;
  const count = closed ? pieces : pieces + 1;
  const [x, y] = [new Float64Array(count), new Float64Array(count)];
  let piece = 1;
  for (let i = 0; i < count; i++) {
    while (piece < all.length - 1 && at[piece]! < i * step) piece++;
    const share = (i * step - at[piece - 1]!) / (at[piece]! - at[piece - 1]! || 1);
    x[i] = all[piece - 1]![0] + share * (all[piece]![0] - all[piece - 1]![0]);
    y[i] = all[piece - 1]![1] + share * (all[piece]![1] - all[piece - 1]![1]);
  }
  return { x, y, step };
}

/** An angle in [-pi, pi). */
function wrapped(angle: number): number {
  return angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI));
}

/** The direction from the point before to the one after, without jumps of a turn. */
function headingsOf(x: Float64Array, y: Float64Array, closed: boolean): Float64Array {
  const count = x.length;
  const at = (i: number): number => closed ? (i + count) % count : Math.min(count - 1, Math.max(0, i));
  const heading = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const [from, to] = [at(i - 1), at(i + 1)];
    const angle = Math.atan2(y[to]! - y[from]!, x[to]! - x[from]!);
    heading[i] = i === 0 ? angle : heading[i - 1]! + wrapped(angle - heading[i - 1]!);
  }
  return heading;
}

function curvatureOf(heading: Float64Array, step: number, closed: boolean): Float64Array {
  const count = heading.length;
  return heading.map((_, i) => {
    const [from, to] = closed
      ? [(i + count - 1) % count, (i + 1) % count]
      : [Math.max(0, i - 1), Math.min(count - 1, i + 1)];
    const steps = closed ? 2 : to - from;
    return wrapped(heading[to]! - heading[from]!) / (steps * step);
  });
}

function checkKinks({ x, y, curvature, spacing }: Track): void {
  const kink = curvature.findIndex((k) => Math.abs(k) > 1 / leastRadius);
  if (kink < 0) return;
  const radius = 1 / Math.abs(curvature[kink]!);
  throw new RangeError(
    `a track has a kink after ${(kink * spacing).toFixed(1)} m, at [${x[kink]!.toFixed(2)}, ${
      y[kink]!.toFixed(2)
    }]: it turns ` +
      `within ${
        radius.toFixed(2)
      } m, and no car within ${leastRadius}. Round it off with more points, or check that no point is out ` +
      "of order.",
  );
}

/** The fastest speeds within the ellipse of what tyres are asked for: forwards what is reached, backwards what can be braked. */
function speedsOf(
  { curvature, spacing, closed }: Track,
  { maxSpeed, acrossAcceleration, alongAcceleration }: Pick<
    Required<TrackOptions>,
    "maxSpeed" | "acrossAcceleration" | "alongAcceleration"
  >,
): Float64Array {
  const count = curvature.length;
  const speed = curvature.map((k) => Math.min(maxSpeed, Math.sqrt(acrossAcceleration / Math.max(Math.abs(k), 1e-9))));
  const pass = (order: (i: number) => number, rounds: number): void => {
    for (let i = 1; i < count * rounds; i++) {
      const [from, to] = [order((i - 1) % count), order(i % count)];
      const across = speed[from]! ** 2 * Math.abs(curvature[from]!) / acrossAcceleration;
      const along = alongAcceleration * Math.sqrt(Math.max(0, 1 - across ** 2));
      speed[to] = Math.min(speed[to]!, Math.sqrt(speed[from]! ** 2 + 2 * along * spacing));
    }
  };
  pass((i) => i, closed ? 2 : 1);
  pass((i) => count - 1 - i, closed ? 2 : 1);
  return speed;
}
