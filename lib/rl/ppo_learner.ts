/**
 * What multi-agent PPO learns, and how: networks and their optimiser, a batch made ready (values, advantages, rows), and an
 * epoch of updates. Tensor operations only, for the programs that the trainer compiles.
 */

import type { SavedTensor, Shape } from "../graph/types.ts";
import type { Module } from "../nn/module.ts";
import { Recurrent } from "../nn/recurrent.ts";
import { Adam } from "../optim/optimizers.ts";
import { zeros } from "../tensor/creation.ts";
import { stack } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { type Generator, normal } from "../tensor/random.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leaves, leavesLike, mapTree, rebuildTree, type Tree } from "../tensor/tree.ts";
import { Variable } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import { RowLayout } from "./batch.ts";
import { generalisedAdvantages } from "./gae.ts";
import { KeptTree } from "./memory.ts";
import { makeNetworks } from "./own_networks.ts";
import type { Policy, PolicyOutput } from "./policy.ts";
import { ppoLoss } from "./ppo.ts";
import type { PPOOptions } from "./ppo_options.ts";
import type { Rollout, SequenceRollout } from "./rollout.ts";
import { RunningScale } from "./running_scale.ts";
import { valuesAlong } from "./values.ts";

/** What the updates measure, in the order of {@linkcode PPOLearner.measured}. */
export const diagnostics = ["objective", "critic_loss", "entropy", "approx_kl", "clip_fraction", "grad_norm"] as const;

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

/** What one epoch goes over. */
export interface Minibatches {
  readonly [key: string]: Tensor;
  /** int32 [minibatch, row]: rows of the batch. */
  readonly index: Tensor;
  /** float32 [minibatch, row]: 0 for padding. */
  readonly weight: Tensor;
  /** The weight of the entropy. */
  readonly entropyEps: Tensor;
}

/** A batch made ready for its epochs. */
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

/** Policy, critic and optimiser of PPO, and the steps that change them. */
export class PPOLearner {
  readonly policy: Policy;
  readonly critic: Module;
  readonly optimizer: Adam;
  /** Steps of each environment in a batch: those asked for, rounded up to whole sequences. */
  readonly steps: number;
  /** Steps of a sequence where networks remember; undefined where they do not, and frames are learned from one by one. */
  readonly sequenceLength: number | undefined;
  /** Where the critic learns values on their own scale. */
  readonly valueScale: RunningScale | null;
  /** float32 [diagnostic]: sums over the frames that were learned from since the batch was made ready. */
  readonly measured: Variable = new Variable(zeros([diagnostics.length]), "diagnostics");
  /** What the critic remembers from batch to batch, if it does. */
  readonly criticMemory: KeptTree;
  readonly #layout: RowLayout<Field>;
  /** What the networks remember where episodes begin. */
  readonly #initial: Memories;

  /** Draws the networks, for batches of `steps` steps of `envs` environments. */
  constructor(
    environment: Pick<Environment<Tree>, "agents" | "observationSize" | "actionKind" | "actionSize">,
    readonly options: PPOOptions,
    random: HostRandom,
    { envs, steps }: { readonly envs: number; readonly steps: number },
  ) {
    const { policy, critic } = makeNetworks(environment, options, random);
    [this.policy, this.critic] = [policy, critic];
    this.valueScale = options.normalizeValues ? new RunningScale([]) : null;
    // A part that policy and critic share is learned once.
    const parameters = [...new Set([...policy.parameters(), ...critic.parameters()])];
    this.optimizer = new Adam([{ name: "learner", parameters }], { lr: options.lr });
    const remembered = critic instanceof Recurrent ? critic.initialState(envs, environment.agents) : {};
    this.#initial = { policy: policy.initialMemory(envs), critic: remembered };
    this.criticMemory = new KeptTree(remembered, "memory");
    const recurrent = policy.recurrent || critic instanceof Recurrent;
    this.sequenceLength = recurrent ? Math.min(options.sequenceLength ?? 10, steps) : undefined;
    this.steps = Math.ceil(steps / this.framesPerRow) * this.framesPerRow;
    if (options.minibatchSize < this.framesPerRow) {
      throw new RangeError(
        "PPO: where networks remember a minibatch is made of whole sequences: minibatchSize is at least " +
          `${this.framesPerRow}, the length of one, not ${options.minibatchSize}.`,
      );
    }
    this.#layout = this.#rowLayout(environment);
  }

  /** Frames in a row: 1, or those of a sequence. */
  get framesPerRow(): number {
    return this.sequenceLength ?? 1;
  }

  /** Rows in a minibatch. */
  get rowsPerMinibatch(): number {
    return Math.floor(this.options.minibatchSize / this.framesPerRow);
  }

  /** Numbers that are learned. */
  get size(): number {
    return this.optimizer.groups.reduce((n, { group }) => n + group.size, 0);
  }

  /** Values, advantages and returns of a batch, and its frames as rows. `generator` draws the noise of the entropy's estimate. */
  prepare(rollout: Rollout, generator: Generator): PreparedBatch {
    const { gamma, lmbda, bootstrapTruncated = true } = this.options;
    const { choice, logProb, reward, done, began = done } = rollout as Rollout & Partial<SequenceRollout>;
    const observation = this.policy.normalize(rollout.observation);
    const [time, env, agents] = rollout.reward.shape as [number, number, number];
    const scale = this.valueScale;
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
    this.measured.assign(zeros([diagnostics.length]));
    const summary = summaryOf(rollout, value, returns);
    const noise = normal(generator.next(), [time, env, agents, this.policy.entropyNoiseSize]);
    // What follows learns from the batch as those saw and valued it who made it.
    scale?.add(returns);
    this.policy.observationScale?.add(rollout.observation);
    const rows = this.#layout.pack({
      ...{ observation, choice, noise, logProb, value: said },
      advantage: this.options.normalizeAdvantages ? standardized(advantage) : advantage,
      returns: scale ? scale.forward(returns) : returns,
      began: began.cast("float32"),
    }, leavesLike(this.#initial, memory));
    return { rows, summary };
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

  /**
   * An update for each minibatch, one after the other; nothing returns to the host in between. Gives the gradients of the
   * last one, of all parameters one after the other, before they were clipped.
   */
  epoch(rows: Tensor, { index, weight, entropyEps }: Minibatches): Tensor {
    const step = (_: Tensor, [index, weight]: readonly Tensor[]): [Tensor, []] => [
      this.#update(rows, index!, weight!, entropyEps),
      [],
    ];
    const state = [this.optimizer, this.measured];
    const [gradients] = scan(step, zeros([this.optimizer.groups[0]!.group.size]), [index, weight], { state });
    return gradients;
  }

  /** Gradients of all parameters, one after the other, by parameter: `policy.net.layers.0.weight`. */
  namedGradients(flat: Float32Array): Record<string, SavedTensor> {
    let end = 0;
    const seen = new Set<Tensor>();
    const entries = Object.entries({ policy: this.policy, critic: this.critic }).flatMap(([owner, network]) =>
      network.namedParameters().filter(([, x]) => !seen.has(x)).map(([path, parameter]) => {
        const { shape, size } = parameter;
        seen.add(parameter);
        const saved: SavedTensor = { dtype: "float32", shape, data: flat.subarray(end, end += size) };
        return [`${owner}.${path}`, saved] as const;
      })
    );
    return Object.fromEntries(entries);
  }

  #update(rows: Tensor, index: Tensor, weight: Tensor, entropyEps: Tensor): Tensor {
    const [frames, memories] = this.#layout.unpack(rows.take(index, 0));
    // The weight of a row is that of all its frames.
    const minibatch = { ...frames, weight: weight.unsqueeze(0).expand(this.framesPerRow, -1).flatten() };
    const { output, value } = this.#saidOf(frames, memories);
    const now = {
      logProb: this.policy.logProb(output, minibatch.choice),
      entropy: this.policy.entropy(output, minibatch.noise),
      value,
    };
    const { clipEpsilon, clipValue = 0 } = this.options;
    const result = ppoLoss(minibatch, now, { clipEpsilon, clipValue, entropyEps });
    result.loss.backward();
    const gradients = this.optimizer.groups[0]!.group.grads().tensor;
    const gradNorm = this.optimizer.clipGradNorm(this.options.maxGradNorm);
    this.optimizer.step();
    const { objective, criticLoss, entropy, approxKl, clipFraction } = result;
    // Means over the frames of the minibatch: the last of an epoch may have fewer than the others.
    const means = stack([objective, criticLoss, entropy, approxKl, clipFraction, gradNorm]);
    this.measured.assign(this.measured.add(means.mul(minibatch.weight.sum())));
    return gradients;
  }

  /** What both networks say of frames: where they remember, along the sequences that the frames are of. */
  #saidOf(
    { observation, began }: Record<Field, Tensor>,
    memories: readonly Tensor[],
  ): { output: PolicyOutput; value: Tensor } {
    const { policy, critic, sequenceLength } = this;
    if (sequenceLength === undefined) return { output: policy.head(observation), value: critic.forward(observation) };
    const inSequences = (x: Tensor): Tensor => x.reshape(sequenceLength, -1, ...x.shape.slice(1));
    const flat = <T extends Tree>(tree: T): T => mapTree(tree, (x) => x.flatten(0, 1));
    const memory = rebuildTree(this.#initial, memories.values());
    const [x, starts] = [inSequences(observation), inSequences(began).greater(0.5)];
    return {
      output: flat(policy.along(x, memory.policy, starts)),
      value: critic instanceof Recurrent ? flat(critic.run(x, memory.critic, starts)[0]) : critic.forward(observation),
    };
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
      ...(this.options.clipValue ? { value: [agents] } : {}),
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

/** With mean 0 and deviation 1. */
function standardized(x: Tensor): Tensor {
  return x.sub(x.mean()).div(x.std().add(1e-8));
}
