/**
 * Backpropagation through the rollout: the policy climbs the gradient of its own rewards, through the physics of the world. It needs no
 * critic, and a world of tensors.
 */

import { refuseNew, signature } from "../graph/arguments.ts";
import type { Kind } from "../graph/kinds.ts";
import { Adam } from "../optim/optimizers.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import type { Generator } from "../tensor/random.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Environment } from "../worlds/environment.ts";
import * as kind from "../worlds/kinds.ts";
import { policyFor } from "./policies.ts";
import type { Policy } from "./policy.ts";
import { type EngineFacts, engineFacts } from "./policy_trainer.ts";
import type { Collector } from "./rollout.ts";
import { checkWindowOptions, refuseChoices, type WindowOptions, windowOptions } from "./window_options.ts";
import { type Window, type WindowLearner, WindowTrainer } from "./window_trainer.ts";

/** Options of {@linkcode BPTTTrainer}. */
export type BPTTOptions = WindowOptions;

const bpttOptions: Kind = windowOptions("BPTT");
const takesCreate = signature("BPTTTrainer.create()", { environment: kind.world, options: bpttOptions });

/** The policy and the steps that change it. */
class BPTTLearner implements WindowLearner {
  readonly networks: { readonly policy: Policy };
  readonly optimizers: { readonly optimizer: Adam };
  readonly others: Readonly<Record<string, never>> = {};
  readonly measures: readonly string[] = ["grad_norm"];

  constructor(environment: Environment<Tree>, readonly options: BPTTOptions, random: HostRandom) {
    const { hiddenSize, lr } = options;
    const policy = policyFor(environment, { ...hiddenSize !== undefined && { hiddenSize } }, random);
    this.networks = { policy };
    this.optimizers = { optimizer: new Adam(policy.parameters(), { lr }) };
  }

  learn<S extends Tree>(collector: Collector<S>, generator: Generator): Window {
    const { options: { horizon, maxGradNorm }, optimizers: { optimizer } } = this;
    const { reward, ended } = collector.drive(this.networks.policy, generator, horizon);
    reward.neg().backward();
    const gradients = optimizer.groups[0]!.group.grads().tensor;
    const norm = optimizer.clipGradNorm(maxGradNorm);
    optimizer.step();
    return { gradients, reward, ended, measured: { grad_norm: norm } };
  }
}

/**
 * Learns by the gradient of rewards through windows of a world's steps, which are driven by the policy's most likely actions: what
 * others explore by chance, the gradient says. From 100 steps on a window keeps what is carried into every segment of as many steps as
 * the root of all, and computes the rest once more for the gradient: memory grows as that root.
 */
export class BPTTTrainer<S extends Tree = Tree> extends WindowTrainer<S, BPTTOptions> {
  /**
   * A trainer on the engine of the process.
   *
   * @throws RangeError if an option is out of its range, or actions are choices: they have no gradient.
   *
   * @example
   * ```ts
   * import { BPTTTrainer, Pendulum } from "@plumbline/plumbline";
   *
   * const trainer = await BPTTTrainer.create(new Pendulum({ maxSteps: 20 }), {
   *   ...{ envs: 4, horizon: 10, hiddenSize: 8, lr: 1e-2, maxGradNorm: 1, seed: 0 },
   * });
   * console.log((await trainer.iterate())["train/reward"]! < 0); // true
   * trainer.dispose();
   * ```
   */
  static async create<S extends Tree>(environment: Environment<S>, options: BPTTOptions): Promise<BPTTTrainer<S>> {
    takesCreate(arguments);
    checkWindowOptions("BPTT", options);
    refuseChoices("BPTT", environment as unknown as Environment);
    return new BPTTTrainer(environment, options, await engineFacts());
  }

  /** Draws the policy and the first states from the seed. Use {@linkcode BPTTTrainer.create}. */
  private constructor(environment: Environment<S>, options: BPTTOptions, engine: EngineFacts) {
    if (!engine) refuseNew("BPTTTrainer", "await BPTTTrainer.create(environment, options)");
    const world = environment as unknown as Environment;
    super(environment, options, engine, (random) => new BPTTLearner(world, options, random));
  }
}
