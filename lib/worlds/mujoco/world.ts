/** Worlds of MuJoCo: the bodies that have names, and those of one's own. */

import { signature } from "../../graph/arguments.ts";
import { shown } from "../../graph/kinds.ts";
import type { ActionKind } from "../environment.ts";
import type { HostWorld, MakeSimulation, MetricReduction } from "../host/world.ts";
import * as kind from "../kinds.ts";
import { type Checks, whole, withDefaults } from "../options.ts";
import type { MotionClip } from "./imitation/clip.ts";
import { clipOf, isMotionName, type MotionName, motionNames, motionOf } from "./imitation/motions.ts";
import { imitationMetrics } from "./imitation/reward.ts";
import { imitationObservation, type MujocoControl } from "./imitation/task.ts";
import type { MujocoName, MujocoSimulationOptions } from "./simulation.ts";
import type { MujocoArray, MujocoState } from "./state.ts";
import { mujocoMetrics as metrics, type MujocoTask, simulationOf } from "./task.ts";

export type { MotionClip, MotionName, MujocoControl, MujocoSimulationOptions };
export type { MujocoArray, MujocoName, MujocoState, MujocoTask };

/** The metrics of every world of MuJoCo: `unstable` counts steps in which the simulation became so. */
export const mujocoMetrics: Readonly<Record<"unstable", MetricReduction>> = metrics;

/** Options of {@linkcode MujocoWorld}. */
export interface MujocoOptions {
  /** Steps of an episode: 1 or more. Default 1000. */
  maxSteps?: number;
  /** What `humanoid3d` imitates: a motion's name, or one in DeepMimic's format. Nothing unless told otherwise: it is to stay upright. */
  motion?: MotionName | MotionClip | null;
  /**
   * What actions say where a motion is imitated: shares of each motor's `torque`, the default, or by how much the `target` angle that
   * a joint is pulled to differs from that of the motion: by at most half a radian.
   */
  control?: MujocoControl;
  /** Workers that step: one for each core unless told otherwise; 0: the thread that asks. */
  workers?: number;
}

const controls: readonly MujocoControl[] = ["torque", "target"];

const checks: Checks<MujocoOptions> = {
  maxSteps: whole(1, Infinity),
  workers: whole(0, Infinity),
  control: [(x) => controls.includes(x as MujocoControl), `one of ${controls.join(", ")}`],
  // What a motion has to be, and what is wrong with it, is said below.
  motion: [() => true, ""],
};

/** The imitation of options; null where nothing is imitated. */
function imitationOf(
  name: MujocoName,
  { motion, control }: Required<MujocoOptions>,
): MujocoSimulationOptions["imitation"] | null {
  if (motion === null) {
    if (control !== "torque") {
      throw new RangeError(`${name}: control "${control}" is for imitating a motion: give a motion too.`);
    }
    return null;
  }
  if (name !== "humanoid3d") throw new RangeError(`${name}: motions are of the body humanoid3d: leave motion out.`);
  if (typeof motion === "string" && !isMotionName(motion)) {
    throw new RangeError(
      `${name}: motion is one of ${motionNames.join(", ")}, or an object in DeepMimic's format, not ${shown(motion)}.`,
    );
  }
  // What cannot be imitated is told now, and not by a worker.
  motionOf(motion);
  return { motion, control };
}

/** What is seen of each body, and its motors. */
const sizes: Readonly<Record<MujocoName, readonly [observation: number, action: number]>> = {
  hopper: [11, 3],
  half_cheetah: [17, 6],
  walker2d: [17, 6],
  ant: [105, 8],
  humanoid: [348, 17],
  humanoid3d: [56, 28],
};

/** The names of the bodies of {@linkcode MujocoWorld}. */
export const mujocoNames: readonly MujocoName[] = Object.keys(sizes) as MujocoName[];

const takesWorld = signature("new MujocoWorld()", {
  name: kind.oneOf(...mujocoNames),
  options: kind.worldOptions,
});

/**
 * A body that learns to move, simulated by MuJoCo (Todorov, Erez and Tassa 2012): `hopper`, `half_cheetah`, `walker2d`,
 * `ant` and `humanoid` are the worlds of Gymnasium's version 5, with the same observations, rewards, ends and starts;
 * `humanoid3d` is the humanoid of DeepMimic with 28 motors, which is to stay on its feet. Actions in [-1, 1] are shares of each
 * motor's range.
 *
 * With a `motion` `humanoid3d` imitates it instead (Peng, Abbeel, Levine and van de Panne 2018): an episode begins anywhere in the
 * motion, each step is worth from 0 to 1 by how close pose, velocities, hands and feet, root and centre of mass are to those of the
 * motion (metrics `world/imitation` and, part by part, `world/pose`, `world/velocity`, `world/end_effectors`, `world/root`,
 * `world/mass_centre`), and it ends when the centre of mass is 20 cm too high or low, or a metre away. What is seen has then 72
 * numbers: also how the root stands and moves, where that of the motion is from it, and the phase of the motion.
 *
 * The metric `world/unstable` counts steps in which the simulation became unstable (MuJoCo's warnings, NaN, a state that it
 * reset by itself): they end the episode as terminated, without a reward.
 *
 * @example
 * ```ts
 * import { MujocoWorld, Simulations, zeros } from "@plumbline/plumbline";
 *
 * const simulations = await Simulations.start(new MujocoWorld("hopper", { workers: 0 }), 4, 0);
 * const { nextObservation } = await simulations.step(zeros([4, 1, 3]));
 * console.log(nextObservation.shape); // [ 4, 1, 11 ]
 * simulations.dispose();
 * ```
 */
export class MujocoWorld implements HostWorld {
  readonly name: string;
  readonly agents = 1;
  readonly observationSize: number;
  readonly actionKind: ActionKind = "continuous";
  readonly actionSize: number;
  readonly maxSteps: number;
  readonly workers?: number;
  readonly simulation: string = import.meta.resolve("./simulation.ts");
  readonly options: MujocoSimulationOptions;
  readonly metrics: Readonly<Record<string, MetricReduction>>;

  /**
   * Prepares nothing yet.
   *
   * @throws RangeError with a sentence if an option is unknown or out of its range.
   */
  constructor(name: MujocoName, options: MujocoOptions = {}) {
    takesWorld(arguments);
    const defaults: Required<MujocoOptions> = {
      ...{ maxSteps: 1000, workers: undefined as unknown as number },
      ...{ motion: null, control: "torque" },
    };
    const all = withDefaults<MujocoOptions>(name, defaults, checks, options);
    const imitation = imitationOf(name, all);
    this.name = name;
    [this.observationSize, this.actionSize] = sizes[name];
    if (imitation) this.observationSize = imitationObservation;
    this.maxSteps = all.maxSteps;
    if (all.workers !== undefined) this.workers = all.workers;
    this.options = { name, ...imitation && { imitation } };
    this.metrics = { ...metrics, ...imitation && imitationMetrics };
  }
}

/**
 * One of the motions that {@linkcode MujocoWorld} has for `humanoid3d`, in DeepMimic's format: `stand`, or `walk`, which is made from
 * measured angles of hip, knee and ankle (Schwartz, Rozumalski and Trost 2008) so that feet on the ground stay where they are.
 *
 * @example
 * ```ts
 * import { motionClip, MujocoWorld } from "@plumbline/plumbline";
 *
 * const walk = motionClip("walk");
 * const slower = { ...walk, Frames: walk.Frames.map(([seconds, ...pose]) => [1.2 * seconds!, ...pose]) };
 * const world = new MujocoWorld("humanoid3d", { motion: slower });
 * console.log(walk.Frames[0]!.length, world.observationSize); // 44 72
 * ```
 */
export function motionClip(name: MotionName): MotionClip {
  takesName(arguments);
  return clipOf(name);
}

const takesName = signature("motionClip()", { name: kind.oneOf(...motionNames) });

const task = kind.having("a task: a model and what is to be done with it,", {
  model: kind.text,
  frameSkip: kind.count(1),
  observe: kind.callable,
  reward: kind.callable,
}, {
  contactForces: kind.optional(kind.boolean),
  reset: kind.optional(kind.callable),
  before: kind.optional(kind.callable),
  ghost: kind.optional(kind.callable),
  drive: kind.optional(kind.callable),
  terminated: kind.optional(kind.callable),
  truncated: kind.optional(kind.callable),
  measures: kind.optional(kind.listOf(kind.text, "a list of names")),
  measure: kind.optional(kind.callable),
});

const takesTask = signature("mujocoSimulation()", { task });

/**
 * The simulations of a model of one's own: for a {@linkcode HostWorld}, whose `metrics` are {@linkcode mujocoMetrics}. A model
 * that MuJoCo refuses is told, when simulations are made, by its element and line.
 *
 * @example
 * ```ts
 * import { type HostWorld, mujocoMetrics, mujocoSimulation, Simulations, zeros } from "@plumbline/plumbline";
 *
 * const cart: HostWorld = {
 *   ...{ name: "cart", agents: 1, observationSize: 2, actionKind: "continuous", actionSize: 1, maxSteps: 100 },
 *   metrics: mujocoMetrics,
 *   simulation: mujocoSimulation({
 *     model: `<mujoco>
 *       <worldbody>
 *         <body><joint name="x" type="slide" axis="1 0 0"/><geom size="0.1"/></body>
 *       </worldbody>
 *       <actuator><motor joint="x" ctrlrange="-5 5"/></actuator>
 *     </mujoco>`,
 *     frameSkip: 10,
 *     reset: ({ qpos }, random) => void (qpos[0] = 2 * random.next() - 1),
 *     observe: ({ qpos, qvel }) => [...qpos, ...qvel],
 *     reward: ({ qpos }) => -(qpos[0]! ** 2),
 *     terminated: ({ qpos }) => Math.abs(qpos[0]!) > 2,
 *   }),
 * };
 * const simulations = await Simulations.start(cart, 2, 0);
 * console.log((await simulations.step(zeros([2, 1, 1]))).reward.shape); // [ 2, 1 ]
 * simulations.dispose();
 * ```
 */
export function mujocoSimulation<Before>(task: MujocoTask<Before>): MakeSimulation {
  takesTask(arguments);
  return simulationOf(task);
}
