/** A run that a program asks for, rather than a person at a terminal. */

import { holdInterrupts } from "../../graph/interrupt.ts";
import { signature } from "../../graph/arguments.ts";
import * as kind from "../../worlds/kinds.ts";
import { ownWorldSystem } from "../../systems/own_world.ts";
import type { CommonConfig, Settings } from "../../systems/settings.ts";
import type { IterationListener, System } from "../../systems/system.ts";
import { UsageError } from "../../systems/usage.ts";
import type { Tree } from "../../tensor/tree.ts";
import type { AnyWorld, Networks } from "../../systems/reinforcement/algorithm.ts";
import type { Environment } from "../../worlds/environment.ts";
import type { HostWorld } from "../../worlds/host/world.ts";
import { newConfig, resumedConfig } from "../command/config.ts";
import { type Plan, scenarioOf } from "../command/plan.ts";
import { systemFor, systemToOpen } from "../command/worlds.ts";
import { findRun } from "../files/find_run.ts";
import { usedConfig } from "../command/saved_config.ts";
import { type CurvePoint, rewardCurve } from "../../plot/curves.ts";
import { readRun, type RunRecord } from "../look/records.ts";
import type { Host } from "./host.ts";
import { inNotebook } from "../../plot/notebook.ts";
import { LiveChart } from "./live.ts";
import type { Output } from "./progress.ts";
import { Session, start } from "./session.ts";
import type { Stop } from "./signals.ts";

const silent: Output = { write: () => {}, terminal: false, colour: false, columns: Infinity };

/** Nobody watches; the stop button of a notebook is the Ctrl-C. */
function quietHost(stop: Stop): Host {
  return {
    out: silent,
    err: silent,
    createTrainer: (system, config) => system.create(config),
    listenForStop: () => Promise.resolve(stop),
  };
}

/** What a program trains: settings by name, as flags are called in camelCase, and a world of its own if it has one. */
export type RunSettings<S extends Tree = Tree> =
  & Partial<CommonConfig>
  & { readonly environment?: Environment<S> | HostWorld }
  & Networks
  & { readonly [setting: string]: unknown };

/** What a program wants of a run beside its settings. */
export interface RunOptions {
  /** The folder for runs: `<out>/<scenario>/<time>/`. "output" unless told otherwise. */
  readonly out?: string;
  /** The folder or checkpoint of a run to go on with; the settings may raise `nIters`. */
  readonly resume?: string;
  /** In a notebook: a chart of what the run is judged by, which grows while it trains. */
  readonly chart?: boolean;
  /** Called after every iteration, and awaited. Numbers that it gives are logged beside the others, under their names. */
  readonly onIteration?: IterationListener;
}

const someWorld = kind.having("a world, such as new Navigation(),", { name: kind.text });
const takesRun = signature("trainRun()", {
  settings: kind.having("settings by name, { scenarioName, seed },", { environment: kind.optional(someWorld) }),
  options: kind.optional(kind.either(
    kind.text,
    kind.options<RunOptions>({ out: kind.text, resume: kind.text, chart: kind.boolean, onIteration: kind.callable }),
  )),
});

/**
 * Trains a run as `deno task train` does, and shows nothing: into a new folder `<out>/<scenario>/<time>/`, with the scenario's
 * preset below the settings that are given. With `environment` it trains a world of one's own. It is read back at the end.
 *
 * @example
 * ```ts
 * import { trainRun } from "@plumbline/plumbline";
 *
 * const out = await Deno.makeTempDir();
 * const settings = { maxSteps: 10, framesPerBatch: 40, minibatchSize: 40, numEpochs: 1, nIters: 2 };
 * const run = await trainRun({ scenarioName: "navigation", ...settings, seed: 1 }, {
 *   out,
 *   onIteration: ({ iteration }) => ({ "own/double": 2 * iteration }),
 * });
 * console.log(run.state, run.rows[1]!.metrics["own/double"]); // finished 4
 * ```
 * @throws UsageError if the settings do not fit; Interrupt if the stop button of a notebook was pressed: the iteration under
 * way was ended and everything is saved; else what the training throws, whose folder stays, with its report.
 */
export async function trainRun<S extends Tree = Tree>(
  settings: RunSettings<S>,
  options: RunOptions | string = {},
): Promise<RunRecord> {
  takesRun(arguments);
  const { out = "output", resume, onIteration, chart }: RunOptions = typeof options === "string"
    ? { out: options }
    : options;
  const { environment, policy, critic, ...given } = settings;
  const networks: Networks = { ...policy && { policy }, ...critic && { critic } };
  const own = environment === undefined
    ? null
    : ownWorldSystem(environment.name, { world: environment as unknown as AnyWorld, networks });
  if (own === null && (policy || critic)) {
    throw new UsageError(
      "policy and critic of one's own go with an environment: trainRun({ environment, policy, .. }).",
    );
  }
  const made = resume === undefined
    ? await newPlan(given as Settings, own, out)
    : await resumedPlan(given as Settings, own, resume);
  const heard: Plan = onIteration ? { ...made, system: { ...made.system, onIteration } } : made;
  const live = chart ? new LiveCurve(heard) : null;
  const trainer = await heard.system.create(heard.config);
  try {
    const stop = holdInterrupts();
    try {
      const session = new Session(quietHost(stop));
      const { folder, result, error } = await start(live?.plan ?? heard, trainer, session);
      if (error !== null) throw error;
      if (result?.ending !== "signal") return readRun(folder);
      const where = `iteration ${trainer.iteration} of ${heard.config.nIters}`;
      const again = `trainRun(${environment ? "{ environment }" : "{}"}, { resume: ${JSON.stringify(folder)} })`;
      throw stop.answer(`Interrupted after ${where}, which is saved. To resume: await ${again}`);
    } finally {
      stop.release();
    }
  } finally {
    trainer.dispose();
    await live?.finish();
  }
}

/** The chart of a run that grows while it trains. */
class LiveCurve {
  readonly #chart = new LiveChart();
  readonly #points: CurvePoint[] = [];
  /** What is to be trained for the chart to see it. */
  readonly plan: Plan;

  constructor(plan: Plan) {
    if (!inNotebook()) throw new UsageError("chart: true shows a chart in a notebook, and this is none.");
    const { system, config } = plan;
    const { metric, title } = system.headline;
    const onIteration: IterationListener = async (event) => {
      const { iteration, frames, metrics } = event;
      this.#points.push({ iteration, frames, value: metrics[metric] ?? NaN });
      const series = [{ name: config.scenarioName, points: this.#points }];
      await this.#chart.update(
        rewardCurve(series, { title: `${config.scenarioName}, ${config.algorithm}`, yTitle: title }),
      );
      return await system.onIteration?.(event);
    };
    this.plan = { ...plan, system: { ...system, onIteration } };
  }

  finish(): Promise<void> {
    return this.#chart.finish();
  }
}

async function newPlan(given: Settings, own: System | null, out: string): Promise<Plan> {
  const scenario = own ? Object.keys(own.scenarios)[0]! : scenarioOf(given);
  const system = own ?? await systemFor(scenario);
  return { system, config: newConfig(system, scenario, given), out, resume: null, arguments: [] };
}

async function resumedPlan(given: Settings, own: System | null, path: string): Promise<Plan> {
  const resume = findRun(path);
  const run = usedConfig(resume);
  const system = own ?? await systemToOpen(run.scenarioName);
  if (own && !Object.hasOwn(own.scenarios, run.scenarioName)) {
    throw new UsageError(
      `${path} is a run of \`${run.scenarioName}\`, and the environment is called \`${
        Object.keys(own.scenarios)[0]
      }\`.`,
    );
  }
  return { system, config: resumedConfig(system, run, given), out: "", resume, arguments: [] };
}
