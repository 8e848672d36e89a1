/**
 * A batch made ready to be learned from: values, advantages and returns, on their scales, and frames as rows; and what policy
 * and critic say of such rows. Tensor operations only, for the programs that trainers compile.
 */

import type { Shape } from "../graph/types.ts";
import type { Module } from "../nn/module.ts";
import { Recurrent } from "../nn/recurrent.ts";
import { stack } from "../tensor/functions.ts";
import { type Generator, normal } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leaves, leavesLike, mapTree, rebuildTree, type Tree } from "../tensor/tree.ts";
import type { Stateful } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import { RowLayout } from "./batch.ts";
import { generalisedAdvantages } from "./gae.ts";
import { KeptTree } from "./memory.ts";
import type { OnPolicyOptions } from "./on_policy_options.ts";
import type { Networks } from "./own_networks.ts";
import type { Policy, PolicyOutput } from "./policy.ts";
import type { Rollout, SequenceRollout } from "./rollout.ts";
import { RewardScale } from "./reward_scale.ts";
import { RunningScale } from "./running_scale.ts";
import { valuesAlong } from "./values.ts";

/**
 * What a frame of the batch has. `noise` is that of the entropy's estimate, drawn once for a frame; `value` is what the
 * critic said before; `began` is 1 where an episode began. Each is there only where it is needed.
 */
type Field = "observation" | "choice" | "noise" | "logProb" | "advantage" | "returns" | "value" | "began";

/** What both networks remember. */
interface Memories {
  readonly [key: string]: Tree;
  readonly policy: Tree;
  readonly critic: Tree;
}

/** Frames that were rows: tensors whose leading axis is `frame`, by field, and what was remembered before their sequences. */
export interface Frames extends Readonly<Record<Field, Tensor>> {
  readonly memories: readonly Tensor[];
}

/** A batch made ready. */
export interface PreparedBatch {
  readonly [key: string]: Tensor;
  /** float32 [row, column]: what the updates need of each frame, or of each sequence of frames. */
  readonly rows: Tensor;
  /**
   * float32 [6]: sums of reward and of steps over the episodes that ended, how many did, the mean reward of a step, the
   * variance of the returns that values do not explain, and the whole of it.
   */
  readonly summary: Tensor;
}

/** How a batch is prepared. */
export interface PreparationOptions {
  /** How sentences call the algorithm: "PPO". */
  readonly algorithm: string;
  /** Of the trainer. */
  readonly options: OnPolicyOptions;
  /** Environments side by side, and steps of each in a batch, at least. */
  readonly shape: { readonly envs: number; readonly steps: number };
  /** Whether frames keep what the critic said of them. */
  readonly keepValues?: boolean;
}

/** Policy and critic, and the batches that they learn from. */
export class Preparation {
  readonly policy: Policy;
  readonly critic: Module;
  /** Environments side by side. */
  readonly envs: number;
  /** Steps of each environment in a batch: those asked for, rounded up to whole sequences. */
  readonly steps: number;
  /** Steps of a sequence where networks remember; undefined where they do not, and frames are learned from one by one. */
  readonly sequenceLength: number | undefined;
  /** Where the critic learns values on their own scale. */
  readonly valueScale: RunningScale | null;
  /** Where rewards are learned from on the scale of their discounted sums. */
  readonly rewardScale: RewardScale | null;
  /** What the critic remembers from batch to batch, if it does. */
  readonly criticMemory: KeptTree;
  readonly #options: OnPolicyOptions;
  readonly #keepValues: boolean;
  readonly #layout: RowLayout<Field>;
  /** What the networks remember where episodes begin. */
  readonly #initial: Memories;

  constructor(
    environment: Pick<Environment<Tree>, "agents" | "observationSize">,
    { policy, critic }: Networks,
    { algorithm, options, shape: { envs, steps }, keepValues = false }: PreparationOptions,
  ) {
    [this.policy, this.critic, this.envs] = [policy, critic, envs];
    [this.#options, this.#keepValues] = [options, keepValues];
    this.valueScale = options.normalizeValues ? new RunningScale([]) : null;
    const { agents } = environment;
    this.rewardScale = options.normalizeRewards ? new RewardScale(envs, agents, options.gamma) : null;
    const remembered = critic instanceof Recurrent ? critic.initialState(envs, agents) : {};
    this.#initial = { policy: policy.initialMemory(envs), critic: remembered };
    this.criticMemory = new KeptTree(remembered, "memory");
    const recurrent = policy.recurrent || critic instanceof Recurrent;
    this.sequenceLength = recurrent ? Math.min(options.sequenceLength ?? 10, steps) : undefined;
    this.steps = Math.ceil(steps / this.framesPerRow) * this.framesPerRow;
    if (options.minibatchSize < this.framesPerRow) {
      throw new RangeError(
        `${algorithm}: where networks remember a minibatch is made of whole sequences: minibatchSize is at least ` +
          `${this.framesPerRow}, the length of one, not ${options.minibatchSize}.`,
      );
    }
    this.#layout = this.#rowLayout(environment);
  }

  /** Frames in a row: 1, or those of a sequence. */
  get framesPerRow(): number {
    return this.sequenceLength ?? 1;
  }

  /** Rows of a batch. */
  get rows(): number {
    return this.envs * this.steps / this.framesPerRow;
  }

  /** Frames of a batch: steps of all environments. */
  get frames(): number {
    return this.envs * this.steps;
  }

  /** Rows in a minibatch of so many frames. */
  rowsOf(minibatchSize: number): number {
    return Math.floor(minibatchSize / this.framesPerRow);
  }

  /** What goes on from batch to batch, by name. */
  get owners(): Readonly<Record<string, Stateful>> {
    const { valueScale, rewardScale, policy: { observationScale } } = this;
    return {
      ...(valueScale ? { valueScale } : {}),
      ...(rewardScale ? { rewardScale } : {}),
      ...(observationScale ? { observationScale } : {}),
      critic: this.criticMemory,
    };
  }

  /** Values, advantages and returns of a batch, and its frames as rows. `generator` draws the noise of the entropy's estimate. */
  prepare(rollout: Rollout, generator: Generator): PreparedBatch {
    const { gamma, lmbda, bootstrapTruncated = true } = this.#options;
    const { choice, logProb, done, began = done } = rollout as Rollout & Partial<SequenceRollout>;
    const observation = this.policy.normalize(rollout.observation);
    const [time, env, agents] = rollout.reward.shape as [number, number, number];
    const scale = this.valueScale;
    const reward = this.rewardScale ? this.rewardScale.scaled(rollout.reward, done) : rollout.reward;
    const asReward = (value: Tensor): Tensor => scale ? scale.inverse(value) : value;
    const { said, saidNext, memory } = this.#values(rollout, observation);
    const value = asReward(said);
    const nextValue = asReward(saidNext);
    const terminated = bootstrapTruncated ? rollout.terminated : done;
    const { advantage, returns } = generalisedAdvantages(
      { reward, value, nextValue, terminated, done },
      gamma,
      lmbda,
    );
    const summary = summaryOf(rollout, value, returns);
    const noise = normal(generator.next(), [time, env, agents, this.policy.entropyNoiseSize]);
    // What follows learns from the batch as those saw and valued it who made it.
    scale?.add(returns);
    this.policy.observationScale?.add(rollout.observation);
    const rows = this.#layout.pack({
      ...{ observation, choice, noise, logProb, value: said },
      advantage: this.#options.normalizeAdvantages ? standardized(advantage) : advantage,
      returns: scale ? scale.forward(returns) : returns,
      began: began.cast("float32"),
    }, leavesLike(this.#initial, memory));
    return { rows, summary };
  }

  /** The frames of rows. */
  unpack(rows: Tensor): Frames {
    const [frames, memories] = this.#layout.unpack(rows);
    return { ...frames, memories };
  }

  /** What the policy says of frames: where it remembers, along the sequences that they are of. */
  outputOf(frames: Frames): PolicyOutput {
    const { policy, sequenceLength } = this;
    if (sequenceLength === undefined) return policy.head(frames.observation);
    const { x, starts, memory } = this.#sequences(frames);
    return mapTree(policy.along(x, memory.policy, starts), (y) => y.flatten(0, 1));
  }

  /** What the critic says of frames, in its own units. */
  valueOf(frames: Frames): Tensor {
    const { critic } = this;
    if (!(critic instanceof Recurrent)) return critic.forward(frames.observation);
    const { x, starts, memory } = this.#sequences(frames);
    return critic.run(x, memory.critic, starts)[0].flatten(0, 1);
  }

  #sequences({ observation, began, memories }: Frames): { x: Tensor; starts: Tensor; memory: Memories } {
    const inSequences = (x: Tensor): Tensor => x.reshape(this.framesPerRow, -1, ...x.shape.slice(1));
    return {
      x: inSequences(observation),
      starts: inSequences(began).greater(0.5),
      memory: rebuildTree(this.#initial, memories.values()),
    };
  }

  /** What the critic says before and after each step, `[time, env, agent]`, and what was remembered before each sequence. */
  #values(rollout: Rollout, observation: Tensor): { said: Tensor; saidNext: Tensor; memory: Memories } {
    const { critic } = this;
    const data = (value: Tensor): Tensor => value.detach("advantages are data");
    const nextObservation = this.policy.normalize(rollout.nextObservation);
    if (this.sequenceLength !== undefined && critic instanceof Recurrent) {
      const { began, memory: policy } = rollout as SequenceRollout;
      const seen = { observation, nextObservation, began };
      const { value, nextValue, memory, last } = valuesAlong(critic, seen, this.criticMemory.tree, this.sequenceLength);
      this.criticMemory.assign(last);
      return { said: data(value), saidNext: data(nextValue), memory: { policy, critic: memory } };
    }
    const valueOf = (x: Tensor): Tensor => data(critic.forward(x.flatten(0, 1))).reshape(...rollout.reward.shape);
    const { memory = {} } = rollout as Rollout & Partial<SequenceRollout>;
    return { said: valueOf(observation), saidNext: valueOf(nextObservation), memory: { policy: memory, critic: {} } };
  }

  #rowLayout({ agents, observationSize }: Pick<Environment, "agents" | "observationSize">): RowLayout<Field> {
    const { choiceSize, entropyNoiseSize } = this.policy;
    const shapes: Partial<Record<Field, Shape>> = {
      observation: [agents, observationSize],
      choice: [agents, choiceSize],
      ...(entropyNoiseSize > 0 ? { noise: [agents, entropyNoiseSize] } : {}),
      logProb: [agents],
      advantage: [agents],
      returns: [agents],
      ...(this.#keepValues ? { value: [agents] } : {}),
      ...(this.sequenceLength === undefined ? {} : { began: [] }),
    };
    const memories = leaves(this.#initial).map((x) => x.shape.slice(1));
    return new RowLayout(shapes as Record<Field, Shape>, this.framesPerRow, memories);
  }
}

/** What a batch shows by itself. */
function summaryOf(rollout: Rollout, value: Tensor, returns: Tensor): Tensor {
  const episodes = rollout.done.cast("float32").sum();
  const spread = (x: Tensor): Tensor => x.variance(undefined, { correction: 0 });
  // Sums, not means: where no episode ended a mean would be NaN, which is for the reader to say, not for the program.
  return stack([
    rollout.episodeReward.sum(),
    rollout.episodeLength.sum(),
    episodes,
    rollout.reward.mean(),
    spread(returns.sub(value)),
    spread(returns),
  ]);
}

/** What a {@linkcode PreparedBatch.summary} says, as metrics. */
export async function summaryMetrics(summary: Tensor): Promise<Record<string, number>> {
  const [reward, length, episodes, meanReward, unexplained, spread] = await summary.data();
  return {
    "train/episode_reward_sum": reward! / episodes!,
    "train/episode_length": length! / episodes!,
    "train/episodes": episodes!,
    "train/step_reward_mean": meanReward!,
    "train/explained_variance": 1 - unexplained! / spread!,
  };
}

/** With mean 0 and deviation 1. */
function standardized(x: Tensor): Tensor {
  return x.sub(x.mean()).div(x.std().add(1e-8));
}
