/** The shapes of the tracks: points along a way, metres, closer together than anything turns. */

import { RandomStream } from "../../../graph/random_stream.ts";

/** A point, metres. */
export type Point = readonly [x: number, y: number];

/** A way. */
export interface Curve {
  readonly points: readonly Point[];
  /** Whether the last point is followed by the first. */
  readonly closed: boolean;
}

const fine = 0.1;

/** Points of y(x) from 0 to `length`. */
function along(length: number, y: (x: number) => number): Curve {
  const points = Array.from({ length: Math.round(length / fine) + 1 }, (_, i): Point => [i * fine, y(i * fine)]);
  return { points, closed: false };
}

/** From 0 to 1 with two continuous derivatives. */
function smooth(x: number): number {
  const t = Math.min(1, Math.max(0, x));
  return t ** 3 * (10 - 15 * t + 6 * t * t);
}

/** To the next lane, 3.5 m away, and back, as ISO 3888-1 asks for. */
function laneChange(): Curve {
  return along(200, (x) => 3.5 * (smooth((x - 40) / 30) - smooth((x - 100) / 30)));
}

/** Round pylons that stand 36 m apart. */
function slalom(): Curve {
  return along(
    240,
    (x) => 1.8 * smooth((x - 20) / 36) * smooth((220 - x) / 36) * Math.sin(2 * Math.PI * (x - 20) / 72),
  );
}

/** Straight on, round by half a turn of 12 m radius, and back: the wheel is turned and turned back on 8 m each. */
function hairpin(): Curve {
  const [straight, ramp, curvature] = [60, 8, 1 / 12];
  const arc = Math.PI / curvature - ramp;
  const bend = (s: number): number => curvature * Math.max(0, Math.min(1, s / ramp, (arc + 2 * ramp - s) / ramp));
  const points: Point[] = [];
  let [x, y, heading] = [0, 0, 0];
  const count = Math.round((2 * straight + arc + 2 * ramp) / fine);
  for (let i = 0; i <= count; i++) {
    points.push([x, y]);
    const middle = heading + bend((i + 0.5) * fine - straight) * fine / 2;
    x += fine * Math.cos(middle);
    y += fine * Math.sin(middle);
    heading += bend((i + 0.5) * fine - straight) * fine;
  }
  return { points, closed: false };
}

/** A closed way around the origin, `radius` away but for its waves: a cosine and a sine for each of their numbers, from 2. */
function wavy(radius: number, waves: readonly (readonly [cos: number, sin: number])[]): Curve {
  const points = Array.from(
    { length: Math.round(2 * Math.PI * radius / fine) },
    (_, i, all = 2 * Math.PI * radius): Point => {
      const angle = 2 * Math.PI * i / Math.round(all / fine);
      const reach = waves.reduce((sum, [a, b], k) => {
        return sum + a * Math.cos((k + 2) * angle) + b * Math.sin((k + 2) * angle);
      }, 1);
      return [radius * reach * Math.cos(angle), radius * reach * Math.sin(angle)];
    },
  );
  return { points, closed: true };
}

/** Half a kilometre with bends to both sides. */
function circuit(): Curve {
  return wavy(75, [[0.18, 0.06], [-0.1, 0.12], [0.02, -0.05]]);
}

/** Another one for every seed. */
function randomWay(seed: number): Curve {
  const random = new RandomStream([seed >>> 0, Math.floor(seed / 2 ** 32)]);
  const [draw] = [() => random.normal(1)[0]!];
  const radius = 60 + 20 * random.next();
  return wavy(radius, [2, 3, 4, 5].map((k) => [0.35 * draw() / k ** 1.6, 0.35 * draw() / k ** 1.6]));
}

/** The tracks by name. */
export type TrackName = "lane_change" | "slalom" | "hairpin" | "circuit" | "random";

/** All of them. */
export const trackNames: readonly TrackName[] = ["lane_change", "slalom", "hairpin", "circuit", "random"];

/** The ways by name, each by a seed, of which only `random` makes use. */
export const curves: Readonly<Record<TrackName, (seed: number) => Curve>> = {
  lane_change: laneChange,
  slalom,
  hairpin,
  circuit,
  random: randomWay,
};
