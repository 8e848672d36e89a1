/**
 * What TRPO learns, and how: the policy by one step in a trust region, the critic apart from it, by Adam in epochs of minibatches.
 * The step is one program, an epoch of the critic another.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import { PlumblineError } from "../graph/error.ts";
import type { SavedTensor } from "../graph/types.ts";
import type { Module } from "../nn/module.ts";
import { ParameterGroup } from "../optim/group.ts";
import { Adam } from "../optim/optimizers.ts";
import { zeros } from "../tensor/creation.ts";
import { where } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { scan } from "../tensor/scan.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";
import { leaves, mapTree, rebuildTree, type Tree } from "../tensor/tree.ts";
import type { Stateful } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import { type Minibatches, shuffled } from "./batch.ts";
import { Diagnostics } from "./diagnostics.ts";
import { namedGradients } from "./gradients.ts";
import type { Learner, Lesson } from "./on_policy_trainer.ts";
import { makeNetworks } from "./own_networks.ts";
import type { PolicyOutput } from "./policy.ts";
import { type Frames, Preparation } from "./preparation.ts";
import { type TRPOStep, trpoStep } from "./trpo.ts";
import type { TRPOOptions } from "./trpo_options.ts";

/** What a policy step measured, beside what {@linkcode TRPOStep} says. */
interface Improvement extends TRPOStep {
  /** The mean entropy of the policy before it. */
  readonly entropy: Tensor;
}

/** Policy and critic of TRPO, and the steps that change them. */
export class TRPOLearner implements Learner {
  readonly preparation: Preparation;
  /** Of the critic. */
  readonly optimizer: Adam;
  readonly measured: Diagnostics<"critic_loss" | "critic_grad_norm"> = new Diagnostics([
    "critic_loss",
    "critic_grad_norm",
  ]);
  readonly programs: {
    /** The step of the policy. */
    readonly improve: Compiled<[Tensor], Improvement>;
    /** An epoch of the critic. Gives the gradients of its last update. */
    readonly fit: Compiled<[Tensor, Minibatches], Tensor>;
  };
  readonly #policy: ParameterGroup<"policy">;
  #gradients: readonly [policy: Tensor, critic: Tensor] | null = null;

  /** Draws the networks, for batches of `shape`. */
  constructor(
    environment: Pick<Environment<Tree>, "agents" | "observationSize" | "actionKind" | "actionSize">,
    readonly options: TRPOOptions,
    random: HostRandom,
    shape: { readonly envs: number; readonly steps: number },
  ) {
    const algorithm = "TRPO";
    const { centralisedCritic = false } = options;
    const networks = makeNetworks(environment, options, { algorithm, centralisedCritic, needsKl: true }, random);
    const { policy, critic } = networks;
    this.preparation = new Preparation(environment, networks, { algorithm, options, shape });
    refuseShared(policy, critic);
    this.#policy = new ParameterGroup("policy", policy.parameters());
    this.optimizer = new Adam([{ name: "critic", parameters: critic.parameters() }], { lr: options.lr });
    this.programs = {
      improve: compile((rows: Tensor) => this.#improve(rows), { state: [policy, this.#policy], name: "improve" }),
      fit: compile((rows: Tensor, minibatches: Minibatches) => this.#epoch(rows, minibatches), {
        state: [critic, this.optimizer, this.measured],
        name: "fit",
      }),
    };
  }

  get owners(): Readonly<Record<string, Stateful>> {
    return { policy: this.#policy, optimizer: this.optimizer };
  }

  get size(): number {
    return this.#policy.size + this.optimizer.groups.reduce((n, { group }) => n + group.size, 0);
  }

  async learn({ rows, order, pause }: Lesson): Promise<Record<string, number>> {
    const { nCriticUpdates, minibatchSize } = this.options;
    const { preparation } = this;
    await pause?.();
    const { gradient, ...step } = await this.programs.improve(rows);
    let ofCritic = gradient;
    for (let epoch = 0; epoch < nCriticUpdates; epoch++) {
      await pause?.();
      const minibatches = shuffled(preparation.rows, preparation.rowsOf(minibatchSize), order);
      ofCritic = await this.programs.fit(rows, minibatches);
    }
    this.#gradients = [gradient, ofCritic];
    return { ...await metricsOf(step), ...await this.measured.metrics(nCriticUpdates * preparation.frames) };
  }

  async gradients(): Promise<Record<string, SavedTensor>> {
    if (!this.#gradients) return {};
    const [policy, critic] = await Promise.all(this.#gradients.map((x) => x.data())) as [Float32Array, Float32Array];
    return {
      ...namedGradients({ policy: this.preparation.policy }, policy),
      ...namedGradients({ critic: this.preparation.critic }, critic),
    };
  }

  /** The step of the policy, from a whole batch. */
  #improve(rows: Tensor): Improvement {
    const { preparation } = this;
    const { policy } = preparation;
    const frames = preparation.unpack(rows);
    const before = asBefore(preparation.outputOf(frames));
    const kl = (): Tensor => policy.kl(before, preparation.outputOf(frames)).mean();
    const { advantage, scale } = scaled(frames.advantage);
    const surrogate = (): Tensor => {
      const logProb = policy.logProb(preparation.outputOf(frames), frames.choice);
      return logProb.sub(frames.logProb).exp().mul(advantage).mean();
    };
    const { targetKl, cgMaxSteps, cgDamping, lineSearchShrinkingFactor, lineSearchMaxIter } = this.options;
    const step = trpoStep(this.#policy, { surrogate, kl, fisher: this.#fisher(rows) }, {
      ...{ targetKl, cgMaxSteps, cgDamping, lineSearchShrinkingFactor, lineSearchMaxIter },
    });
    return {
      ...step,
      improvement: step.improvement.mul(scale),
      entropy: policy.entropy(before, frames.noise).mean(),
    };
  }

  /** Products with Fisher's matrix of some rows: the Gauss-Newton matrix of the KL divergence of what the policy says of them. */
  #fisher(rows: Tensor) {
    const { policy } = this.preparation;
    const said = this.preparation.outputOf(this.preparation.unpack(this.#sample(rows)));
    const before = asBefore(said);
    return this.#policy.gaussNewton(leaves(said), (now) => policy.kl(before, rebuildTree(said, now.values())).mean());
  }

  /**
   * Every so many rows. Those of a moment lie side by side, so they are counted from another environment at each: of every fifth
   * row of five environments all would be of one.
   */
  #sample(rows: Tensor): Tensor {
    const { subSamplingFactor = 5 } = this.options;
    const { envs, rows: count } = this.preparation;
    if (subSamplingFactor === 1) return rows;
    const all = Array.from({ length: count }, (_, row) => row);
    const some = all.filter((row) => (row % envs + Math.floor(row / envs)) % subSamplingFactor === 0);
    return rows.take(fromData(Int32Array.from(some), "int32", [some.length]), 0);
  }

  /** An update of the critic for each minibatch, one after the other. Gives the gradients of the last one. */
  #epoch(rows: Tensor, { index, weight }: Minibatches): Tensor {
    const step = (_: Tensor, [index, weight]: readonly Tensor[]): [Tensor, []] => [
      this.#fit(this.preparation.unpack(rows.take(index!, 0)), weight!),
      [],
    ];
    const state = [this.optimizer, this.measured];
    const [gradients] = scan(step, zeros([this.optimizer.groups[0]!.group.size]), [index, weight], { state });
    return gradients;
  }

  /** An update of the critic by its mean squared error. `weights` are those of rows, 0 for padding. */
  #fit(frames: Frames, weights: Tensor): Tensor {
    const { preparation, optimizer } = this;
    const weight = weights.unsqueeze(0).expand(preparation.framesPerRow, -1).flatten();
    const errors = preparation.valueOf(frames).sub(frames.returns).square().mean(-1);
    const loss = errors.mul(weight).sum().div(weight.sum());
    loss.backward();
    const gradients = optimizer.groups[0]!.group.grads();
    optimizer.step();
    this.measured.add({ critic_loss: loss, critic_grad_norm: gradients.norm() }, weight.sum());
    return gradients.tensor;
  }
}

/** Throws if a parameter would be moved by the step of the policy and by those of the critic. */
function refuseShared(policy: Module, critic: Module): void {
  const ofCritic = new Set<Tensor>(critic.parameters());
  const [path] = policy.namedParameters("policy.").find(([, x]) => ofCritic.has(x)) ?? [];
  if (path === undefined) return;
  throw new PlumblineError({
    code: "G501",
    message:
      `TRPO: policy and critic share \`${path}\`, but each learns by steps of its own: a step of the critic would ` +
      "leave the trust region.",
    help: "give policy and critic networks of their own, or train them by PPO, which has one step for both.",
  });
}

/** What a policy says, as data. */
function asBefore(said: PolicyOutput): PolicyOutput {
  return mapTree(said, (x) => x.detach("the policy before the step"));
}

/** Advantages whose largest is 1 or -1, and by how much they were larger: the step is the same, and their sums are finite. */
function scaled(advantage: Tensor): { readonly advantage: Tensor; readonly scale: Tensor } {
  const peak = advantage.abs().max();
  const scale = where(peak.greater(0), peak, 1);
  return { advantage: advantage.div(scale), scale };
}

const names = {
  accepted: "accepted",
  kl: "kl",
  improvement: "surrogate_improvement",
  share: "step_share",
  length: "step_length",
  residual: "cg_residual",
  entropy: "entropy",
} as const;

/** What a step measured, as metrics. */
async function metricsOf(step: Omit<Improvement, "gradient">): Promise<Record<string, number>> {
  const entries = Object.entries(names).map(async ([key, name]) => {
    return [`train/${name}`, Number(await (step[key] as Tensor).item())] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
