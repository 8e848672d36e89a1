/** `deno task eval`: how good a policy or a controller is, over whole episodes. */

import { type Episodes, Evaluator } from "../../rl/evaluation.ts";
import { controllerNames, controllerOf } from "../../worlds/controllers.ts";
import { chooseDevice } from "../create.ts";
import {
  choice,
  type ChoiceOption,
  type Config,
  flag,
  integer,
  type NumberOption,
  running,
} from "../command/options.ts";
import { counted } from "../loop/progress.ts";
import { interval95, summarise, type Summary } from "./statistics.ts";
import { findTarget, openTrainer, type Target, worldOf, worldOptions } from "./target.ts";
import type { Call, Tool } from "../command/tool.ts";

const options = {
  episodes: integer(1, 1_000_000, 100, "whole episodes to play") as NumberOption<number>,
  controller: choice(controllerNames, null, "instead of the policy of a run") as ChoiceOption<"random" | "heuristic">,
  seed: integer(0, 2 ** 32 - 1, 0, "the same seed gives the same starts to whatever is evaluated") as NumberOption<
    number
  >,
  ...worldOptions,
  device: running.device,
  json: flag("print everything as JSON, each episode too"),
};

/** `deno task eval`. */
export const evalTool: Tool<typeof options> = {
  name: "eval",
  summary:
    "Plays whole episodes with the deterministic policy of a run (the mode of its distribution), or with a controller.",
  usage: "RUN | CHECKPOINT | SCENARIO [flags]",
  positionals: [1, 1],
  options,
  notes: [
    "Reward is the sum over an episode, mean over agents. Each environment plays one episode to its end, so that short",
    "ones count no more than long ones. The 95% interval is mean +- t s / sqrt(n), by Student's t with n - 1 degrees of",
    "freedom. --n-agents and --max-steps go with the name of a scenario.",
  ],
  examples: [
    "output/navigation/2030-01-31_12-00-00",
    "output/navigation/2030-01-31_12-00-00 --controller heuristic",
    "wheel --controller random --episodes 500 --json",
  ],
  run: async ({ positionals: [text], values, given }) => {
    const target = findTarget(text!, given as Partial<Config>);
    const { episodes: count, seed, json } = values;
    const controller = (values.controller as typeof values.controller | null) ?? null;
    const episodes = await evaluate(target, controller, count, seed);
    const result = resultOf(target, controller, seed, episodes);
    return json ? JSON.stringify(result, null, 2) : textOf(result);
  },
};

async function evaluate(
  target: Target,
  controller: Call<typeof options>["values"]["controller"] | null,
  count: number,
  seed: number,
): Promise<Episodes> {
  if (controller === null) {
    const trainer = await openTrainer(target, ", or a --controller");
    try {
      return await trainer.evaluate(count, seed);
    } finally {
      trainer.dispose();
    }
  }
  const world = worldOf(target);
  await chooseDevice(target.config.device);
  const evaluator = new Evaluator(world, controllerOf(world, controller));
  try {
    return await evaluator.run(count, seed);
  } finally {
    evaluator.dispose();
  }
}

/** What `--json` prints. */
interface Result {
  readonly target: string;
  readonly iteration: number | null;
  readonly scenario: string;
  readonly agents: number;
  readonly maxSteps: number;
  readonly controller: string;
  readonly seed: number;
  readonly episodes: number;
  readonly reward: Quantity;
  readonly length: Quantity;
  /** The share of episodes whose task ended; in the others the time was up. */
  readonly terminated: number;
  readonly each: { readonly reward: number[]; readonly length: number[]; readonly terminated: boolean[] };
}

interface Quantity extends Omit<Summary, "count"> {
  /** The 95% confidence interval of the mean; null for one episode. */
  readonly interval: readonly [low: number, high: number] | null;
}

function quantity(values: ArrayLike<number>): Quantity {
  const summary = summarise(values);
  const { count: _, ...rest } = summary;
  return { ...rest, interval: interval95(summary) };
}

function resultOf(target: Target, controller: string | null, seed: number, episodes: Episodes): Result {
  const { config, run } = target;
  const { reward, length, terminated } = episodes;
  return {
    target: run === null ? config.scenarioName : run.checkpoint?.path ?? run.folder,
    iteration: run?.checkpoint?.iteration ?? null,
    scenario: config.scenarioName,
    agents: config.nAgents,
    maxSteps: config.maxSteps,
    controller: controller ?? "policy",
    seed,
    episodes: reward.length,
    reward: quantity(reward),
    length: quantity(length),
    terminated: summarise(terminated).mean,
    each: { reward: [...reward], length: [...length], terminated: Array.from(terminated, Boolean) },
  };
}

const number = (x: number): string => Math.abs(x) >= 100 ? x.toFixed(1) : x.toFixed(3);

function textOf(result: Result): string {
  const { controller, episodes, seed, reward, length, terminated } = result;
  const who = controller === "policy" ? `deterministic policy of ${result.target}` : `the controller "${controller}"`;
  const interval = reward.interval === null ? "" : `   95% interval ${reward.interval.map(number).join(" to ")}`;
  const spread = episodes === 1 ? "" : `   deviation ${number(reward.deviation)}`;
  return [
    `${result.scenario}, ${counted(result.agents, "agent")}: ${who}`,
    `${counted(episodes, "episode")} of at most ${result.maxSteps} steps, seed ${seed}`,
    "",
    `reward       ${number(reward.mean)}${interval}${spread}   from ${number(reward.min)} to ${number(reward.max)}`,
    `length       ${length.mean.toFixed(1)}   from ${length.min} to ${length.max}`,
    `terminated   ${(100 * terminated).toFixed(1)}%`,
  ].join("\n");
}
