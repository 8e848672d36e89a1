/** The bodies of Gymnasium's MuJoCo worlds, version 5: a row each. */

import type { GymnasiumRow, Range } from "./gymnasium.ts";
import { ant } from "./models/ant.ts";
import { halfCheetah } from "./models/half_cheetah.ts";
import { hopper } from "./models/hopper.ts";
import { humanoid } from "./models/humanoid.ts";
import { walker2d } from "./models/walker2d.ts";

/** The name of a body. */
export type MujocoName = "hopper" | "half_cheetah" | "walker2d" | "ant" | "humanoid" | "humanoid3d";

/** The number of the state at `from`. */
const at = (from: number, low: number, high: number): Range => ({ from, to: from + 1, low, high });

/** Bodies that move in a plane: of where they are only x is not seen. */
const inPlane = { unseen: 1, forward: { of: "joint", weight: 1 } } as const;

/** See the file's first line. */
export const rows: Readonly<Record<Exclude<MujocoName, "humanoid3d">, GymnasiumRow>> = {
  hopper: {
    ...inPlane,
    model: hopper,
    frameSkip: 4,
    fastest: 10,
    further: [],
    control: 1e-3,
    health: {
      worth: 1,
      ranges: [at(1, 0.7, Infinity), at(2, -0.2, 0.2), { from: 2, to: Infinity, low: -100, high: 100 }],
    },
    noise: { size: 5e-3, velocity: "uniform" },
  },
  half_cheetah: {
    ...inPlane,
    model: halfCheetah,
    frameSkip: 5,
    fastest: Infinity,
    further: [],
    control: 0.1,
    noise: { size: 0.1, velocity: "normal" },
  },
  walker2d: {
    ...inPlane,
    model: walker2d,
    frameSkip: 4,
    fastest: 10,
    further: [],
    control: 1e-3,
    health: { worth: 1, ranges: [at(1, 0.8, 2), at(2, -1, 1)] },
    noise: { size: 5e-3, velocity: "uniform" },
  },
  ant: {
    model: ant,
    frameSkip: 5,
    unseen: 2,
    fastest: Infinity,
    further: [{ array: "cfrcExt", from: 6, most: 1 }],
    forward: { of: "body", weight: 1 },
    control: 0.5,
    contact: { weight: 5e-4, force: 1, most: Infinity },
    health: { worth: 1, ranges: [{ ...at(2, 0.2, 1), closed: true }] },
    noise: { size: 0.1, velocity: "normal" },
  },
  humanoid: {
    model: humanoid,
    frameSkip: 5,
    unseen: 2,
    fastest: Infinity,
    // All but the world, which is the first body; all but the six motors that the free joint has not.
    further: [
      { array: "cinert", from: 10, most: Infinity },
      { array: "cvel", from: 6, most: Infinity },
      { array: "qfrcActuator", from: 6, most: Infinity },
      { array: "cfrcExt", from: 6, most: Infinity },
    ],
    forward: { of: "massCentre", weight: 1.25 },
    control: 0.1,
    contact: { weight: 5e-7, force: Infinity, most: 10 },
    health: { worth: 5, ranges: [at(2, 1, 2)] },
    noise: { size: 1e-2, velocity: "uniform" },
  },
};
