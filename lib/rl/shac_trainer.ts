/**
 * SHAC, the short-horizon actor-critic (Xu et al., "Accelerated Policy Learning with Parallel Differentiable Simulation", 2022): the
 * policy climbs the gradient of its rewards through short windows of the world, at whose ends a critic says what is to come.
 */

import { refuseNew, signature } from "../graph/arguments.ts";
import { count, optional } from "../graph/kinds.ts";
import { frozen } from "../nn/module.ts";
import { Adam } from "../optim/optimizers.ts";
import { zeros } from "../tensor/creation.ts";
import { HostRandom } from "../tensor/host_random.ts";
import { type Generator, randomInt } from "../tensor/random.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Environment } from "../worlds/environment.ts";
import * as kind from "../worlds/kinds.ts";
import { generalisedAdvantages } from "./gae.ts";
import { Critic } from "./networks.ts";
import { policyFor } from "./policies.ts";
import type { Policy } from "./policy.ts";
import { type EngineFacts, engineFacts } from "./policy_trainer.ts";
import type { Collector, Rollout } from "./rollout.ts";
import { shortHorizonReturn } from "./shac.ts";
import { checkWindowOptions, refuseChoices, share, type WindowOptions, windowOptions } from "./window_options.ts";
import { type Window, type WindowLearner, WindowTrainer } from "./window_trainer.ts";

/** Options of {@linkcode SHACTrainer}. */
export interface SHACOptions extends WindowOptions {
  /** The discount of a step, in [0, 1]. */
  readonly gamma: number;
  /** How far the critic's targets look past the critic, in [0, 1]: TD(lambda). */
  readonly lmbda: number;
  /** Passes of the critic over a window: 16 unless told otherwise. */
  readonly nCriticUpdates?: number;
  /** Frames in a minibatch of the critic: a quarter of the window unless told otherwise. */
  readonly minibatchSize?: number;
  /** How far the target critic goes to the critic after each window, in [0, 1]: 0.8 unless told otherwise. */
  readonly tau?: number;
}

const judged = {
  gamma: share,
  lmbda: share,
  nCriticUpdates: optional(count(1)),
  minibatchSize: optional(count(1)),
  tau: optional(share),
};

const takesCreate = signature("SHACTrainer.create()", {
  environment: kind.world,
  options: windowOptions("SHAC", judged),
});

/** The authors' decays of Adam: what was learned from windows long ago is forgotten sooner than by its defaults. */
const betas = [0.7, 0.95] as const;

/** The deviation of actions at first, in place of 1: noise that hides no gradient. */
const initialScale = 0.1;

/** Policy, critic, the critic's follower, and the steps that change them. */
class SHACLearner implements WindowLearner {
  readonly networks: { readonly policy: Policy; readonly critic: Critic };
  readonly optimizers: { readonly optimizer: Adam; readonly criticOptimizer: Adam };
  readonly others: { readonly target: Critic };
  readonly measures: readonly string[] = ["grad_norm", "critic_loss"];

  constructor(environment: Environment<Tree>, readonly options: SHACOptions, random: HostRandom) {
    const { hiddenSize, lr } = options;
    const { agents, observationSize } = environment;
    const size = { ...hiddenSize !== undefined && { hiddenSize } };
    const policy = policyFor(environment, { ...size, initialScale }, random);
    const seed = random.bits();
    const makeCritic = (): Critic => new Critic({ ...size, agents, observationSize }, new HostRandom(seed));
    const critic = makeCritic();
    this.networks = { policy, critic };
    // Of the same seed, and so the same at first.
    this.others = { target: frozen(makeCritic()) };
    this.optimizers = {
      optimizer: new Adam(policy.parameters(), { lr, betas }),
      criticOptimizer: new Adam(critic.parameters(), { lr, betas }),
    };
  }

  learn<S extends Tree>(collector: Collector<S>, generator: Generator): Window {
    const { networks: { policy }, optimizers: { optimizer }, options } = this;
    const rollout = collector.collect(policy, generator, options.horizon);
    const { reward, nextObservation, terminated, done } = rollout;
    const nextValue = this.#expected(nextObservation);
    shortHorizonReturn({ reward, nextValue, terminated, done }, options.gamma).neg().backward();
    const gradients = optimizer.groups[0]!.group.grads().tensor;
    const norm = optimizer.clipGradNorm(options.maxGradNorm);
    optimizer.step();
    const loss = this.#learnValues(rollout, nextValue, generator);
    this.#follow();
    return {
      gradients,
      reward: reward.mean(),
      ended: [rollout.episodeReward.sum(), rollout.episodeLength.sum(), done.cast("float32").sum()],
      measured: { grad_norm: norm, critic_loss: loss },
    };
  }

  /** What the target critic says of [time, env, agent, feature]. */
  #expected(observation: Tensor): Tensor {
    const { policy } = this.networks;
    const value = this.others.target.forward(policy.normalize(observation).flatten(0, 1));
    return value.reshape(...observation.shape.slice(0, -1));
  }

  /** Passes of the critic over a window's TD(lambda) targets, in minibatches that are drawn; gives the mean loss. */
  #learnValues(rollout: Rollout, nextValue: Tensor, generator: Generator): Tensor {
    const { gamma, lmbda, nCriticUpdates = 16 } = this.options;
    const { reward, terminated, done } = rollout;
    const data = (x: Tensor): Tensor => x.detach("what the critic learns from is data");
    const observation = data(rollout.observation);
    const value = data(this.#expected(observation));
    const seen = { reward: data(reward), value, nextValue: data(nextValue), terminated, done };
    const { returns } = generalisedAdvantages(seen, gamma, lmbda);
    const inputs = this.networks.policy.normalize(observation).flatten(0, 1);
    const targets = data(returns).flatten(0, 1);
    const frames = targets.shape[0]!;
    const size = Math.min(frames, this.options.minibatchSize ?? Math.ceil(frames / 4));
    const updates = nCriticUpdates * Math.ceil(frames / size);
    const { networks: { critic }, optimizers: { criticOptimizer } } = this;
    const [sum] = scan(
      (sum: Tensor, index: Tensor) => {
        const loss = critic.forward(inputs.take(index, 0)).sub(targets.take(index, 0)).square().mean();
        loss.backward();
        criticOptimizer.clipGradNorm(this.options.maxGradNorm);
        criticOptimizer.step();
        return [sum.add(loss.detach("it is only measured")), []];
      },
      zeros([]),
      randomInt(generator.next(), [updates, size], 0, frames),
      { state: criticOptimizer },
    );
    return sum.div(updates);
  }

  /** The target critic goes a step towards the critic. */
  #follow(): void {
    const { networks: { critic }, others: { target }, options: { tau = 0.8 } } = this;
    const values = critic.parameters();
    target.parameters().forEach((x, i) => x.assign(x.mul(1 - tau).add(values[i]!.mul(tau)).detach("it follows")));
  }
}

/**
 * SHAC. Windows are those of {@linkcode BPTTTrainer}, driven by actions that the policy draws: a number times its deviation, through
 * which the gradient flows as well (the reparametrisation of Kingma and Welling 2014). The paper's settings: a horizon of 32, 64 envs,
 * a norm of 1, a learning rate of 2e-3, gamma 0.99, lambda 0.95.
 */
export class SHACTrainer<S extends Tree = Tree> extends WindowTrainer<S, SHACOptions> {
  /**
   * A trainer on the engine of the process.
   *
   * @throws RangeError if an option is out of its range, or actions are choices: they have no gradient.
   *
   * @example
   * ```ts
   * import { Pendulum, SHACTrainer } from "@plumbline/plumbline";
   *
   * const trainer = await SHACTrainer.create(new Pendulum({ maxSteps: 20 }), {
   *   ...{ envs: 4, horizon: 10, hiddenSize: 8, lr: 2e-3, maxGradNorm: 1, gamma: 0.99, lmbda: 0.95, seed: 0 },
   * });
   * console.log((await trainer.iterate())["train/critic_loss"]! > 0); // true
   * trainer.dispose();
   * ```
   */
  static async create<S extends Tree>(environment: Environment<S>, options: SHACOptions): Promise<SHACTrainer<S>> {
    takesCreate(arguments);
    checkWindowOptions("SHAC", options, judged);
    refuseChoices("SHAC", environment as unknown as Environment);
    return new SHACTrainer(environment, options, await engineFacts());
  }

  /** Draws the networks and the first states from the seed. Use {@linkcode SHACTrainer.create}. */
  private constructor(environment: Environment<S>, options: SHACOptions, engine: EngineFacts) {
    if (!engine) refuseNew("SHACTrainer", "await SHACTrainer.create(environment, options)");
    const world = environment as unknown as Environment;
    super(environment, options, engine, (random) => new SHACLearner(world, options, random));
  }
}
