/** A motion as it is imitated: a figure for any moment of it. */

import { checkClip, columns } from "./clip.ts";
import { type Figure, poseSize, speedSize } from "./figure.ts";
import { between, normalise, type Numbers, turnFrom } from "./quaternions.ts";
import { boneOf, bones } from "./skeleton.ts";

/** No body moves so fast, in m/s and radians a second, and no motion lasts so long, in seconds: files say so by mistake. */
const fastest = 1e4;
const longest = 1e6;

/** A motion, read from DeepMimic's format: z is upward here, as in MuJoCo. */
export class Motion {
  /** Seconds until it is over, or begins again. */
  readonly duration: number;
  readonly loops: boolean;
  /** When each frame begins, seconds. */
  readonly #times: Numbers;
  /** Of each frame, see {@linkcode Figure.pose} and {@linkcode Figure.speed}. */
  readonly #poses: readonly Numbers[];
  readonly #speeds: readonly Numbers[];
  /** By how much the root is further after a cycle, along the ground. */
  readonly #stride: readonly [x: number, y: number];

  /** @throws RangeError with a sentence that begins with `name` if it is none. */
  constructor(name: string, clip: unknown) {
    checkClip(name, clip);
    const { Loop, Frames } = clip;
    this.loops = Loop === "wrap";
    let begin = 0;
    this.#times = Float64Array.from(Frames, ([duration]) => {
      const time = begin;
      begin += duration!;
      return time;
    });
    this.duration = this.#times.at(-1)!;
    this.#poses = Frames.map(poseOf);
    const [first, last] = [this.#poses[0]!, this.#poses.at(-1)!];
    this.#stride = this.loops ? [last[0]! - first[0]!, last[1]! - first[1]!] : [0, 0];
    this.#speeds = this.#poses.map((_, frame) => this.#speedOf(frame));
    this.#refuseImpossible(name);
  }

  /** Throws where numbers, each of which is one, come to times or speeds that are none. */
  #refuseImpossible(name: string): void {
    if (this.duration > longest) {
      const most = longest.toLocaleString("en-US");
      throw new RangeError(`${name}: the frames last ${this.duration} seconds together, and a motion ${most} at most.`);
    }
    const frame = this.#speeds.findIndex((speed) => speed.some((x) => !(Math.abs(x) <= fastest)));
    if (frame < 0) return;
    const most = fastest.toLocaleString("en-US");
    throw new RangeError(
      `${name}: frame ${
        frame + 1
      } of ${this.#speeds.length} moves at more than ${most} m/s, or turns at as many radians a ` +
        "second: durations are in seconds, positions in metres.",
    );
  }

  /** How far it is at a time, in seconds since its beginning: 0 to 1, in each cycle; 1 when it is over. */
  phase(time: number): number {
    const cycles = time / this.duration;
    return this.loops ? cycles - Math.floor(cycles) : Math.min(1, Math.max(0, cycles));
  }

  /** Whether it is over. */
  isOver(time: number): boolean {
    return !this.loops && time >= this.duration;
  }

  /** Puts the pose and the speed of a moment into `figure`, and derives what follows from them. */
  show(time: number, figure: Figure): void {
    const cycle = this.loops ? Math.floor(time / this.duration) : 0;
    const within = Math.min(this.duration, Math.max(0, time - cycle * this.duration));
    const frame = this.#frameAt(within);
    const [from, to] = [this.#times[frame]!, this.#times[frame + 1]!];
    const share = (within - from) / (to - from);
    const { pose, speed } = figure;
    const [a, b] = [this.#poses[frame]!, this.#poses[frame + 1]!];
    for (let k = 0; k < 3; k++) pose[k] = a[k]! + share * (b[k]! - a[k]!);
    pose[0]! += cycle * this.#stride[0];
    pose[1]! += cycle * this.#stride[1];
    for (let at = 3; at < poseSize; at += 4) between(pose, at, a, at, b, at, share);
    const [before, after] = [this.#speeds[frame]!, this.#speeds[frame + 1]!];
    for (let k = 0; k < speedSize; k++) speed[k] = before[k]! + share * (after[k]! - before[k]!);
    figure.derive();
  }

  /** The frame, not the last, that a moment is in. */
  #frameAt(time: number): number {
    let [low, high] = [0, this.#times.length - 2];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#times[middle]! <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The speed in a frame: from the one before it to the one after it, in a loop also across its seam. */
  #speedOf(frame: number): Numbers {
    const last = this.#times.length - 1;
    const atSeam = this.loops && (frame === 0 || frame === last);
    const [before, after] = atSeam ? [last - 1, 1] : [Math.max(0, frame - 1), Math.min(last, frame + 1)];
    const [a, b] = [this.#poses[before]!, this.#poses[after]!];
    const seconds = this.#times[after]! - this.#times[before]! + (atSeam ? this.duration : 0);
    const speed = new Float64Array(speedSize);
    for (let k = 0; k < 3; k++) speed[k] = (b[k]! - a[k]! + (atSeam && k < 2 ? this.#stride[k]! : 0)) / seconds;
    for (let bone = 0; bone < bones.length; bone++) {
      const at = 3 + 4 * bone;
      turnFrom(speed, 3 + 3 * bone, a, at, b, at, 1 / seconds);
    }
    return speed;
  }
}

/** A frame as a pose: DeepMimic's y is z here, its z is -y. */
function poseOf(frame: readonly number[]): Numbers {
  const pose = new Float64Array(poseSize);
  pose.set([frame[1]!, -frame[3]!, frame[2]!]);
  let column = 0;
  for (const { bone, size } of columns) {
    const own = frame.slice(column, column += size);
    if (bone === null) continue;
    const at = 3 + 4 * boneOf(bone);
    const half = own[0]! / 2;
    // A knee turns about DeepMimic's z.
    pose.set(size === 1 ? [Math.cos(half), 0, -Math.sin(half), 0] : [own[0]!, own[1]!, -own[3]!, own[2]!], at);
    normalise(pose, at);
  }
  return pose;
}
