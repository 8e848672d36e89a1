/**
 * What multi-agent PPO learns, and how: networks and their optimiser, a batch made ready (values, advantages, rows), and an
 * epoch of updates. Tensor operations only, for the programs that the trainer compiles.
 */

import type { SavedTensor, Shape } from "../graph/types.ts";
import { Adam } from "../optim/optimizers.ts";
import { zeros } from "../tensor/creation.ts";
import { stack } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { type Generator, normal } from "../tensor/random.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { Variable } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import { RowLayout } from "./batch.ts";
import { generalisedAdvantages } from "./gae.ts";
import { Critic, type Policy, policyFor } from "./networks.ts";
import { ppoLoss } from "./ppo.ts";
import type { PPOOptions } from "./ppo_options.ts";
import type { Rollout } from "./rollout.ts";
import { RunningScale } from "./running_scale.ts";

/** What the updates measure, in the order of {@linkcode PPOLearner.measured}. */
export const diagnostics = ["objective", "critic_loss", "entropy", "approx_kl", "clip_fraction", "grad_norm"] as const;

/**
 * What a frame of the batch has. `noise` is that of the entropy's estimate, drawn once for a frame; `value` is what the
 * critic said before. Each is there only where it is needed.
 */
type Field = "observation" | "choice" | "noise" | "logProb" | "advantage" | "returns" | "value";

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
  /** float32 [row, column]: what the updates need of each frame. */
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
  readonly critic: Critic;
  readonly optimizer: Adam;
  /** Where the critic learns values on their own scale. */
  readonly valueScale: RunningScale | null;
  /** float32 [diagnostic]: sums over the frames that were learned from since the batch was made ready. */
  readonly measured: Variable = new Variable(zeros([diagnostics.length]), "diagnostics");
  readonly #layout: RowLayout<Field>;

  /** Draws the networks. */
  constructor(
    environment: Pick<Environment<Tree>, "agents" | "observationSize" | "actionKind" | "actionSize">,
    readonly options: PPOOptions,
    random: HostRandom,
  ) {
    const { observationSize, agents } = environment;
    const { algorithm, centralisedPolicy, shareParameters, hiddenSize, normalizeObservations, normalizeValues, lr } =
      options;
    const shared = { shareParameters, hiddenSize };
    this.policy = policyFor(environment, { ...shared, centralised: centralisedPolicy, normalizeObservations }, random);
    this.critic = new Critic({ ...shared, agents, observationSize, centralised: algorithm === "mappo" }, random);
    this.valueScale = normalizeValues ? new RunningScale([]) : null;
    const parameters = [...this.policy.parameters(), ...this.critic.parameters()];
    this.optimizer = new Adam([{ name: "learner", parameters }], { lr });
    this.#layout = this.#rowLayout(environment);
  }

  /** Numbers that are learned. */
  get size(): number {
    return this.optimizer.groups.reduce((n, { group }) => n + group.size, 0);
  }

  /** Values, advantages and returns of a batch, and its frames as rows. `generator` draws the noise of the entropy's estimate. */
  prepare(rollout: Rollout, generator: Generator): PreparedBatch {
    const { gamma, lmbda, bootstrapTruncated = true } = this.options;
    const { choice, logProb, reward, done } = rollout;
    const observation = this.policy.normalize(rollout.observation);
    const [time, env, agents] = rollout.reward.shape as [number, number, number];
    const valueOf = (observation: Tensor): Tensor =>
      this.critic.forward(observation.flatten(0, 1)).detach("advantages are data").reshape(time, env, agents);
    const scale = this.valueScale;
    const asReward = (value: Tensor): Tensor => scale ? scale.inverse(value) : value;
    const said = valueOf(observation);
    const value = asReward(said);
    const nextValue = asReward(valueOf(this.policy.normalize(rollout.nextObservation)));
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
    });
    return { rows, summary };
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
    const entries = Object.entries({ policy: this.policy, critic: this.critic }).flatMap(([owner, network]) =>
      network.namedParameters().map(([path, { shape, size }]) => {
        const saved: SavedTensor = { dtype: "float32", shape, data: flat.subarray(end, end += size) };
        return [`${owner}.${path}`, saved] as const;
      })
    );
    return Object.fromEntries(entries);
  }

  #update(rows: Tensor, index: Tensor, weight: Tensor, entropyEps: Tensor): Tensor {
    const minibatch = { ...this.#layout.unpack(rows.take(index, 0)), weight };
    const output = this.policy.head(minibatch.observation);
    const now = {
      logProb: this.policy.logProb(output, minibatch.choice),
      entropy: this.policy.entropy(output, minibatch.noise),
      value: this.critic.forward(minibatch.observation),
    };
    const result = ppoLoss(minibatch, now, { ...this.options, entropyEps });
    result.loss.backward();
    const gradients = this.optimizer.groups[0]!.group.grads().tensor;
    const gradNorm = this.optimizer.clipGradNorm(this.options.maxGradNorm);
    this.optimizer.step();
    const { objective, criticLoss, entropy, approxKl, clipFraction } = result;
    // Means over the frames of the minibatch: the last of an epoch may have fewer than the others.
    const means = stack([objective, criticLoss, entropy, approxKl, clipFraction, gradNorm]);
    this.measured.assign(this.measured.add(means.mul(weight.sum())));
    return gradients;
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
    };
    return new RowLayout(shapes as Record<Field, Shape>);
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
