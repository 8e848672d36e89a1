/**
 * The one table of the flags of `deno task train`. The type of the configuration, its schema, the command line and
 * `--help` are made from it: a new flag is one new row.
 */

/** A number within limits. */
export interface NumberOption<Initial extends number | null = number | null> {
  readonly kind: "integer" | "number";
  readonly min: number;
  readonly max: number;
  /** Whether `min` itself is excluded. */
  readonly aboveMin: boolean;
  /** Null: there is none unless it is given. */
  readonly initial: Initial;
  /** Whether the command line takes several: `0,1,2`, or the flag more than once. */
  readonly many?: boolean;
  readonly help: string;
}

/** A time: `90s`, `20m`, `2h`, `1h30m`; its value is in seconds. */
export interface DurationOption {
  readonly kind: "duration";
  readonly help: string;
}

/** One of several words. */
export interface ChoiceOption<Value extends string = string> {
  readonly kind: "choice";
  readonly values: readonly Value[];
  /** Null: the help says what it depends on. */
  readonly initial: Value | null;
  readonly help: string;
}

/** A file or folder. */
export interface PathOption {
  readonly kind: "path";
  readonly initial: string | null;
  readonly help: string;
}

/** Yes or no: `--share-parameters`, `--no-share-parameters`. */
export interface ToggleOption {
  readonly kind: "toggle";
  readonly initial: boolean;
  readonly help: string;
}

/** Given or not. */
export interface SwitchOption {
  readonly kind: "switch";
  readonly help: string;
}

/** A row of the table. */
export type Option = NumberOption | DurationOption | ChoiceOption | PathOption | ToggleOption | SwitchOption;

/** The type of an option's value. */
export type ValueOf<O> = O extends NumberOption<number> ? number
  : O extends NumberOption ? number | null
  : O extends DurationOption ? number
  : O extends ChoiceOption<infer V> ? V
  : O extends PathOption ? string | null
  : boolean;

/**
 * The values of a table.
 *
 * @internal
 */
export type ValuesOf<Table> = { readonly [K in keyof Table]: ValueOf<Table[K]> };

/** A row of the table. */
export function integer(min: number, max: number, initial: number, help: string): NumberOption<number> {
  return { kind: "integer", min, max, aboveMin: false, initial, help };
}

/** A row of the table. */
export function real(min: number, max: number, initial: number, help: string): NumberOption<number> {
  return { kind: "number", min, max, aboveMin: false, initial, help };
}

/** A row of the table. */
export function positive(max: number, initial: number, help: string): NumberOption<number> {
  return { kind: "number", min: 0, max, aboveMin: true, initial, help };
}

/** A row of the table. */
export function choice<const V extends string>(values: readonly V[], initial: V | null, help: string): ChoiceOption<V> {
  return { kind: "choice", values, initial, help };
}

/** A row of the table. */
export function path(initial: string | null, help: string): PathOption {
  return { kind: "path", initial, help };
}

/** A row of the table. */
export function toggle(initial: boolean, help: string): ToggleOption {
  return { kind: "toggle", initial, help };
}

/** A row of the table. */
export function flag(help: string): SwitchOption {
  return { kind: "switch", help };
}

/** What makes the world. */
export const task = {
  scenarioName: choice(
    ["navigation", "wheel", "reverse_transport", "buzz_wire"],
    "navigation",
    "the world",
  ) as ChoiceOption<
    "navigation" | "wheel" | "reverse_transport" | "buzz_wire"
  >,
  nAgents: integer(1, 64, 3, "agents in an env; buzz_wire has 2") as NumberOption<number>,
  maxSteps: integer(1, 1_000_000, 100, "steps after which an episode is cut off") as NumberOption<number>,
  actions: choice(["continuous", "discrete"], "continuous", "pushes as numbers, or one of nine") as ChoiceOption<
    "continuous" | "discrete"
  >,
};

const learning = {
  algorithm: choice(["mappo", "ippo"], "mappo", "whether the critic sees all agents or its own") as ChoiceOption<
    "mappo" | "ippo"
  >,
  centralisedPolicy: toggle(false, "each agent acts on what all observe, not on its own view") as ToggleOption,
  shareParameters: toggle(true, "one network for all agents, or else one for each") as ToggleOption,
  hiddenSize: integer(1, 10_000, 256, "units in each of the two hidden layers") as NumberOption<number>,
  nIters: integer(1, 10_000_000, 10, "iterations: collect a batch, learn from it") as NumberOption<number>,
  framesPerBatch: integer(1, 100_000_000, 6000, "frames to collect in an iteration, all envs together") as NumberOption<
    number
  >,
  numEpochs: integer(1, 10_000, 30, "passes over a batch") as NumberOption<number>,
  minibatchSize: integer(1, 100_000_000, 400, "frames (actions, where they are held) in a minibatch") as NumberOption<
    number
  >,
  lr: positive(1, 3e-4, "learning rate of Adam") as NumberOption<number>,
  lrSchedule: choice(
    ["constant", "linear", "cosine"],
    "constant",
    "how it falls to 0 over the iterations",
  ) as ChoiceOption<"constant" | "linear" | "cosine">,
  maxGradNorm: positive(1e9, 1, "norm to which gradients are clipped") as NumberOption<number>,
  clipEpsilon: positive(1, 0.2, "how far the ratio of probabilities may move") as NumberOption<number>,
  entropyEps: real(0, 100, 1e-4, "weight of the entropy bonus") as NumberOption<number>,
  entropySchedule: choice(
    ["constant", "linear", "cosine"],
    "constant",
    "how that falls to 0 over the iterations",
  ) as ChoiceOption<"constant" | "linear" | "cosine">,
  gamma: real(0, 1, 0.99, "discount of later rewards") as NumberOption<number>,
  lmbda: real(0, 1, 0.9, "lambda of generalised advantage estimation") as NumberOption<number>,
  actionRepeat: integer(
    1,
    1000,
    1,
    "steps that an action is held; gamma and lambda count actions",
  ) as NumberOption<
    number
  >,
  bootstrapTruncated: toggle(true, "an episode that is cut off is worth what the critic expects") as ToggleOption,
  normalizeAdvantages: toggle(false, "bring the advantages of a batch to mean 0, deviation 1") as ToggleOption,
  normalizeObservations: toggle(
    false,
    "see observations on the scale of their running mean and deviation",
  ) as ToggleOption,
  normalizeValues: toggle(false, "learn values on the scale of their running mean and deviation") as ToggleOption,
  clipValue: real(0, 1e6, 0, "how far a value may move in an iteration; 0: freely") as NumberOption<number>,
  targetKl: real(0, 1e6, 0, "no further epoch after one with a larger KL; 0: all epochs") as NumberOption<number>,
};

/** What concerns how it is computed and kept. */
export const running = {
  seed: {
    ...integer(0, 2 ** 32 - 1, 0, "the same seed, the same numbers; 0,1,2: a run each"),
    many: true,
  } as NumberOption<number>,
  device: choice(["auto", "cpu", "webgpu"], "auto", "auto takes a hardware GPU if there is one") as ChoiceOption<
    "auto" | "cpu" | "webgpu"
  >,
  saveEvery: integer(1, 10_000_000, 5, "iterations between checkpoints") as NumberOption<number>,
  evalEvery: integer(
    0,
    10_000_000,
    0,
    "iterations between evaluations of 100 episodes; 0: none",
  ) as NumberOption<number>,
  earlyStop: {
    kind: "number",
    min: -1e6,
    max: 1e6,
    aboveMin: false,
    initial: null,
    help: "end once the mean reward of 5 iterations reaches this",
  } as NumberOption<null>,
};

/**
 * What makes a run: kept in its config.json.
 *
 * @internal
 */
export const settings = { ...task, ...learning, ...running };

/** What concerns one command only. */
export const controls = {
  preset: choice(
    ["seed", "tuned"],
    null,
    "settings to begin with; tuned unless learning is spelt out",
  ) as ChoiceOption<"seed" | "tuned">,
  out: path("output", "folder for runs: PATH/<scenario>/<timestamp>/"),
  resume: path(null, "continue a run, from its folder or one of its checkpoints"),
  maxTime: { kind: "duration", help: "90s, 20m, 2h: end after the iteration in which it is over" } as DurationOption,
  checkNumerics: flag("judge every step when it ends; on a GPU this waits for each step"),
  dryRun: flag("check everything and write nothing"),
  printConfig: flag("print the configuration as JSON"),
  help: flag("print this"),
};

/** Every option, by the headings of `--help`. */
export const groups: Readonly<Record<string, Readonly<Record<string, Option>>>> = {
  "The task": task,
  "Learning": learning,
  "The run": { ...running, ...controls },
};

/**
 * The configuration of a run: a value for each flag of `deno task train` under "The task", "Learning" and "The run", which
 * `deno task train --help` explains; `framesPerBatch` is `--frames-per-batch`.
 */
export type Config = ValuesOf<typeof settings>;

/** The flags of a command that are no part of the configuration. */
export type Controls = ValuesOf<typeof controls>;

/** `framesPerBatch` as a flag: `--frames-per-batch`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Whether a number is within the limits of its option. */
export function within({ kind, min, max, aboveMin }: NumberOption, x: number): boolean {
  const whole = kind === "number" || Number.isInteger(x);
  return whole && x >= min && x <= max && !(aboveMin && x === min);
}

/** What an option takes: "a whole number from 1 to 1,000". */
export function rangeOf(option: Option): string {
  switch (option.kind) {
    case "integer":
      return `a whole number ${limitsOf(option)}`;
    case "number":
      return `a number ${limitsOf(option)}`;
    case "duration":
      return "a time such as 90s, 20m or 1h30m";
    case "choice":
      return option.values.length === 1 ? `"${option.values[0]}"` : `one of ${option.values.join(", ")}`;
    case "path":
      return "a path";
    case "toggle":
    case "switch":
      return "nothing";
  }
}

/** The limits of a number: "above 0, at most 1". */
export function limitsOf({ min, max, aboveMin }: NumberOption): string {
  const [least, most] = [min, max].map((x) => x.toLocaleString("en-US"));
  return aboveMin ? `above ${least}, at most ${most}` : `from ${least} to ${most}`;
}
