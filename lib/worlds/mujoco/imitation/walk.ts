/**
 * Motions that are made here: standing, and a walk from the joint angles of normal gait. The body is not the measured one, so that
 * those angles alone would let its feet slide: what is taken from them is where the feet go as the root sees them and how they roll;
 * the feet are held to the ground where they stand on it, and the legs are bent so that they reach them.
 */

import { legSizes, standing } from "../models/humanoid3d.ts";
import { columns, type MotionClip } from "./clip.ts";
import { gait, stance } from "./curves.ts";
import { Figure, turnsOf } from "./figure.ts";
import { multiply } from "./quaternions.ts";
import { boneOf } from "./skeleton.ts";

const { hip, thigh, shank, heel, toe, sole } = legSizes;

/** Seconds of a cycle, two steps: the slow end of what people choose. */
const cycle = 1.3;
/** Metres of a cycle, short enough for legs that end in stiff feet of 18 cm. */
const stride = 1;
/** Frames of a cycle. */
const frames = 60;
/** How far the feet are from the middle line, and the root sways over the one that stands (Saunders, Inman and Eberhart 1953), metres. */
const [apart, sway] = [0.06, 0.022];
/** How much the upper arms swing, the elbows are bent and then swing, radians: arms go against the legs. */
const [swing, bent, bending] = [0.3, 0.35, 0.15];
/** The least height of a sole in the middle of its swing, metres. */
const clearance = 0.015;
/** A leg is never straighter than this share of its length. */
const straightest = 0.999;

/** Standing upright, without moving: two equal frames. */
export function standingClip(): MotionClip {
  const figure = upright(standing);
  return { Loop: "wrap", Frames: [frameOf(figure, 1), frameOf(figure, 1)] };
}

/** A walk along x: one cycle of {@linkcode gait}, which begins when the right heel meets the ground. */
export function walkingClip(): MotionClip {
  const way = wayOf();
  return {
    Loop: "wrap",
    Frames: Array.from({ length: frames + 1 }, (_, i) => frameOf(poseAt(way, i / frames), cycle / frames)),
  };
}

/** In the plane of a leg: forward and upward, metres. */
type Point = readonly [x: number, z: number];

/** Where root and feet go; shares of the cycle are those of the right leg for the root, those of its own leg for a foot. */
interface Way {
  /** The height of the root. */
  height(share: number): number;
  /** The ankle: forward from the root, upward from the ground. */
  ankle(share: number): Point;
}

/** The ankle from the hip, by the angles alone. */
function byAngles(share: number): Point {
  const [up, down] = [gait.thigh(share), gait.thigh(share) - gait.knee(share)];
  return [thigh * Math.sin(up) + shank * Math.sin(down), -thigh * Math.cos(up) - shank * Math.cos(down)];
}

/** The ankle of a foot that stands on the ground, or on heel or toe at the same place; from where the heel is when it stands flat. */
function rolled(pitch: number): Point {
  const corner = pitch > 0 ? heel : toe;
  const [cosine, sine] = [Math.cos(pitch), Math.sin(pitch)];
  return [corner - heel - (corner * cosine - sole * sine), -(corner * sine + sole * cosine)];
}

/** The height of the lowest corner of a foot whose ankle is at 0. */
function lowest(pitch: number): number {
  return Math.min(heel * Math.sin(pitch), toe * Math.sin(pitch)) + sole * Math.cos(pitch);
}

function wayOf(): Way {
  const shares = Array.from({ length: 500 }, (_, i) => i / 500);
  const grounded = shares.filter((share) => share <= stance);
  // Under the root the heel goes back at the speed of the walk; where it meets the ground, it does so on average as by the angles.
  const start = mean(grounded.map((x) => byAngles(x)[0] - rolled(gait.foot(x))[0] + stride * x));
  // Both steps are alike: half a cycle in which each foot once bears the root.
  const half = shares.filter((share) => share >= 0.06 && share < 0.56);
  const wave = waveOf(half, half.map((x) => rolled(gait.foot(x))[1] - byAngles(x)[1]));
  const planted = (share: number): Point => {
    const [x, z] = rolled(gait.foot(share));
    return [start + x - stride * share, z];
  };
  let lowered = 0;
  const height = (share: number): number => wave(share) - lowered;
  const swinging = swingOf(planted);
  const ankle = (share: number): Point => share <= stance ? planted(share) : swinging(share);
  // The legs of the body reach no further than they are long.
  while (shares.some((x) => legOf(ankle(x), height(x), x, 1) === null)) lowered += 1e-3;
  return { height, ankle };
}

/** The way of a foot through the air: it begins and ends, and how fast, as it stands; it is lifted so that no corner meets the ground. */
function swingOf(planted: (share: number) => Point): (share: number) => Point {
  const [step, width] = [1e-4, 1 - stance];
  const [off, on, early, late] = [stance, 0, stance - step, step].map(planted) as [Point, Point, Point, Point];
  const through = (t: number, k: 0 | 1): number =>
    off[k] * (1 + 2 * t) * (1 - t) ** 2 + (off[k] - early[k]) / step * width * t * (1 - t) ** 2 +
    on[k] * t ** 2 * (3 - 2 * t) + (late[k] - on[k]) / step * width * t ** 2 * (t - 1);
  const bump = (t: number): number => Math.sin(Math.PI * t) ** 2;
  const lift = Math.max(...Array.from({ length: 81 }, (_, i) => {
    const t = 0.1 + i / 100;
    return clearance - (through(t, 1) + lowest(gait.foot(stance + t * width))) / bump(t);
  }));
  return (share) => {
    const t = (share - stance) / width;
    return [through(t, 0), through(t, 1) + lift * bump(t)];
  };
}

/** Angles of a leg: outward from the plane of the body, of the thigh forward, of the knee. */
type Leg = readonly [aside: number, thigh: number, knee: number];

/** The leg that reaches an ankle; `side` is 1 for the left. Null if it is too short. */
function legOf([x, z]: Point, height: number, share: number, side: 1 | -1): Leg | null {
  const aside = side * apart - swayOf(share, side) - side * hip;
  const below = z - height;
  const down = Math.hypot(aside, below);
  const length = Math.hypot(x, down);
  if (length > straightest * (thigh + shank)) return null;
  const cosine = (a: number, b: number, c: number): number => Math.acos((a * a + b * b - c * c) / (2 * a * b));
  return [
    Math.atan2(aside, -below),
    Math.atan2(x, down) + cosine(thigh, length, shank),
    Math.PI - cosine(thigh, shank, length),
  ];
}

/** Where the root is aside, to the left, at a share of the cycle of the leg on `side`: over that leg in the middle of its stance. */
function swayOf(share: number, side: 1 | -1): number {
  return side * sway * Math.cos(2 * Math.PI * (share - stance / 2));
}

function poseAt(way: Way, share: number): Figure {
  const figure = upright(way.height(share));
  const { pose } = figure;
  pose[0] = stride * share;
  pose[1] = swayOf(share, -1);
  for (const [name, side, ahead] of [["right", -1, 0], ["left", 1, 0.5]] as const) {
    const own = (share + ahead) % 1;
    const [out, up, bend] = legOf(way.ankle(own), way.height(share), own, side)!;
    const at = (part: string): number => 3 + 4 * boneOf(`${name}_${part}`);
    turnsOf(pose, at("hip"), out, -up, 0);
    turnsOf(pose, at("knee"), 0, bend, 0);
    // The foot has its pitch from the ground, whatever the leg does: what is left to the ankle is the rest.
    const rest = Float64Array.of(0, 0, 0, 0, 0, 0, 0, 0);
    turnsOf(rest, 0, 0, up - bend, 0);
    turnsOf(rest, 4, -out, 0, 0);
    multiply(rest, 0, rest, 0, rest, 4);
    turnsOf(rest, 4, 0, -gait.foot(own), 0);
    multiply(pose, at("ankle"), rest, 0, rest, 4);
    const arm = Math.cos(2 * Math.PI * own);
    turnsOf(pose, at("shoulder"), 0, swing * arm, 0);
    turnsOf(pose, at("elbow"), 0, bending * arm - bent, 0);
  }
  return figure;
}

const mean = (x: readonly number[]): number => x.reduce((sum, v) => sum + v, 0) / x.length;

/** The wave of half a cycle, with its mean, that is nearest to points spread over that half. */
function waveOf(x: readonly number[], y: readonly number[]): (share: number) => number {
  const along = (f: (angle: number) => number): number =>
    x.reduce((sum, v, i) => sum + f(4 * Math.PI * v) * y[i]!, 0) / x.length;
  const [middle, a, b] = [along(() => 1), 2 * along(Math.cos), 2 * along(Math.sin)];
  return (share) => middle + a * Math.cos(4 * Math.PI * share) + b * Math.sin(4 * Math.PI * share);
}

/** Upright, at a height. */
function upright(height: number): Figure {
  const figure = new Figure();
  figure.pose[2] = height;
  for (let at = 3; at < figure.pose.length; at += 4) figure.pose[at] = 1;
  return figure;
}

/** A frame of DeepMimic: its y is z here, its z is -y, about which knees and elbows bend. */
function frameOf({ pose }: Figure, duration: number): number[] {
  return columns.flatMap(({ what, bone, size }) => {
    if (what === "duration") return [duration];
    if (bone === null) return [pose[0]!, pose[2]!, -pose[1]!];
    const [w, x, y, z] = pose.subarray(3 + 4 * boneOf(bone)) as unknown as [number, number, number, number];
    return size === 1 ? [-2 * Math.atan2(y, w)] : [w, x, z, -y];
  });
}
