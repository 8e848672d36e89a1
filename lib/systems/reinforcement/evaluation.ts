/** How good a policy or a controller is, over whole episodes. */

import { type Episodes, Evaluator } from "../../rl/evaluation.ts";
import { flag, integer, type ValuesOf } from "../option.ts";
import { interval95, summarise, type Summary } from "../statistics.ts";
import { type Evaluation, type Look, look, type Subject } from "../system.ts";
import { counted, numberText } from "../text.ts";
import type { AnyWorld } from "./algorithm.ts";
import type { Cast } from "./footage.ts";
import type { Players } from "./players.ts";

const options = {
  episodes: integer(1, 1_000_000, 100, "whole episodes to play"),
  seed: integer(0, 2 ** 32 - 1, 0, "the same seed gives the same starts to whatever is evaluated"),
  json: flag("print everything as JSON, each episode too"),
};

/** `deno task eval` of who plays in a world. */
export function evaluationOf(players: Players): Look<Evaluation> {
  return look({
    options: { ...options, ...players.options },
    notes: [
      "Reward is the sum over an episode, mean over agents. Each environment plays one episode to its end, so that short",
      "ones count no more than long ones. The 95% interval is mean +- t s / sqrt(n), by Student's t with n - 1 degrees of",
      "freedom.",
    ],
    async run(subject, values) {
      const { episodes: count, seed } = values as ValuesOf<typeof options>;
      const result = await players.play(subject, values, async (cast) => {
        const episodes = await playEpisodes(cast, count, seed);
        return resultOf(subject, cast.environment, players.named(values) ?? "policy", seed, episodes);
      });
      return { json: result, lines: linesOf(result) };
    },
  });
}

/** `count` whole episodes, drawn from `seed`. */
export async function playEpisodes(
  { environment, controller, state }: Cast<AnyWorld>,
  count: number,
  seed: number,
): Promise<Episodes> {
  const evaluator = new Evaluator(environment, controller, state);
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
  /** What a world on the host measures, by name: over the episodes, of each the mean of its steps or their sum. */
  readonly metrics?: Readonly<Record<string, Quantity>>;
  readonly each: {
    readonly reward: number[];
    readonly length: number[];
    readonly terminated: boolean[];
    readonly metrics?: Readonly<Record<string, number[]>>;
  };
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

function resultOf(
  { config, name, iteration }: Subject,
  { agents, maxSteps }: AnyWorld,
  controller: string,
  seed: number,
  { reward, length, terminated, metrics = {} }: Episodes,
): Result {
  const measured = Object.entries(metrics);
  return {
    target: name,
    iteration,
    scenario: config.scenarioName,
    agents,
    maxSteps,
    controller,
    seed,
    episodes: reward.length,
    reward: quantity(reward),
    length: quantity(length),
    terminated: summarise(terminated).mean,
    ...measured.length > 0 && { metrics: Object.fromEntries(measured.map(([name, x]) => [name, quantity(x)])) },
    each: {
      ...{ reward: [...reward], length: [...length], terminated: Array.from(terminated, Boolean) },
      ...measured.length > 0 && { metrics: Object.fromEntries(measured.map(([name, x]) => [name, [...x]])) },
    },
  };
}

function linesOf(result: Result): string[] {
  const { controller, episodes, seed, reward, length, terminated, metrics = {} } = result;
  const who = controller === "policy" ? `deterministic policy of ${result.target}` : `the controller "${controller}"`;
  const measured = Object.entries(metrics);
  const width = Math.max(10, ...measured.map(([name]) => name.length)) + 3;
  const line = (name: string, text: string): string => name.padEnd(width) + text;
  return [
    `${result.scenario}, ${counted(result.agents, "agent")}: ${who}`,
    `${counted(episodes, "episode")} of at most ${result.maxSteps} steps, seed ${seed}`,
    "",
    line("reward", textOf(reward, episodes)),
    line("length", `${length.mean.toFixed(1)}   from ${length.min} to ${length.max}`),
    line("terminated", `${(100 * terminated).toFixed(1)}%`),
    ...measured.map(([name, x]) => line(name, textOf(x, episodes))),
  ];
}

function textOf({ mean, interval, deviation, min, max }: Quantity, episodes: number): string {
  const certain = interval === null ? "" : `   95% interval ${interval.map(numberText).join(" to ")}`;
  const spread = episodes === 1 ? "" : `   deviation ${numberText(deviation)}`;
  return `${numberText(mean)}${certain}${spread}   from ${numberText(min)} to ${numberText(max)}`;
}
