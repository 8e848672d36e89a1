/** What is done with a model of MuJoCo: observed, rewarded, ended. A task makes simulations for a world on the host. */

import type { RandomStream } from "../../graph/random_stream.ts";
import type { HostScene, MakeSimulation, Simulation, StepOutcome } from "../host/world.ts";
import { Film } from "./film.ts";
import { Model } from "./model.ts";
import { Physics } from "./physics.ts";
import type { MujocoState } from "./state.ts";

/** A model, and what is to be done with it. `Before` is what the reward has to know of the time before a step. */
export interface MujocoTask<Before = unknown> {
  /** The model: MJCF, as text. */
  readonly model: string;
  /** Steps of MuJoCo in a step of the world, 1 or more. */
  readonly frameSkip: number;
  /** Whether `cfrcExt`, the contact forces on each body, is computed after every step. Not unless told otherwise. */
  readonly contactForces?: boolean;
  /** Changes `qpos`, `qvel` and the time of the state that the model begins with; all luck comes from `random`. */
  reset?(state: MujocoState, random: RandomStream): void;
  /** Sets `ctrl` by an action, [-1, 1] of each motor. As shares of the motors' ranges, if not given. */
  drive?(state: MujocoState, action: ArrayLike<number>): void;
  /** What is seen. */
  observe(state: MujocoState): ArrayLike<number>;
  /** What the reward has to know of the time before a step: numbers, no views. */
  before?(state: MujocoState): Before;
  /** Of the step that has been done. */
  reward(state: MujocoState, before: Before): number;
  /**
   * Where the joints would be in what is to be followed, numbers as in `qpos`: there the body is drawn a second time, pale. Is
   * asked only when an episode is filmed.
   */
  ghost?(state: MujocoState): ArrayLike<number>;
  /** Whether the task has ended. Never, if not given: episodes last until the world's `maxSteps`. */
  terminated?(state: MujocoState): boolean;
  /** Whether the episode is cut off here, before the world's `maxSteps`: it is not the state's fault. Never, if not given. */
  truncated?(state: MujocoState): boolean;
  /** The names of the numbers that steps give beside the reward, for metrics of the world that are called so. */
  readonly measures?: readonly string[];
  /** Puts these numbers of the step that has been rewarded into `into`. */
  measure?(state: MujocoState, into: Record<string, number>): void;
}

/** The numbers that every such simulation gives beside the reward. */
export const mujocoMetrics = { unstable: "sum" } as const;

/** The function that makes the simulations of a task. */
export function simulationOf<Before>(task: MujocoTask<Before>): MakeSimulation {
  return async () => {
    const model = await Model.take(task.model);
    return new MujocoSimulation(task, new Physics(model, task.frameSkip, task.contactForces ?? false));
  };
}

class MujocoSimulation<Before> implements Simulation {
  readonly #task: MujocoTask<Before>;
  readonly #physics: Physics;
  /** What was seen in the last state that was to be believed, in a copy: MuJoCo goes on writing into what is its own. */
  #seen: ArrayLike<number> = new Float64Array(0);
  #copy: Float64Array = new Float64Array(0);
  readonly #metrics: Record<string, number>;
  readonly #outcome: { reward: number; terminated: boolean; truncated: boolean; metrics: Record<string, number> };
  /** There is one once somebody looks. */
  #film: Film | null = null;
  /** Where everything was in the last state that was to be believed. */
  #places: Float64Array | null = null;
  #believed = true;

  constructor(task: MujocoTask<Before>, physics: Physics) {
    this.#task = task;
    this.#physics = physics;
    this.#metrics = { unstable: 0, ...Object.fromEntries((task.measures ?? []).map((name) => [name, 0])) };
    this.#outcome = { reward: 0, terminated: false, truncated: false, metrics: this.#metrics };
  }

  reset(random: RandomStream): void {
    const { reset } = this.#task;
    this.#physics.begin(() => reset?.(this.#physics, random));
    this.#believed = true;
    this.#look();
  }

  observe(): ArrayLike<number> {
    return this.#seen;
  }

  /** Where the state became unstable the task has ended, and what was seen before is the last that was seen. */
  step(action: Float32Array): StepOutcome {
    const [task, physics, outcome] = [this.#task, this.#physics, this.#outcome];
    const metrics = this.#metrics;
    const before = task.before?.(physics) as Before;
    this.#believed = physics.advance(action, task.drive && (() => task.drive!(physics, action)));
    if (this.#believed) {
      this.#look();
      outcome.reward = task.reward(physics, before);
      outcome.terminated = task.terminated?.(physics) ?? false;
      outcome.truncated = task.truncated?.(physics) ?? false;
      metrics.unstable = 0;
      task.measure?.(physics, metrics);
    } else {
      outcome.reward = 0;
      outcome.terminated = true;
      for (const name in metrics) metrics[name] = 0;
      metrics.unstable = 1;
    }
    return outcome;
  }

  state(): Float64Array {
    return this.#physics.state();
  }

  restore(state: Float64Array): void {
    this.#physics.restore(state);
    this.#believed = true;
    this.#look();
  }

  scene(): HostScene {
    return this.#filmed().scene;
  }

  place(): Float64Array {
    if (this.#believed || !this.#places) this.#places = this.#filmed().place();
    return this.#places;
  }

  dispose(): void {
    this.#film?.dispose();
    this.#physics.dispose();
  }

  #filmed(): Film {
    const { ghost } = this.#task;
    return this.#film ??= new Film(this.#physics, ghost ? (state) => ghost(state) : null);
  }

  #look(): void {
    const seen = this.#task.observe(this.#physics);
    this.#seen = seen;
    // What is no list of numbers is told by who asks for it.
    if (typeof seen?.length !== "number") return;
    if (this.#copy.length !== seen.length) this.#copy = new Float64Array(seen.length);
    const copy = this.#seen = this.#copy;
    for (let i = 0; i < copy.length; i++) copy[i] = seen[i]!;
  }
}
