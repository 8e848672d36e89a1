/** What a run needs of the thing that learns. The run knows no more of worlds, texts and algorithms than this. */

import type { SavedTensor } from "../graph/types.ts";
import type { Stateful } from "../tensor/variable.ts";

/** What an iteration measured: `train/episode_reward_sum` and others. NaN where there was nothing to measure. */
export type Metrics = Readonly<Record<string, number>>;

/** Named tensors: everything that a trainer needs to continue bit for bit. */
export type TrainerState = Readonly<Record<string, SavedTensor>>;

/** What a trainer says about itself, for the manifest and the first lines of a run; systems add facts of their own. */
export interface TrainerFacts {
  /** What computes: "cpu" (ONNX Runtime) or "webgpu" (Dawn). */
  readonly engine: string;
  /** The device as a person knows it: "ONNX Runtime 1.30, 2 threads". */
  readonly adapter: string;
  /** What the user should know about the choice of the device: why there is no GPU. */
  readonly note?: string;
  /** Numbers that are learned. */
  readonly parameters: number;
}

/** Something that learns, one iteration at a time. The same configuration gives the same numbers, however often it is stopped. */
export interface Trainer {
  /** Iterations done since the beginning of the run, also across {@linkcode restore}. */
  readonly iteration: number;
  /** Frames (or what else the system counts) that one iteration learns from. */
  readonly framesPerIteration: number;
  /** What it says about itself. */
  readonly facts: TrainerFacts;
  /** Programs traced since it was made. It must stand still after the first iteration. */
  readonly traceCount: number;
  /**
   * Collects and learns once. `pause` is awaited between computations, for whoever wants to be heard meanwhile. It must not await other
   * calls of the trainer, which would find the iteration halfway.
   */
  iterate(pause?: () => Promise<void>): Promise<Metrics>;
  /** How good it is, as metrics `eval/...`, drawn from `seed`: what `--eval-every` logs. It changes nothing of what is learned. */
  measure(seed: number): Promise<Metrics>;
  /** The gradients of one update of the last iteration, by parameter: `policy.net.layers.0.weight`. None before the first. */
  gradients?(): Promise<Readonly<Record<string, SavedTensor>>>;
  /** What learns, for `--audit`; a trainer without it cannot be audited. */
  readonly learning?: readonly Stateful[];
  /**
   * Parameters, optimiser, random key, state of the worlds, counters. It has the same names and shapes at any time, and no number that
   * is not finite but under names that begin with `collector`, of the worlds.
   */
  state(): Promise<TrainerState>;
  /** Continues from `state`, whose names, dtypes and shapes the caller has checked against {@linkcode state}. */
  restore(state: TrainerState): Promise<void>;
  /** Runs a step that failed again: the program's name, and what it was given. Throws what the step throws. */
  replay?(program: string, inputs: TrainerState): Promise<void>;
  /** What the run leaves in its folder when it ends, by file name: `policy.onnx`. */
  files(): Promise<Readonly<Record<string, Uint8Array>>>;
  /** Gives back what it holds. */
  dispose(): void;
}
