/**
 * The tasks of Gymnasium's MuJoCo worlds, version 5 (Towers et al. 2024, `gymnasium/envs/mujoco/*_v5.py`): a body moves forward,
 * at little cost, and must not fall. What tells one from another is a row of a table.
 */

import type { RandomStream } from "../../graph/random_stream.ts";
import type { Physics, PhysicsArray } from "./physics.ts";
import type { MujocoTask } from "./task.ts";

/** A row: what is observed, rewarded and healthy. */
export interface GymnasiumRow {
  readonly model: string;
  /** Steps of MuJoCo in a step. */
  readonly frameSkip: number;
  /** So many positions, which say where the body is in the world, are not seen. */
  readonly unseen: number;
  /** Velocities are seen up to this; Infinity: as they are. */
  readonly fastest: number;
  /** What is seen after positions and velocities: arrays of MuJoCo from a place on, clipped to a size. */
  readonly further: readonly { readonly array: PhysicsArray; readonly from: number; readonly most: number }[];
  /** What moves forward: the first joint, the body that the others hang on, or the centre of mass; and what that is worth. */
  readonly forward: { readonly of: "joint" | "body" | "massCentre"; readonly weight: number };
  /** What the squares of what the motors are told cost. */
  readonly control: number;
  /** What the squares of the contact forces cost, each clipped to `force`, all together at most `most`. */
  readonly contact?: { readonly weight: number; readonly force: number; readonly most: number };
  /** What not having fallen is worth; an unhealthy body ends the episode. */
  readonly health?: { readonly worth: number; readonly ranges: readonly Range[] };
  /** Uniform noise of the positions at the start, up to this; velocities: the same, or normal with this deviation. */
  readonly noise: { readonly size: number; readonly velocity: "uniform" | "normal" };
}

/** Where numbers of the state (positions, then velocities) have to be. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly low: number;
  readonly high: number;
  /** Whether the ends themselves are healthy. */
  readonly closed?: true;
}

/** The task of a row. */
export function gymnasiumTask(row: GymnasiumRow): MujocoTask<number> {
  const { model, frameSkip, contact, health } = row;
  const isHealthy = (physics: Physics): boolean => health?.ranges.every((range) => isWithin(physics, range)) ?? true;
  return {
    model,
    frameSkip,
    contactForces: contact !== undefined || row.further.some(({ array }) => array === "cfrcExt"),
    reset: (physics, random) => disturb(physics, random, row.noise),
    observe: (physics) => seen(physics, row),
    before: (physics) => placeOf(physics, row.forward.of),
    reward(physics, before) {
      const speed = (placeOf(physics, row.forward.of) - before) / (physics.timestep * frameSkip);
      const worth = health && isHealthy(physics) ? health.worth : 0;
      const cost = row.control * squares(physics.ctrl, Infinity) + (contact ? contactCost(physics, contact) : 0);
      return row.forward.weight * speed + worth - cost;
    },
    terminated: (physics) => !isHealthy(physics),
  };
}

function disturb({ qpos, qvel }: Physics, random: RandomStream, { size, velocity }: GymnasiumRow["noise"]): void {
  const uniform = (): number => size * (2 * random.next() - 1);
  for (let i = 0; i < qpos.length; i++) qpos[i]! += uniform();
  const normal = velocity === "normal" ? random.normal(qvel.length) : null;
  for (let i = 0; i < qvel.length; i++) qvel[i]! += normal ? size * normal[i]! : uniform();
}

function seen(physics: Physics, { unseen, fastest, further }: GymnasiumRow): Float64Array {
  const { qpos, qvel } = physics;
  const arrays = further.map(({ array, from, most }) => [physics.array(array), from, most] as const);
  const size = arrays.reduce((sum, [array, from]) => sum + array.length - from, qpos.length - unseen + qvel.length);
  const all = new Float64Array(size);
  let at = 0;
  for (const [array, from, most] of [[qpos, unseen, Infinity], [qvel, 0, fastest], ...arrays] as const) {
    for (let i = from; i < array.length; i++) all[at++] = clipped(array[i]!, most);
  }
  return all;
}

/** Along x, metres. */
function placeOf(physics: Physics, of: GymnasiumRow["forward"]["of"]): number {
  if (of === "joint") return physics.qpos[0]!;
  return of === "body" ? physics.array("xpos")[3]! : physics.massCentre()[0];
}

function contactCost(physics: Physics, { weight, force, most }: NonNullable<GymnasiumRow["contact"]>): number {
  return Math.min(most, weight * squares(physics.array("cfrcExt"), force));
}

function isWithin({ nq, qpos, qvel }: Physics, { from, to, low, high, closed }: Range): boolean {
  for (let i = from; i < Math.min(to, nq + qvel.length); i++) {
    const x = i < nq ? qpos[i]! : qvel[i - nq]!;
    if (!(closed ? low <= x && x <= high : low < x && x < high)) return false;
  }
  return true;
}

/** The sum of squares of numbers that are clipped to +- `most`. */
function squares(numbers: Float64Array, most: number): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += clipped(numbers[i]!, most) ** 2;
  return sum;
}

function clipped(x: number, most: number): number {
  return Math.max(-most, Math.min(most, x));
}
