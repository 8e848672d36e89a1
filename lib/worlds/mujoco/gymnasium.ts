/**
 * The tasks of Gymnasium's MuJoCo worlds, version 5 (Towers et al. 2024, `gymnasium/envs/mujoco/*_v5.py`): a body moves forward,
 * at little cost, and must not fall. What tells one from another is a row of a table.
 */

import type { RandomStream } from "../../graph/random_stream.ts";
import type { MujocoArray, MujocoState } from "./state.ts";
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
  readonly further: readonly { readonly array: MujocoArray; readonly from: number; readonly most: number }[];
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
  const isHealthy = (state: MujocoState): boolean => health?.ranges.every((range) => isWithin(state, range)) ?? true;
  return {
    model,
    frameSkip,
    contactForces: contact !== undefined || row.further.some(({ array }) => array === "cfrcExt"),
    reset: (state, random) => disturb(state, random, row.noise),
    observe: observer(row),
    before: (state) => placeOf(state, row.forward.of),
    reward(state, before) {
      const speed = (placeOf(state, row.forward.of) - before) / (state.timestep * frameSkip);
      const worth = health && isHealthy(state) ? health.worth : 0;
      const cost = row.control * squares(state.ctrl, Infinity) + (contact ? contactCost(state, contact) : 0);
      return row.forward.weight * speed + worth - cost;
    },
    terminated: (state) => !isHealthy(state),
  };
}

function disturb({ qpos, qvel }: MujocoState, random: RandomStream, { size, velocity }: GymnasiumRow["noise"]): void {
  const uniform = (): number => size * (2 * random.next() - 1);
  for (let i = 0; i < qpos.length; i++) qpos[i]! += uniform();
  const normal = velocity === "normal" ? random.normal(qvel.length) : null;
  for (let i = 0; i < qvel.length; i++) qvel[i]! += normal ? size * normal[i]! : uniform();
}

/** What observes the bodies of a row; it gives the same array each time. */
function observer({ unseen, fastest, further }: GymnasiumRow): (state: MujocoState) => Float64Array {
  const parts: GymnasiumRow["further"] = [
    { array: "qpos", from: unseen, most: Infinity },
    { array: "qvel", from: 0, most: fastest },
    ...further,
  ];
  let all = new Float64Array(0);
  return (state) => {
    const size = parts.reduce((sum, { array, from }) => sum + state.array(array).length - from, 0);
    if (all.length !== size) all = new Float64Array(size);
    let at = 0;
    for (const { array, from, most } of parts) {
      const numbers = state.array(array);
      for (let i = from; i < numbers.length; i++) all[at++] = clipped(numbers[i]!, most);
    }
    return all;
  };
}

/** Along x, metres. */
function placeOf(state: MujocoState, of: GymnasiumRow["forward"]["of"]): number {
  if (of === "joint") return state.qpos[0]!;
  return of === "body" ? state.array("xpos")[3]! : state.massCentre()[0];
}

function contactCost(state: MujocoState, { weight, force, most }: NonNullable<GymnasiumRow["contact"]>): number {
  return Math.min(most, weight * squares(state.array("cfrcExt"), force));
}

function isWithin({ nq, qpos, qvel }: MujocoState, { from, to, low, high, closed }: Range): boolean {
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
  return x > most ? most : x < -most ? -most : x;
}
