/** What a reinforcement learner knows of a world: many environments at once, as functions of tensors. */

import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Stateful } from "../tensor/variable.ts";
import type { Controller, RecurrentController } from "./controllers.ts";
import type { Scene } from "./scene.ts";

/** Whether an agent decides numbers (`continuous`), or takes one of several choices (`discrete`). */
export type ActionKind = "continuous" | "discrete";

/** What a learner has to know of a world before it acts in it. */
export interface World {
  /** The scenario, as the command line knows it. */
  readonly name: string;
  /** Agents in one environment. */
  readonly agents: number;
  /** Numbers that one agent sees. */
  readonly observationSize: number;
  /** What an agent's action is. */
  readonly actionKind: ActionKind;
  /** Continuous: the numbers that one agent decides. Discrete: the choices of which it takes one. */
  readonly actionSize: number;
  /** Steps after which an episode is cut off: `truncated`. */
  readonly maxSteps: number;
  /** Steps of the simulator in one step of this environment; 1 if not given. */
  readonly framesPerStep?: number;
}

/**
 * A batch of environments without hidden state: everything that changes is in `S`, a tree of tensors with the leading axis
 * `env`. A state can be kept, put in and read back; every method is made of tensor operations only, so it compiles, runs
 * inside `scan` and has gradients.
 */
export interface Environment<S extends Tree = Tree> extends World {
  /** What it reads that learns beside who acts in it: a network that is a part of the world. */
  readonly learned?: readonly Stateful[];
  /** How it is drawn; a world without it cannot be. */
  readonly scene?: Scene<S>;
  /** Controllers that know the task, by name: see {@linkcode controllerOf}. */
  readonly controllers?: Readonly<Record<string, Controller | RecurrentController>>;
  /** What {@linkcode Environment.measure} gives, and what becomes of it over an episode. */
  readonly metrics?: Readonly<Record<string, EpisodeReduction>>;
  /** What is measured of a state beside the reward, by the names of `metrics`: float32 [env] each. An evaluation shows it. */
  measure?(state: S): Readonly<Record<string, Tensor>>;
  /** `envs` environments at the start of an episode, drawn from `key` (uint32 [2]). */
  reset(key: Tensor, envs: number): S;
  /** What each agent sees: float32 [env, agent, feature]. */
  observe(state: S): Tensor;
  /**
   * One step. `action` is float32 [env, agent, actionSize], clamped to [-1, 1]; or, where actions are discrete, int32
   * [env, agent], from 0 to actionSize - 1.
   */
  step(state: S, action: Tensor): Transition<S>;
}

/**
 * What becomes of a number over an episode: the mean of its steps, the largest, or the root of the mean of its squares; where
 * `after` is given, without so many steps at its beginning, unless it has no more than those.
 */
export type EpisodeReduction = StepReduction | { readonly reduction: StepReduction; readonly after: number };

/** See {@linkcode EpisodeReduction}. */
export type StepReduction = "mean" | "max" | "rms";

/** What one step gives. */
export interface Transition<S extends Tree = Tree> {
  /** The state after the step, also where the episode ended: `resetWhere()` goes on. */
  readonly state: S;
  /** float32 [env, agent]. */
  readonly reward: Tensor;
  /** bool [env]: the task ended, nothing is to come. */
  readonly terminated: Tensor;
  /** bool [env]: the time is up although the task did not end; a learner bootstraps here. Never with `terminated`. */
  readonly truncated: Tensor;
  /** float32 [env]: steps of the simulator that this step took, where that is not 1 for all. */
  readonly frames?: Tensor;
}
