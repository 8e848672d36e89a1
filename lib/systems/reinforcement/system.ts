/** Systems of what acts in worlds: any of their scenarios with any of their algorithms. */

import { isHostWorld } from "../../worlds/host/world.ts";
import { ActionRepeat } from "../../worlds/repeat.ts";
import { chooseDevice } from "../device.ts";
import type { Config } from "../settings.ts";
import type { Headline, System } from "../system.ts";
import { counted } from "../text.ts";
import { UsageError } from "../usage.ts";
import type { Algorithm, AnyWorld, Networks } from "./algorithm.ts";
import { evaluationOf } from "./evaluation.ts";
import { exportLook } from "./export.ts";
import { pictureOf } from "./picture.ts";
import { type Players, playersOf } from "./players.ts";

/** What the run shows: the sum of reward over an episode, mean over agents, read at done. */
export const rewardHeadline: Headline = {
  metric: "train/episode_reward_sum",
  evaluation: "eval/episode_reward_sum",
  name: "reward",
  title: "episode reward (sum)",
  better: "higher",
};

/** What tells one such system from another. */
export interface ReinforcementParts
  extends Pick<System, "title" | "scenarios" | "task" | "presets" | "preset" | "presetBelow" | "onIteration"> {
  readonly algorithms: Readonly<Record<string, Algorithm>>;
  /** The world of a configuration. Throws a RangeError with a sentence if it refuses its settings. */
  readonly world: (config: Config) => AnyWorld;
  /** Who plays for commands that look at episodes; the policy of a run or a `--controller` unless told otherwise. */
  readonly players?: Players;
  /** Networks of one's own. */
  readonly networks?: Networks;
  /** Throws a UsageError for settings of the world that do not go together. */
  readonly checkTask?: (config: Config) => void;
}

/** Makes the system. */
export function reinforcementSystem(parts: ReinforcementParts): System {
  const algorithm = (config: Config): Algorithm => parts.algorithms[config.algorithm]!;
  const bare = (config: Config): AnyWorld => refusing(() => parts.world(config));
  const { checkTask = () => {}, players = playersOf(bare) } = parts;
  return {
    ...parts,
    headline: rewardHeadline,
    unit: "frames",
    checkTask,
    check(config) {
      checkTask(config);
      const { maxSteps } = config;
      if (typeof maxSteps === "number") algorithm(config).check(config, maxSteps);
    },
    endsWith: (config) => algorithm(config).endsWith(config),
    async create(config) {
      await chooseDevice(config);
      const world = bare(config);
      algorithm(config).check(config, world.maxSteps * (world.framesPerStep ?? 1));
      const { actionRepeat = 1 } = config;
      const held = actionRepeat === 1 ? world : repeated(world, Number(actionRepeat));
      return await refusing(() => algorithm(config).create(held, config, parts.networks));
    },
    describe(config, facts) {
      const { agents } = bare(config);
      return [
        `${config.scenarioName}, ${counted(agents, "agent")}, ${config.algorithm}, seed ${config.seed}: ` +
        `${facts.parameters.toLocaleString("en-US")} parameters`,
        algorithm(config).describe(config, facts),
      ];
    },
    evaluation: evaluationOf(players),
    picture: pictureOf(players),
    exports: exportLook,
  };
}

function repeated(world: AnyWorld, times: number): AnyWorld {
  if (!isHostWorld(world)) return new ActionRepeat(world, times);
  throw new UsageError(
    `--action-repeat ${times} is for worlds of tensors: a simulation on the host holds an action by itself, in its step().`,
  );
}

/** What a world refuses is a fault of the command. */
export function refusing<T>(make: () => T): T {
  const refuse = (error: unknown): never => {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  };
  try {
    const made = make();
    return made instanceof Promise ? made.catch(refuse) as T : made;
  } catch (error) {
    return refuse(error);
  }
}
