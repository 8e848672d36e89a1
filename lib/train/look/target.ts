/** What commands act on: a run, one of its checkpoints, or a scenario by its name. */

import { signature } from "../../graph/arguments.ts";
import { anyWorld, callable, having, options, text } from "../../worlds/kinds.ts";
import { flagOf, type Table } from "../../systems/option.ts";
import { scenarioNames, type UsualTrainer } from "../../systems/registry.ts";
import type { Config, Settings } from "../../systems/settings.ts";
import type { Subject, System } from "../../systems/system.ts";
import type { Trainer } from "../../systems/trainer.ts";
import { UsageError } from "../../systems/usage.ts";
import { parseTask, withPreset } from "../command/config.ts";
import { nearestScenario } from "../command/nearest.ts";
import { isModulePath } from "../../systems/module_path.ts";
import { ownWorldSystem } from "../../systems/own_world.ts";
import type { Tree } from "../../tensor/tree.ts";
import type { HostWorld } from "../../worlds/host/world.ts";
import type { AnyWorld, Networks } from "../../systems/reinforcement/algorithm.ts";
import type { Environment } from "../../worlds/environment.ts";
import { everySetting } from "../command/tables.ts";
import { systemFor, systemToOpen } from "../command/worlds.ts";
import { infoOf } from "../files/atomic.ts";
import { findRun, type ResumePoint } from "../files/find_run.ts";
import { runsOfSeries } from "../files/series.ts";
import { usedConfig } from "../command/saved_config.ts";
import { checkpointOf, restore } from "../loop/session.ts";

/** What the user pointed at. */
export interface Target {
  readonly system: System;
  readonly config: Config;
  /** The run, and the checkpoint of it that is meant; null for a scenario. */
  readonly run: ResumePoint | null;
}

/** The flags that make the world of a scenario; a run has its own, and each scenario its defaults. */
export function taskOptions({ task }: Pick<System, "task">): Table {
  return Object.fromEntries(Object.entries(task).map(([name, row]) => [name, { ...row, initial: null }])) as Table;
}

/**
 * What `text` points at: a path, or the name of a scenario. `given` are the flags that were given; `device` replaces that of
 * the run. Throws a {@linkcode UsageError} if it is neither, or the flags do not go with it.
 */
export async function findTarget(text: string, given: Settings): Promise<Target> {
  const onDevice = (config: Config): Config =>
    given.device === undefined ? config : { ...config, device: given.device as Config["device"] };
  if (scenarioNames().includes(text) || (/\.[cm]?[jt]s$/.test(text) && isModulePath(text))) {
    const system = await systemFor(text);
    // The world as the scenario has it, not as a tuned preset acts in it.
    const bare = withPreset(system, text, {}, system.presets[0]);
    return { system, config: onDevice(parseTask(system, { ...bare, ...pick(given, system.task) })), run: null };
  }
  const world = Object.keys(given).find((name) => name !== "seed" && name !== "device" && name in everySetting());
  if (world !== undefined) {
    throw new UsageError(
      `${flagOf(world)} goes with the name of a scenario: a run keeps the world that it was trained in.`,
    );
  }
  const [first] = runsOfSeries(text);
  if (first !== undefined) throw new UsageError(`${text} is a series of runs: give one of them, such as ${first}.`);
  if (!/[\\/.]/.test(text) && infoOf(text) === null) {
    const close = nearestScenario(text, scenarioNames());
    throw new UsageError(
      `"${text}" is no run and no scenario: give the folder of a run, one of its checkpoints, or one of ` +
        `${scenarioNames().join(", ")}${close === null ? "." : `: did you mean ${close}?`}`,
    );
  }
  const run = findRun(text);
  const config = usedConfig(run);
  return { system: await systemToOpen(config.scenarioName), config: onDevice(config), run };
}

/** The target as its system looks at it. */
export function subjectOf(target: Target): Subject {
  const { config, run } = target;
  return {
    config,
    name: run === null ? config.scenarioName : run.checkpoint?.path ?? run.folder,
    iteration: run?.checkpoint?.iteration ?? null,
    trainer: (instead = "") => openTrainer(target, instead),
  };
}

async function openTrainer({ system, config, run }: Target, instead: string): Promise<Trainer> {
  if (run === null) {
    throw new UsageError(`${config.scenarioName} is a scenario, which has no policy: give a run${instead}.`);
  }
  if (run.checkpoint === null) {
    throw new UsageError(`${run.folder} has no checkpoint yet: there is no policy to take from it.`);
  }
  // Read first: a run that is being trained soon removes it.
  const checkpoint = checkpointOf(run);
  const trainer = await system.create(config);
  await restore(checkpoint, trainer);
  return trainer;
}

const takesConfig = signature("createTrainer()", {
  config: having("a configuration, as a run's config.json holds it,", { scenarioName: text }),
});

/**
 * The trainer of a configuration, as a run's `config.json` holds it, before its first iteration. The device of the
 * configuration becomes that of the process.
 *
 * @throws UsageError if the device cannot be had or the world refuses its options.
 */
export async function createTrainer<T extends Trainer = UsualTrainer>(config: Config): Promise<T> {
  takesConfig(arguments);
  return await (await systemFor(config.scenarioName)).create(config) as unknown as T;
}

const takesPath = signature("loadTrainer()", {
  path: text,
  options: options({ environment: anyWorld, policy: callable, critic: callable }),
});

/**
 * The trainer of the run in a folder as it was at its newest checkpoint, or at the one that `path` names: its `policy`, its
 * `environment`, and all that is needed to go on. The device of the run becomes that of the process.
 *
 * @example
 * ```ts
 * import { loadTrainer, trainRun } from "@plumbline/plumbline";
 *
 * const small = { maxSteps: 10, framesPerBatch: 40, minibatchSize: 40, numEpochs: 1, nIters: 1 };
 * const { folder } = await trainRun(small, await Deno.makeTempDir());
 * const trainer = await loadTrainer(folder);
 * console.log((await trainer.evaluate(5, 0)).reward.length); // 5
 * ```
 * A run of a world that a program made needs that world again: `loadTrainer(folder, { environment })`.
 *
 * @throws UsageError if there is no run, or it has no checkpoint yet.
 */
export async function loadTrainer<T extends Trainer = UsualTrainer, S extends Tree = Tree>(
  path: string,
  options: { readonly environment?: Environment<S> | HostWorld } & Networks = {},
): Promise<T> {
  takesPath(arguments);
  const { environment, ...networks } = options;
  const run = findRun(path);
  const config = usedConfig(run);
  const system = environment
    ? ownWorldSystem(config.scenarioName, { world: environment as unknown as AnyWorld, networks })
    : await systemToOpen(config.scenarioName);
  return await openTrainer({ system, config, run }, "") as unknown as T;
}

function pick(given: Settings, table: Table): Settings {
  return Object.fromEntries(Object.entries(given).filter(([name]) => name in table));
}
