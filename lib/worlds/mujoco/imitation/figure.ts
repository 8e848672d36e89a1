/** One posture of humanoid3d, and how it moves: as MuJoCo has it, as motions have it, and where that puts the bones. */

import { multiply, type Numbers, turn, turnBack } from "./quaternions.ts";
import { bones, ends } from "./skeleton.ts";

const count = bones.length;
const mass = bones.reduce((sum, bone) => sum + bone.mass, 0);

/** Numbers of a pose: where the root is, and a quaternion for each bone, in the bone that it hangs on. */
export const poseSize: number = 3 + 4 * count;
/** Numbers of a velocity: that of the root's place, and an angular one for each bone, in its own frame. */
export const speedSize: number = 3 + 3 * count;

/** A posture. {@linkcode Figure.derive} brings what follows from pose and speed up to date. */
export class Figure {
  /** See {@linkcode poseSize}; metres, in the world. */
  readonly pose: Numbers = new Float64Array(poseSize);
  /** See {@linkcode speedSize}; of a second. */
  readonly speed: Numbers = new Float64Array(speedSize);
  /** [bone, 4]: the orientation of each in the world. */
  readonly turns: Numbers = new Float64Array(4 * count);
  /** [bone, 3]: where each is in the world. */
  readonly places: Numbers = new Float64Array(3 * count);
  /** [3]: the angular velocity of the root in the world. */
  readonly spin: Numbers = new Float64Array(3);
  /** [3]: the centre of mass. */
  readonly massCentre: Numbers = new Float64Array(3);
  /** [3]: its velocity. */
  readonly massSpeed: Numbers = new Float64Array(3);
  /** [end, 3]: hands and feet, from the root, in the frame of its heading; upward from the ground. */
  readonly ends: Numbers = new Float64Array(3 * ends.length);
  /** [2]: cosine and sine of where the root faces. */
  readonly heading: Numbers = Float64Array.of(1, 0);
  readonly #spins: Numbers = new Float64Array(3 * count);
  readonly #drifts: Numbers = new Float64Array(3 * count);
  readonly #arm: Numbers = new Float64Array(3);

  /** Takes the posture of a state of MuJoCo. */
  take(qpos: Numbers, qvel: Numbers): void {
    const { pose, speed } = this;
    for (let i = 0; i < 7; i++) pose[i] = qpos[i]!;
    for (let i = 0; i < 6; i++) speed[i] = qvel[i]!;
    for (let bone = 1; bone < count; bone++) {
      const { hinges, first } = bones[bone]!;
      const [at, rate] = [3 + 4 * bone, 3 + 3 * bone];
      if (hinges === 1) {
        const half = qpos[first]! / 2;
        pose[at] = Math.cos(half);
        pose[at + 1] =
          pose[at + 3] =
          speed[rate] =
          speed[rate + 2] =
            0;
        pose[at + 2] = -Math.sin(half);
        speed[rate + 1] = -qvel[first - 1]!;
      } else {
        turnsOf(pose, at, qpos[first]!, qpos[first + 1]!, qpos[first + 2]!);
        const [b, c] = [qpos[first + 1]!, qpos[first + 2]!];
        const [sb, cb, sc, cc] = [Math.sin(b), Math.cos(b), Math.sin(c), Math.cos(c)];
        const [da, db, dc] = [qvel[first - 1]!, qvel[first]!, qvel[first + 1]!];
        speed[rate] = cb * cc * da + sc * db;
        speed[rate + 1] = -cb * sc * da + cc * db;
        speed[rate + 2] = sb * da + dc;
      }
    }
  }

  /** The opposite: puts the posture into a state of MuJoCo. Where hinges lock (the second at a right angle) the third is at 0. */
  give(qpos: Numbers, qvel: Numbers): void {
    const { pose, speed } = this;
    for (let i = 0; i < 7; i++) qpos[i] = pose[i]!;
    for (let i = 0; i < 6; i++) qvel[i] = speed[i]!;
    for (let bone = 1; bone < count; bone++) {
      const { hinges, first } = bones[bone]!;
      const [at, rate] = [3 + 4 * bone, 3 + 3 * bone];
      const [w, x, y, z] = [pose[at]!, pose[at + 1]!, pose[at + 2]!, pose[at + 3]!];
      if (hinges === 1) {
        qpos[first] = -2 * Math.atan2(Math.sign(w || 1) * y, Math.abs(w));
        qvel[first - 1] = -speed[rate + 1]!;
        continue;
      }
      const sine = 2 * (w * y + x * z);
      const b = Math.asin(Math.max(-1, Math.min(1, sine)));
      const isLocked = Math.abs(sine) > 1 - 1e-12;
      const c = isLocked ? 0 : Math.atan2(2 * (w * z - x * y), w * w + x * x - y * y - z * z);
      qpos[first] = isLocked ? 2 * Math.atan2(x, w) : Math.atan2(2 * (w * x - y * z), w * w - x * x - y * y + z * z);
      qpos[first + 1] = b;
      qpos[first + 2] = c;
      const [sc, cc, cb] = [Math.sin(c), Math.cos(c), Math.cos(b)];
      const [wx, wy, wz] = [speed[rate]!, speed[rate + 1]!, speed[rate + 2]!];
      const da = cb < 1e-3 ? 0 : (cc * wx - sc * wy) / cb;
      qvel[first - 1] = da;
      qvel[first] = sc * wx + cc * wy;
      qvel[first + 1] = wz - Math.sin(b) * da;
    }
  }

  /** Computes everything else from pose and speed. */
  derive(): void {
    this.#move();
    this.#weigh();
    this.#face();
  }

  /** The bones in the world, from the root outward. */
  #move(): void {
    const { pose, speed, turns, places } = this;
    const [spins, drifts, arm] = [this.#spins, this.#drifts, this.#arm];
    for (let k = 0; k < 4; k++) turns[k] = pose[3 + k]!;
    for (let k = 0; k < 3; k++) {
      places[k] = pose[k]!;
      drifts[k] = speed[k]!;
    }
    turn(spins, 0, turns, 0, speed[3]!, speed[4]!, speed[5]!);
    for (let k = 0; k < 3; k++) this.spin[k] = spins[k]!;
    for (let bone = 1; bone < count; bone++) {
      const { parent, at } = bones[bone]!;
      const [from, own] = [3 * parent, 3 * bone];
      multiply(turns, 4 * bone, turns, 4 * parent, pose, 3 + 4 * bone);
      turn(arm, 0, turns, 4 * parent, at[0], at[1], at[2]);
      for (let k = 0; k < 3; k++) places[own + k] = places[from + k]! + arm[k]!;
      carry(drifts, own, drifts, from, spins, from, arm);
      turn(spins, own, turns, 4 * bone, speed[3 + own]!, speed[4 + own]!, speed[5 + own]!);
      for (let k = 0; k < 3; k++) spins[own + k]! += spins[from + k]!;
    }
  }

  #weigh(): void {
    const { turns, places, massCentre, massSpeed } = this;
    const arm = this.#arm;
    massCentre.fill(0);
    massSpeed.fill(0);
    for (let bone = 0; bone < count; bone++) {
      const { mass: own, centre } = bones[bone]!;
      const [share, at] = [own / mass, 3 * bone];
      turn(arm, 0, turns, 4 * bone, centre[0], centre[1], centre[2]);
      for (let k = 0; k < 3; k++) massCentre[k]! += share * (places[at + k]! + arm[k]!);
      carry(arm, 0, this.#drifts, at, this.#spins, at, arm);
      for (let k = 0; k < 3; k++) massSpeed[k]! += share * arm[k]!;
    }
  }

  #face(): void {
    const { turns, places, heading } = this;
    const arm = this.#arm;
    turn(arm, 0, turns, 0, 1, 0, 0);
    const length = Math.sqrt(arm[0]! ** 2 + arm[1]! ** 2);
    // Who looks straight up or down faces nowhere.
    heading[0] = length > 1e-9 ? arm[0]! / length : 1;
    heading[1] = length > 1e-9 ? arm[1]! / length : 0;
    const [cosine, sine] = [heading[0], heading[1]];
    for (let end = 0; end < ends.length; end++) {
      const { bone, at } = ends[end]!;
      turn(arm, 0, turns, 4 * bone, at[0], at[1], at[2]);
      const x = places[3 * bone]! + arm[0]! - places[0]!;
      const y = places[3 * bone + 1]! + arm[1]! - places[1]!;
      this.ends[3 * end] = cosine * x + sine * y;
      this.ends[3 * end + 1] = cosine * y - sine * x;
      this.ends[3 * end + 2] = places[3 * bone + 2]! + arm[2]!;
    }
  }

  /** `into[at..]` becomes the vector (x, y, z) as the root sees it. */
  fromRoot(into: Numbers, at: number, x: number, y: number, z: number): void {
    turnBack(into, at, this.pose, 3, x, y, z);
  }
}

/** `into[at..]` becomes the velocity of what is carried at the end of `arm`: v + w x arm. `into` may be `arm`. */
function carry(into: Numbers, at: number, v: Numbers, i: number, w: Numbers, j: number, arm: Numbers): void {
  const [x, y, z] = [arm[0]!, arm[1]!, arm[2]!];
  const [wx, wy, wz] = [w[j]!, w[j + 1]!, w[j + 2]!];
  into[at] = v[i]! + wy * z - wz * y;
  into[at + 1] = v[i + 1]! + wz * x - wx * z;
  into[at + 2] = v[i + 2]! + wx * y - wy * x;
}

/** `into[at..]` becomes the turn about x by `a`, of which that about y by `b` is part, of which that about z by `c` is. */
export function turnsOf(into: Numbers, at: number, a: number, b: number, c: number): void {
  const [sa, ca] = [Math.sin(a / 2), Math.cos(a / 2)];
  const [sb, cb] = [Math.sin(b / 2), Math.cos(b / 2)];
  const [sc, cc] = [Math.sin(c / 2), Math.cos(c / 2)];
  into[at] = ca * cb * cc - sa * sb * sc;
  into[at + 1] = sa * cb * cc + ca * sb * sc;
  into[at + 2] = ca * sb * cc - sa * cb * sc;
  into[at + 3] = ca * cb * sc + sa * sb * cc;
}
