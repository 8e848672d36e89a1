/** What multi-agent PPO learns, and how: policy and critic by one optimiser, in epochs of updates. */

import { compile, type Compiled } from "../compile/compile.ts";
import type { SavedTensor } from "../graph/types.ts";
import { Adam } from "../optim/optimizers.ts";
import { tensor, zeros } from "../tensor/creation.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Environment } from "../worlds/environment.ts";
import { type Minibatches, shuffled } from "./batch.ts";
import { Diagnostics } from "./diagnostics.ts";
import { namedGradients } from "./gradients.ts";
import type { Learner, Lesson } from "./on_policy_trainer.ts";
import { scheduled } from "./policy_trainer.ts";
import { makeNetworks } from "./own_networks.ts";
import { ppoLoss } from "./ppo.ts";
import type { PPOOptions } from "./ppo_options.ts";
import { Preparation } from "./preparation.ts";

/** What one epoch goes over. */
interface Epoch extends Minibatches {
  /** The weight of the entropy. */
  readonly entropyEps: Tensor;
}

/** The weight of the entropy in an iteration. */
export function entropyWeight({ entropyEps, entropySchedule, nIters }: PPOOptions, iteration: number): number {
  return scheduled(entropyEps, entropySchedule, iteration, nIters);
}

/** Policy, critic and optimiser of PPO, and the steps that change them. */
export class PPOLearner implements Learner {
  readonly preparation: Preparation;
  readonly optimizer: Adam;
  readonly measured: Diagnostics<
    "objective" | "critic_loss" | "entropy" | "approx_kl" | "clip_fraction" | "grad_norm"
  > = new Diagnostics(["objective", "critic_loss", "entropy", "approx_kl", "clip_fraction", "grad_norm"]);
  readonly programs: {
    /** An epoch: an update for each minibatch, one after the other. Gives the gradients of the last one. */
    readonly update: Compiled<[Tensor, Epoch], Tensor>;
  };
  /** Of all parameters, one after the other. */
  #gradients: Tensor | null = null;

  /** Draws the networks, for batches of `shape`. */
  constructor(
    environment: Pick<Environment<Tree>, "agents" | "observationSize" | "actionKind" | "actionSize">,
    readonly options: PPOOptions,
    random: HostRandom,
    shape: { readonly envs: number; readonly steps: number },
  ) {
    const algorithm = "PPO";
    const wanted = { algorithm, centralisedCritic: options.algorithm === "mappo" };
    const networks = makeNetworks(environment, options, wanted, random);
    const { policy, critic } = networks;
    const keepValues = !!options.clipValue;
    this.preparation = new Preparation(environment, networks, { algorithm, options, shape, keepValues });
    // A part that policy and critic share is learned once.
    const parameters = [...new Set([...policy.parameters(), ...critic.parameters()])];
    this.optimizer = new Adam([{ name: "learner", parameters }], { lr: options.lr });
    this.programs = {
      update: compile((rows: Tensor, epoch: Epoch) => this.#epoch(rows, epoch), {
        state: [policy, critic, this.optimizer, this.measured],
        name: "update",
      }),
    };
  }

  get owners(): { readonly optimizer: Adam } {
    return { optimizer: this.optimizer };
  }

  get size(): number {
    return this.optimizer.groups.reduce((n, { group }) => n + group.size, 0);
  }

  async learn({ rows, iteration, order, pause }: Lesson): Promise<Record<string, number>> {
    const { numEpochs, minibatchSize, targetKl = 0 } = this.options;
    const { preparation } = this;
    const { frames } = preparation;
    const entropyEps = entropyWeight(this.options, iteration);
    let [epochs, kl] = [0, 0];
    while (epochs < numEpochs) {
      await pause?.();
      const minibatches = shuffled(preparation.rows, preparation.rowsOf(minibatchSize), order);
      this.#gradients = await this.programs.update(rows, { ...minibatches, entropyEps: tensor(entropyEps) });
      epochs++;
      if (targetKl === 0) continue;
      const before = kl;
      kl = await this.measured.sum("approx_kl");
      if ((kl - before) / frames > targetKl) break;
    }
    return { ...await this.measured.metrics(epochs * frames), "train/epochs": epochs };
  }

  async gradients(): Promise<Record<string, SavedTensor>> {
    if (!this.#gradients) return {};
    const { policy, critic } = this.preparation;
    return namedGradients({ policy, critic }, await this.#gradients.data() as Float32Array);
  }

  /**
   * An update for each minibatch, one after the other; nothing returns to the host in between. Gives the gradients of the
   * last one, of all parameters one after the other, before they were clipped.
   */
  #epoch(rows: Tensor, { index, weight, entropyEps }: Epoch): Tensor {
    const step = (_: Tensor, [index, weight]: readonly Tensor[]): [Tensor, []] => [
      this.#update(rows, index!, weight!, entropyEps),
      [],
    ];
    const state = [this.optimizer, this.measured];
    const [gradients] = scan(step, zeros([this.optimizer.groups[0]!.group.size]), [index, weight], { state });
    return gradients;
  }

  #update(rows: Tensor, index: Tensor, weights: Tensor, entropyEps: Tensor): Tensor {
    const { preparation, optimizer, options } = this;
    const { policy } = preparation;
    const frames = preparation.unpack(rows.take(index, 0));
    // The weight of a row is that of all its frames.
    const weight = weights.unsqueeze(0).expand(preparation.framesPerRow, -1).flatten();
    const output = preparation.outputOf(frames);
    const now = {
      logProb: policy.logProb(output, frames.choice),
      entropy: policy.entropy(output, frames.noise),
      value: preparation.valueOf(frames),
    };
    const { logProb, advantage, returns, value } = frames;
    const { clipEpsilon, clipValue = 0, maxGradNorm } = options;
    const minibatch = { logProb, advantage, returns, value, weight };
    const result = ppoLoss(minibatch, now, { clipEpsilon, clipValue, entropyEps });
    result.loss.backward();
    const gradients = optimizer.groups[0]!.group.grads().tensor;
    const gradNorm = optimizer.clipGradNorm(maxGradNorm);
    optimizer.step();
    const { objective, criticLoss, entropy, approxKl, clipFraction } = result;
    // Means over the frames of the minibatch: the last of an epoch may have fewer than the others.
    this.measured.add({
      ...{ objective, entropy, critic_loss: criticLoss },
      ...{ approx_kl: approxKl, clip_fraction: clipFraction, grad_norm: gradNorm },
    }, weight.sum());
    return gradients;
  }
}
