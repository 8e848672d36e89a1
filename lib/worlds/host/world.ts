/**
 * Worlds that are not made of tensors: a batch of simulations that are stepped on the host, by workers over shared memory.
 * Gradients do not pass them. The numbers are the same whatever the number of workers.
 */

import type { RandomStream } from "../../graph/random_stream.ts";
import type { World } from "../environment.ts";
import type { Entity } from "../scene.ts";
import type { SceneView, SolidEntity } from "../solids.ts";

/** How a named number of a step becomes one of a batch: its mean over the frames, or the sum of them. */
export type MetricReduction = "mean" | "sum";

/**
 * A world whose environments are {@linkcode Simulation}s on the host.
 *
 * @example
 * ```ts
 * import { type HostWorld, Simulations, tensor } from "@plumbline/plumbline";
 *
 * const countdown: HostWorld = {
 *   name: "countdown",
 *   agents: 1,
 *   observationSize: 1,
 *   actionKind: "discrete",
 *   actionSize: 2,
 *   maxSteps: 10,
 *   simulation: () => {
 *     let left = 0;
 *     return {
 *       reset: (random) => void (left = 1 + Math.floor(3 * random.next())),
 *       observe: () => [left],
 *       step: ([goes]) => ({ reward: 1, terminated: (left -= goes!) <= 0 }),
 *       state: () => [left],
 *       restore: ([saved]) => void (left = saved!),
 *     };
 *   },
 * };
 * const simulations = await Simulations.start(countdown, 2, 0);
 * const { reward } = await simulations.step(tensor([[1], [0]], { dtype: "int32" }));
 * console.log(await reward.toList()); // [ [ 1 ], [ 1 ] ]
 * simulations.dispose();
 * ```
 */
export interface HostWorld extends World {
  /**
   * The URL (file:// or https://) of a module whose default export is a {@linkcode MakeSimulation}:
   * `import.meta.resolve("./my_simulation.ts")`. Workers load it. Or that function itself, which no worker can have: it is
   * stepped on the thread that asks.
   */
  readonly simulation: string | MakeSimulation;
  /** What the function is given: numbers, text, and arrays and objects of them, of which each simulation gets a copy. */
  readonly options?: unknown;
  /** The numbers that steps give beside the reward, by name. None unless told otherwise. */
  readonly metrics?: Readonly<Record<string, MetricReduction>>;
  /**
   * Workers that share the simulations: one for each core unless told otherwise, never more than there are simulations; 0: the
   * thread that asks steps them all, which is best where a step takes a microsecond.
   */
  readonly workers?: number;
  /** How it is drawn. Where it is not given the simulations may say it; a world without either cannot be drawn. */
  readonly scene?: HostScene;
}

/** What the simulations of a world look like: in a plane, or in space. */
export type HostScene = PlaneScene | SpaceScene;

/** What lies in a plane, seen from above. */
export interface PlaneScene {
  /** All that is drawn, in the order of {@linkcode Simulation.place}. */
  readonly entities: readonly Entity[];
  /** Seconds from one step to the next. */
  readonly frameSeconds: number;
  /** There is one in space only. */
  readonly view?: undefined;
}

/** Bodies in space. */
export interface SpaceScene {
  /** All that is drawn, in the order of {@linkcode Simulation.place}. */
  readonly entities: readonly SolidEntity[];
  /** Seconds from one step to the next. */
  readonly frameSeconds: number;
  /** From where they are seen. */
  readonly view: SceneView;
}

/** Makes one simulation, before its first episode. What several may share (a model, a library) is for its module to keep. */
export type MakeSimulation<Options = never> = (options: Options) => Simulation | Promise<Simulation>;

/** One environment on the host. All of it runs without waiting: no method but the one that makes it gives a promise. */
export interface Simulation {
  /**
   * Begins an episode. All luck comes from `random`, a stream of this environment's own; it is always the same one, and may be
   * kept for what steps draw.
   */
  reset(random: RandomStream): void;
  /** What the agents see, [agent, feature] one after the other; it depends on the state only. */
  observe(): ArrayLike<number>;
  /**
   * One step. `action` is what all agents do, [agent, actionSize] one after the other, in [-1, 1]; or, where actions are
   * discrete, [agent], from 0 to actionSize - 1. It is not to be kept.
   */
  step(action: Float32Array | Int32Array): StepOutcome;
  /** All that changes, as numbers, always as many: from {@linkcode Simulation.restore} of them it goes on bit for bit. */
  state(): ArrayLike<number>;
  /** Goes on from a {@linkcode Simulation.state}. */
  restore(state: Float64Array): void;
  /**
   * Where the entities of the scene are, for one after the other: x and y of the centre in metres and the angle in radians; in
   * space x, y and z of the centre and the nine numbers of the rotation, row by row.
   */
  place?(): ArrayLike<number>;
  /** What it looks like, where the world does not say it: asked once, of one of them. */
  scene?(): HostScene | null;
  /** Gives back what it holds. */
  dispose?(): void;
}

/** What one step gives. */
export interface StepOutcome {
  /** One number for all agents, or [agent]. */
  readonly reward: number | ArrayLike<number>;
  /** The task ended, nothing is to come. */
  readonly terminated: boolean;
  /** The episode is cut off before `maxSteps`; a learner bootstraps here. Means nothing with `terminated`. */
  readonly truncated?: boolean;
  /** A number for each of the world's `metrics`. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** Whether a world is made of simulations on the host. */
export function isHostWorld(world: World): world is HostWorld {
  return "simulation" in world;
}
