/**
 * What trainers have in common that learn from batches of their own policy: a world to collect from, batches made ready, metrics.
 * Programs are traced in the first iteration and replayed ever after; numbers are read once an iteration.
 * An algorithm adds what it learns, and how: a {@linkcode Learner}.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import { takeOnly } from "../graph/arguments.ts";
import type { SavedTensor } from "../graph/types.ts";
import type { Module } from "../nn/module.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { HostRandom } from "../tensor/host_random.ts";
import { Generator } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Stateful } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import type { HostWorld } from "../worlds/host/world.ts";
import * as kind from "../worlds/kinds.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { Episodes } from "./evaluation.ts";
import { type AnyProgram, type Experience, experienceOf } from "./experience.ts";
import type { OnPolicyOptions } from "./on_policy_options.ts";
import { tryNetworks } from "./own_networks.ts";
import type { Policy } from "./policy.ts";
import { type EngineFacts, engineFacts, type OnPolicyFacts, PolicyTrainer } from "./policy_trainer.ts";
import { type Preparation, type PreparedBatch, summaryMetrics } from "./preparation.ts";
import { batchShape, type Rollout } from "./rollout.ts";
import { savedTensor } from "./saved.ts";

/** What a learner is given to learn from. */
export interface Lesson {
  /** The batch, as {@linkcode PreparedBatch.rows}. */
  readonly rows: Tensor;
  /** The iteration, from 0. */
  readonly iteration: number;
  /** Draws the order of rows. */
  readonly order: HostRandom;
  /** Awaited between computations. */
  readonly pause: (() => Promise<void>) | undefined;
}

/** What an algorithm adds: what is learned, and how. */
export interface Learner {
  readonly preparation: Preparation;
  /** What takes the learning rate. */
  readonly optimizer: Optimizer;
  /** What is measured in an iteration; it is reset before each. */
  readonly measured: Diagnostics;
  /** The programs that learn, by name. */
  readonly programs: Readonly<Record<string, AnyProgram>>;
  /** What changes as it learns, by name. */
  readonly owners: Readonly<Record<string, Stateful>>;
  /** Numbers that are learned. */
  readonly size: number;
  /** Learns from a batch, and gives what was measured as metrics. */
  learn(lesson: Lesson): Promise<Record<string, number>>;
  /** The gradients of the last update, by parameter; none before the first. */
  gradients(): Promise<Record<string, SavedTensor>>;
}

/** Makes the learner of a trainer; `random` draws the networks. */
export type LearnerMaker = (
  random: HostRandom,
  shape: { readonly envs: number; readonly steps: number },
) => Learner;

/** Trains in a world `W`: an {@linkcode Environment}, or a {@linkcode HostWorld}. {@linkcode PPOTrainer} is one. */
export abstract class OnPolicyTrainer<
  W extends Environment | HostWorld = Environment,
  O extends OnPolicyOptions = OnPolicyOptions,
> extends PolicyTrainer<W, O> {
  /** Environments side by side. */
  readonly envs: number;
  /** Steps of each environment in an iteration. */
  readonly steps: number;
  /** What the algorithm learns, and how. */
  readonly #learner: Learner;
  readonly #experience: Experience;
  readonly #generator: Generator;
  readonly #order: HostRandom;
  readonly #prepare: Compiled<[Rollout], PreparedBatch>;

  /** Draws the networks, which `make` makes, and the first states from the seed. */
  protected constructor(environment: W, options: O, engine: EngineFacts, make: LearnerMaker) {
    super(environment, options, engine);
    const random = new HostRandom(options.seed);
    const { framesPerBatch } = options;
    const shape = batchShape(framesPerBatch, environment.maxSteps, environment.framesPerStep, options.envs);
    const learner = this.#learner = make(random, shape);
    const { preparation, measured } = learner;
    const { policy, critic, sequenceLength } = preparation;
    const [envs, steps] = [this.envs, this.steps] = [preparation.envs, preparation.steps];
    const key = [random.bits(), random.bits()] as const;
    const generator = this.#generator = new Generator(random.bits());
    this.#order = random.split();
    this.#experience = experienceOf<Tree>(environment, { policy, envs, steps, sequenceLength, key, generator });
    this.#prepare = compile((rollout: Rollout) => {
      measured.reset();
      return preparation.prepare(rollout, generator);
    }, { state: [policy, critic, measured, generator, ...Object.values(preparation.owners)], name: "prepare" });
  }

  /** A trainer that `make` makes, ready to iterate. Throws what its networks, or the world, have against it. */
  protected static async start<
    T extends OnPolicyTrainer<Environment<Tree> | HostWorld, OnPolicyOptions>,
  >(make: (engine: EngineFacts) => T): Promise<T> {
    const trainer = make(await engineFacts());
    await tryNetworks(trainer.environment, trainer, trainer.options);
    await trainer.#experience.ready();
    return trainer;
  }

  /** The value function. */
  get critic(): Module {
    return this.#learner.preparation.critic;
  }

  /** Frames that one iteration learns from. */
  override get framesPerIteration(): number {
    return this.#learner.preparation.frames * (this.environment.framesPerStep ?? 1);
  }

  /** Updates in one pass over a batch. */
  get updatesPerEpoch(): number {
    const { preparation } = this.#learner;
    return Math.ceil(preparation.rows / preparation.rowsOf(this.options.minibatchSize));
  }

  /** Collects a batch: part of {@linkcode iterate}, for measuring. */
  collect(pause?: () => Promise<void>): Promise<Rollout> {
    return this.turn(() => this.#experience.collect(pause));
  }

  /** Learns from a batch: part of {@linkcode iterate}. Gives what was measured. */
  learn(rollout: Rollout, pause?: () => Promise<void>): Promise<Record<string, number>> {
    return this.turn(() => this.#learn(rollout, pause));
  }

  async #learn(rollout: Rollout, pause?: () => Promise<void>): Promise<Record<string, number>> {
    const { rows, summary } = await this.#prepare(rollout);
    const { learningRate } = this;
    const learner = this.#learner;
    if ((this.options.lrSchedule ?? "constant") !== "constant") learner.optimizer.setLearningRate(learningRate);
    const learned = await learner.learn({ rows, iteration: this.iteration, order: this.#order, pause });
    return {
      ...await summaryMetrics(summary),
      ...learned,
      "train/learning_rate": learningRate,
      ...this.#experience.measured,
    };
  }

  /** Collects and learns. */
  protected override async once(pause?: () => Promise<void>): Promise<Record<string, number>> {
    return await this.learn(await this.collect(pause), pause);
  }

  /** Plays `count` whole episodes with the deterministic policy, drawn from `seed`. It changes nothing of what is learned. */
  override evaluate(count: number, seed: number): Promise<Episodes> {
    return this.turn(() => this.#experience.evaluate(count, seed));
  }

  /** The gradients of the last update of the last iteration, before they were clipped, by parameter. */
  override gradients(): Promise<Record<string, SavedTensor>> {
    return this.turn(() => this.#learner.gradients());
  }

  /** Everything that is needed to continue bit for bit, by name. */
  override state(): Promise<Record<string, SavedTensor>> {
    return this.turn(async () => {
      const order = Uint32Array.from(this.#order.state());
      return {
        ...await this.#experience.state(),
        ...await super.state(),
        "order": { dtype: "uint32", shape: [order.length], data: order },
      };
    });
  }

  /** What simulations make of numbers only they know. */
  protected override async restoreOthers(state: Readonly<Record<string, SavedTensor>>): Promise<void> {
    await this.#experience.restore(state);
    this.#order.restore([...savedTensor(state, "order").data]);
  }

  /** Gives back programs and simulations. */
  override dispose(): void {
    super.dispose();
    this.#experience.dispose();
  }

  /** See {@linkcode OnPolicyTrainer.facts}. */
  protected override get sizes(): Pick<OnPolicyFacts, "envs" | "steps" | "parameters"> {
    return { envs: this.envs, steps: this.steps, parameters: this.#learner.size };
  }

  /** Policy and critic. */
  protected override get networks(): { readonly policy: Policy; readonly critic: Module } {
    const { policy, critic } = this.#learner.preparation;
    return { policy, critic };
  }

  /**
   * `prepare`, one that learns or more (PPO has `update`), and those that collect: `collect`, or on the host `noise`, `act`, `judge`
   * and `logProb`.
   */
  protected override get programs(): Readonly<Record<string, AnyProgram>> {
    return { ...this.#experience.programs, prepare: this.#prepare, ...this.#learner.programs };
  }

  /** What changes as it learns. */
  protected override get kept(): Readonly<Record<string, Stateful>> {
    const { owners, preparation } = this.#learner;
    return { ...owners, generator: this.#generator, ...preparation.owners };
  }
}

const pause = kind.optional(kind.callable);
takeOnly(OnPolicyTrainer, {
  collect: { pause },
  learn: { rollout: kind.tree, pause },
  evaluate: { count: kind.number, seed: kind.number },
}, ["once", "restoreOthers"]);
