/** The configuration of a run: a valibot schema made from the table of options, and the rules between options. */

import * as v from "valibot";
import { batchShape } from "../../rl/rollout.ts";
import { UsageError } from "../files/error.ts";
import {
  type ChoiceOption,
  type Config,
  flagOf,
  type NumberOption,
  rangeOf,
  settings,
  type ToggleOption,
  within,
} from "./options.ts";
import { preset, presetBelow, type PresetName } from "../presets.ts";

/** How a batch is collected and learned from. */
export interface Batch {
  /** How many whole episodes fit into framesPerBatch; 1 or more. */
  readonly envs: number;
  /** Actions of each env in an iteration. */
  readonly steps: number;
  /** envs x steps x actionRepeat: not below framesPerBatch, and every one is used. */
  readonly frames: number;
  /** Updates in an epoch; the last may be of fewer frames. */
  readonly minibatches: number;
}

type Setting = NumberOption | ChoiceOption | ToggleOption;

function schemaOf(name: string, option: Setting): v.GenericSchema<unknown, number | string | boolean | null> {
  if (option.kind === "toggle") return v.boolean(({ received }) => `"${name}" is true or false, not ${received}.`);
  const message = (issue: { received: string }) => `${flagOf(name)} takes ${rangeOf(option)}, not ${issue.received}.`;
  if (option.kind === "choice") return v.picklist(option.values, message);
  const number = v.pipe(v.number(message), v.check((x) => within(option, x), message));
  return option.initial === null ? v.nullable(number) : number;
}

const entries = Object.fromEntries(
  Object.entries<Setting>(settings).map(([name, option]) => [name, schemaOf(name, option)]),
);

const fields = v.strictObject(entries, ({ expected, path }) => {
  const name = String(path?.[0]?.key);
  return expected === "never" ? `"${name}" is no setting.` : `${flagOf(name)} is missing.`;
});

/** What makes a world that there is. */
const worldSchema: v.GenericSchema<unknown, Config> = v.pipe(
  fields as unknown as v.GenericSchema<unknown, Config>,
  v.check(
    (c) => c.scenarioName !== "buzz_wire" || c.nAgents === 2,
    ({ input: c }) => `--n-agents ${c.nAgents} does not go with buzz_wire, which is for two agents: give --n-agents 2.`,
  ),
);

/** What a config.json holds. */
const configSchema: v.GenericSchema<unknown, Config> = v.pipe(
  worldSchema,
  v.check(
    (c) => c.framesPerBatch >= c.maxSteps,
    ({ input: c }) =>
      `--frames-per-batch ${c.framesPerBatch} is less than one episode of --max-steps ${c.maxSteps}: ` +
      `give at least ${c.maxSteps} frames.`,
  ),
  v.check(
    (c) => c.framesPerBatch < c.maxSteps || c.minibatchSize <= rowsOf(c),
    ({ input: c }) =>
      `--minibatch-size ${c.minibatchSize} is larger than the batch of ${rowsOf(c)} ` +
      `${c.actionRepeat === 1 ? "frames" : "actions"}: give at most ${rowsOf(c)}, or more --frames-per-batch.`,
  ),
);

/** The defaults of every setting, which are those of navigation. */
export const defaults: Config = Object.fromEntries(
  Object.entries(settings).map(([name, option]) => [name, option.initial]),
) as unknown as Config;

/**
 * The configuration of a new run: the flags that were given, else what the preset says, else the defaults. Throws a
 * {@linkcode UsageError}.
 */
export function newConfig(given: Partial<Config>, name: PresetName = presetBelow(given)): Config {
  const scenario = parseField("scenarioName", given.scenarioName ?? defaults.scenarioName);
  return parseConfig({ ...defaults, ...preset(scenario, name), ...given });
}

function parseField<K extends keyof Config>(name: K, value: unknown): Config[K] {
  const result = v.safeParse(entries[name]!, value);
  if (!result.success) throw new UsageError(result.issues[0].message);
  return result.output as Config[K];
}

/** Checks `value`; throws a {@linkcode UsageError} with the first thing that does not fit. */
export function parseConfig(value: unknown): Config {
  return parse(configSchema, value);
}

/** As {@linkcode parseConfig}, for those who collect no batches to learn from: an episode may be longer than one. */
export function parseWorld(value: unknown): Config {
  return parse(worldSchema, value);
}

function parse(schema: v.GenericSchema<unknown, Config>, value: unknown): Config {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (!result.success) throw new UsageError(result.issues[0].message);
  return result.output;
}

/** The shape of the batches of `config`. */
export function batchOf(config: BatchSettings): Batch {
  const { framesPerBatch, maxSteps, minibatchSize, actionRepeat } = config;
  const { envs, steps } = batchShape(framesPerBatch, Math.ceil(maxSteps / actionRepeat), actionRepeat);
  return { envs, steps, frames: envs * steps * actionRepeat, minibatches: Math.ceil(envs * steps / minibatchSize) };
}

type BatchSettings = Pick<Config, "framesPerBatch" | "maxSteps" | "minibatchSize" | "actionRepeat">;

/** What an epoch goes over. */
function rowsOf(config: BatchSettings): number {
  const { envs, steps } = batchOf(config);
  return envs * steps;
}

/** What may be another in a resumed run: no number that is learned depends on it, but for the rounding of another device. */
const harmless: readonly (keyof Config)[] = ["device", "saveEvery", "evalEvery", "earlyStop"];

/** The configuration of a resumed run: its own, with the flags that were given again. Throws a {@linkcode UsageError}. */
export function resumedConfig(run: Config, given: Partial<Config>): Config {
  for (const name of Object.keys(given) as (keyof Config)[]) {
    if (given[name] === run[name] || harmless.includes(name)) continue;
    if (name !== "nIters") {
      throw new UsageError(
        `${flagOf(name)} ${given[name]} differs from the ${
          run[name]
        } of the run that is resumed: leave it out, or start a new run.`,
      );
    }
    const scheduled = [
      { of: "the learning rate", schedule: run.lrSchedule },
      { of: "the entropy bonus", schedule: run.entropySchedule },
    ].find(({ schedule }) => schedule !== "constant");
    if (scheduled) {
      throw new UsageError(
        `--n-iters ${given.nIters} would change the ${scheduled.schedule} schedule of ${scheduled.of}, which ends with the ` +
          `${run.nIters} iterations of the run: leave it out, or start a new run.`,
      );
    }
    if (given.nIters! < run.nIters) {
      throw new UsageError(
        `--n-iters ${given.nIters} is less than the ${run.nIters} of the run: it can only be raised.`,
      );
    }
  }
  return parseConfig({ ...run, ...given });
}
