/** The settings that every run has, whatever learns in it, and the configuration of a run. */

import { called, choice, type ChoiceOption, integer, type NumberOption, type ValuesOf } from "./option.ts";

/** What concerns how it is computed and kept. */
export const running = {
  seed: called(["seeds", "nSeeds", "numSeeds", "randomSeed"], {
    ...integer(0, 2 ** 32 - 1, 0, "the same seed, the same numbers; 0,1,2: a run each"),
    many: true,
  }) as NumberOption<number>,
  device: called(["cuda", "gpu"], {
    ...choice(["auto", "cpu", "webgpu"], "auto", "auto takes a hardware GPU if there is one"),
    hint: (value) =>
      /cuda|gpu|mps|metal|vulkan|rocm|hip|xpu|dml/i.test(value)
        ? "a GPU is webgpu, or auto, which takes one if there is one"
        : null,
  } as ChoiceOption<"auto" | "cpu" | "webgpu">) as ChoiceOption<"auto" | "cpu" | "webgpu">,
  threads: {
    kind: "integer",
    min: 1,
    max: 1024,
    aboveMin: false,
    initial: null,
    help: "the most threads that compute on the CPU, or one a core",
  } as NumberOption<null>,
  saveEvery: called(
    ["saveFreq", "saveInterval", "checkpointEvery", "checkpointFreq", "checkpointInterval"],
    integer(1, 10_000_000, 5, "iterations between checkpoints"),
  ) as NumberOption<number>,
  evalEvery: called(
    ["evalFreq", "evalInterval"],
    integer(0, 10_000_000, 0, "iterations between evaluations; 0: none"),
  ) as NumberOption<number>,
  earlyStop: called(["earlyStopping", "stopReward", "rewardThreshold"], {
    kind: "number",
    min: -1e6,
    max: 1e6,
    aboveMin: false,
    initial: null,
    help: "end once the mean of 5 iterations is as good as this",
  }) as NumberOption<null>,
  patience: {
    kind: "integer",
    min: 1,
    max: 1_000_000,
    aboveMin: false,
    initial: null,
    help: "end after so many evaluations without a better one",
  } as NumberOption<null>,
};

/** Whether a resumed run may have another value of a setting: no number that is learned depends on it, but for an engine's rounding. */
export function isHarmless(name: string): boolean {
  return name !== "seed" && Object.hasOwn(running, name);
}

/** What a setting may be. */
export type Setting = number | string | boolean | null;

/** Settings by name; those that are left out are not given. */
export type Settings = Readonly<Record<string, Setting>>;

/** The settings that all systems have. */
export interface CommonConfig extends ValuesOf<typeof running> {
  /** What is trained: a name of the registry, the path of a module, or the name of a world that a program made. */
  readonly scenarioName: string;
  /** How it learns: one of the system's algorithms. */
  readonly algorithm: string;
  /** Iterations of the whole run. */
  readonly nIters: number;
}

/**
 * The configuration of a run: a value for each flag of `deno task train --scenario-name S --help` under "The task",
 * "Learning" and "The run"; `framesPerBatch` is `--frames-per-batch`.
 */
export type Config = CommonConfig & Settings;
