/**
 * What a run knows of a system: the names that it answers to, its algorithms and settings, what its curve shows, how its
 * trainer is made, and how it is evaluated, drawn and exported. Adding a system is adding one folder and a row of the registry.
 */

import type { SavedTensor } from "../graph/types.ts";
import type { NumberOption, Option, Table, ValuesOf } from "./option.ts";
import type { Config, Settings } from "./settings.ts";
import type { Metrics, Trainer, TrainerFacts } from "./trainer.ts";

/** The number by which a run is judged. */
export interface Headline {
  /** The metric of an iteration: `train/episode_reward_sum`. */
  readonly metric: string;
  /** The same of an evaluation: `eval/episode_reward_sum`. */
  readonly evaluation: string;
  /** In a word, for the progress line and the name of the curve's file: "reward". */
  readonly name: string;
  /** With its unit, for an axis: "episode reward (sum)". */
  readonly title: string;
  /** Whether more is better. */
  readonly better: "higher" | "lower";
}

/** One way to learn. */
export interface AlgorithmFacts {
  /** What it is, in a few words. */
  readonly help: string;
  /** Its settings, with their defaults. */
  readonly settings: Table;
  /** Flags that say a setting in another way, by their names; a configuration has the setting. */
  readonly otherwise?: Readonly<Record<string, Otherwise>>;
  /** Metrics of an iteration that the run shows beside its headline, by what they are called: `{ KL: "train/kl" }`. */
  readonly beside?: Readonly<Record<string, string>>;
}

/** Another way to say a setting. */
export interface Otherwise {
  readonly row: NumberOption<null>;
  /** What it says. */
  readonly setting: string;
  /** The setting, by what is given and the other settings, which are not checked yet. */
  readonly value: (given: number, settings: Settings) => number;
}

/** What a command looks at: a run at a checkpoint, or a scenario alone. */
export interface Subject {
  readonly config: Config;
  /** As the user knows it: the checkpoint's path, or the name of the scenario. */
  readonly name: string;
  /** The iteration of the checkpoint; null for a scenario. */
  readonly iteration: number | null;
  /**
   * The trainer as it was at the checkpoint. Throws a UsageError for a scenario, or a run without a checkpoint; `instead`
   * is what may be given in place of a run.
   */
  trainer(instead?: string): Promise<Trainer>;
}

/** What a system does with a subject for a command: its flags, lines for `--help`, and the deed. */
export interface Look<Result> {
  readonly options: Table;
  readonly notes: readonly string[];
  run(subject: Subject, values: Readonly<Record<string, unknown>>): Promise<Result>;
}

/** A {@linkcode Look} whose values have the types of its options. */
export function look<T extends Readonly<Record<string, Option>>, Result>(parts: {
  readonly options: T;
  readonly notes: readonly string[];
  run(subject: Subject, values: ValuesOf<T>): Promise<Result>;
}): Look<Result> {
  return parts as unknown as Look<Result>;
}

/** What an evaluation says. */
export interface Evaluation {
  /** For programs. */
  readonly json: unknown;
  /** For persons. */
  readonly lines: readonly string[];
}

/** Pictures, each an SVG by what is put after the name that the user gives: `""`, `"-still"`. */
export interface Pictures {
  readonly svg: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
}

/** A file for others: its bytes, or tensors that become a safetensors file. */
export interface Exported {
  /** What it is called unless the user says otherwise. */
  readonly file: string;
  readonly content: Uint8Array | {
    readonly tensors: Readonly<Record<string, SavedTensor>>;
    readonly metadata: Readonly<Record<string, string>>;
  };
  readonly lines: readonly string[];
}

/** A system. */
export interface System {
  /** What its scenarios are, in a few words. */
  readonly title: string;
  /** The scenario names that it answers to, and what each is. */
  readonly scenarios: Readonly<Record<string, string>>;
  /** The algorithms that can train its scenarios; the first is taken unless another is given. */
  readonly algorithms: Readonly<Record<string, AlgorithmFacts>>;
  /** Settings of what is trained, whatever the algorithm. */
  readonly task: Table;
  /** The names of its presets. */
  readonly presets: readonly [string, ...string[]];
  /** The settings of a preset; what it leaves out has the default of its option. */
  preset(name: string, scenario: string, algorithm: string): Settings;
  /** The preset below settings that were given without one. */
  presetBelow(given: Settings): string;
  /** Throws a UsageError for settings that do not go together. */
  check(config: Config): void;
  /** As {@linkcode check}, for those who do not train: nothing of the algorithm is looked at. */
  checkTask(config: Config): void;
  /** What would change if a run went on for more iterations than it was made for: "the cosine schedule of ..."; else null. */
  endsWith(config: Config): string | null;
  readonly headline: Headline;
  /** What an iteration learns from: "frames". */
  readonly unit: string;
  /** Makes the trainer on the device of the configuration. Throws a UsageError if it cannot be had. */
  create(config: Config): Promise<Trainer>;
  /** What is trained, in a line or two. */
  describe(config: Config, facts: TrainerFacts): readonly string[];
  readonly evaluation: Look<Evaluation>;
  readonly picture: Look<Pictures>;
  readonly exports: Look<Exported>;
  /** How it writes text, if what it trains does. */
  readonly generation?: Look<Evaluation>;
  /** Called after every iteration: what it gives is logged with the metrics. */
  readonly onIteration?: IterationListener;
}

/** An iteration that is done. */
export interface IterationEvent {
  /** Counted from 1. */
  readonly iteration: number;
  /** Frames learned from since the beginning of the run. */
  readonly frames: number;
  /** What was measured in it. */
  readonly metrics: Metrics;
  /** What learns. */
  readonly trainer: Trainer;
}

/** Hears of every iteration. Numbers that it gives are logged beside the others, under the names that they have. */
export type IterationListener = (event: IterationEvent) => Metrics | void | Promise<Metrics | void>;
