/**
 * What trainers have in common that learn from batches of their own policy: a world to collect from, batches made ready, state,
 * metrics, evaluation. Programs are traced in the first iteration and replayed ever after; numbers are read once an iteration.
 * An algorithm adds what it learns, and how: a {@linkcode Learner}.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import { takeOnly } from "../graph/arguments.ts";
import { currentEngine, deviceNotice } from "../engine/select.ts";
import { whole } from "../graph/interrupt.ts";
import type { SavedTensor } from "../graph/types.ts";
import type { Module } from "../nn/module.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { rateLeft, type Schedule } from "../optim/schedule.ts";
import { evaluate } from "../tensor/settle.ts";
import { HostRandom } from "../tensor/host_random.ts";
import { Generator } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Stateful, Variable } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import type { HostWorld } from "../worlds/host/world.ts";
import * as kind from "../worlds/kinds.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { episodeMetrics, type Episodes } from "./evaluation.ts";
import { type AnyProgram, type Experience, experienceOf } from "./experience.ts";
import type { OnPolicyOptions } from "./on_policy_options.ts";
import { tryNetworks } from "./own_networks.ts";
import type { Policy } from "./policy.ts";
import { policyOnnx } from "./policy_onnx.ts";
import { type Preparation, type PreparedBatch, summaryMetrics } from "./preparation.ts";
import { batchShape, type Rollout } from "./rollout.ts";
import { assignVariables, checkSaved, namedVariables, readVariables, savedTensor } from "./saved.ts";
import { Turns } from "./turns.ts";

/** What a trainer says about itself. */
export interface OnPolicyFacts {
  /** "cpu" (ONNX Runtime) or "webgpu" (Dawn). */
  readonly engine: string;
  /** The device as a person knows it. */
  readonly adapter: string;
  /** Why there is no GPU. */
  readonly note?: string;
  /** Environments side by side. */
  readonly envs: number;
  /** Steps of each in an iteration. */
  readonly steps: number;
  /** Numbers that are learned. */
  readonly parameters: number;
}

/** The engine, as {@linkcode OnPolicyFacts} know it. */
export type EngineFacts = Pick<OnPolicyFacts, "engine" | "adapter" | "note">;

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

/** The share of a number that a schedule has left in an iteration of a run. */
export function scheduled(
  start: number,
  schedule: Schedule = "constant",
  iteration: number,
  nIters = Infinity,
): number {
  return start * rateLeft(schedule, iteration, nIters);
}

/** Episodes that {@linkcode OnPolicyTrainer.measure} plays. */
const measuredEpisodes = 100;

/**
 * Trains in a world `W`: an {@linkcode Environment}, or a {@linkcode HostWorld}. {@linkcode PPOTrainer} is one. What is asked of it
 * while something else is under way waits for that.
 */
export abstract class OnPolicyTrainer<
  W extends Environment | HostWorld = Environment,
  O extends OnPolicyOptions = OnPolicyOptions,
> {
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
  readonly #engine: EngineFacts;
  readonly #turns = new Turns();
  #iteration = 0;

  /** Draws the networks, which `make` makes, and the first states from the seed. */
  protected constructor(readonly environment: W, readonly options: O, engine: EngineFacts, make: LearnerMaker) {
    this.#engine = engine;
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
    const { name, adapter } = await currentEngine();
    const note = deviceNotice();
    const trainer = make({ engine: name, adapter, ...(note === null ? {} : { note }) });
    await tryNetworks(trainer.environment, trainer, trainer.options);
    await trainer.#experience.ready();
    return trainer;
  }

  /** The policy. */
  get policy(): Policy {
    return this.#learner.preparation.policy;
  }

  /** The value function. */
  get critic(): Module {
    return this.#learner.preparation.critic;
  }

  /** What learns. */
  get learning(): readonly Module[] {
    return [this.policy, this.critic];
  }

  /** Iterations done. */
  get iteration(): number {
    return this.#iteration;
  }

  /** Frames that one iteration learns from. */
  get framesPerIteration(): number {
    return this.#learner.preparation.frames * (this.environment.framesPerStep ?? 1);
  }

  /** Updates in one pass over a batch. */
  get updatesPerEpoch(): number {
    const { preparation } = this.#learner;
    return Math.ceil(preparation.rows / preparation.rowsOf(this.options.minibatchSize));
  }

  /** The learning rate of the iteration that comes next, or is under way. */
  get learningRate(): number {
    const { lr, lrSchedule, nIters } = this.options;
    return scheduled(lr, lrSchedule, this.#iteration, nIters);
  }

  /** Programs traced so far. */
  get traceCount(): number {
    return Object.values(this.#programs()).reduce((n, program) => n + program.traces.length, 0);
  }

  /** Collects a batch: part of {@linkcode iterate}, for measuring. */
  collect(pause?: () => Promise<void>): Promise<Rollout> {
    return this.#turns.take(() => this.#experience.collect(pause));
  }

  /** Learns from a batch: part of {@linkcode iterate}. Gives what was measured. */
  learn(rollout: Rollout, pause?: () => Promise<void>): Promise<Record<string, number>> {
    return this.#turns.take(() => this.#learn(rollout, pause));
  }

  async #learn(rollout: Rollout, pause?: () => Promise<void>): Promise<Record<string, number>> {
    const { rows, summary } = await this.#prepare(rollout);
    const { learningRate } = this;
    const learner = this.#learner;
    if ((this.options.lrSchedule ?? "constant") !== "constant") learner.optimizer.setLearningRate(learningRate);
    const learned = await learner.learn({ rows, iteration: this.#iteration, order: this.#order, pause });
    return {
      ...await summaryMetrics(summary),
      ...learned,
      "train/learning_rate": learningRate,
      ...this.#experience.measured,
    };
  }

  /** Collects and learns once. `pause` is awaited between computations, for whoever wants to be heard meanwhile. */
  iterate(pause?: () => Promise<void>): Promise<Record<string, number>> {
    return this.#turns.take(() =>
      whole(async () => {
        const metrics = await this.learn(await this.collect(pause), pause);
        this.#iteration++;
        return metrics;
      })
    );
  }

  /** Plays `count` whole episodes with the deterministic policy, drawn from `seed`. It changes nothing of what is learned. */
  evaluate(count: number, seed: number): Promise<Episodes> {
    return this.#turns.take(() => this.#experience.evaluate(count, seed));
  }

  /** Means over 100 whole episodes of the deterministic policy, drawn from `seed`, as metrics `eval/...`. */
  async measure(seed: number): Promise<Record<string, number>> {
    return episodeMetrics(await this.evaluate(measuredEpisodes, seed));
  }

  /** The gradients of the last update of the last iteration, before they were clipped, by parameter. */
  gradients(): Promise<Record<string, SavedTensor>> {
    return this.#turns.take(() => this.#learner.gradients());
  }

  /** Everything that is needed to continue bit for bit, by name. */
  state(): Promise<Record<string, SavedTensor>> {
    return this.#turns.take(() => this.#state());
  }

  async #state(): Promise<Record<string, SavedTensor>> {
    const order = Uint32Array.from(this.#order.state());
    return {
      ...await this.#experience.state(),
      ...await readVariables(this.#named()),
      "order": { dtype: "uint32", shape: [order.length], data: order },
      "iteration": { dtype: "int32", shape: [1], data: Int32Array.of(this.#iteration) },
    };
  }

  /**
   * Continues from a {@linkcode state} of the same configuration.
   *
   * @throws RangeError if it is that of another; SimulationError if a simulation cannot go on from it. Then nothing has changed.
   */
  restore(state: Readonly<Record<string, SavedTensor>>): Promise<void> {
    return this.#turns.take(async () => {
      checkSaved(state, await this.#state());
      // What simulations make of numbers only they know: they are asked before anything else is changed.
      await this.#experience.restore(state);
      assignVariables(this.#named(), state);
      this.#order.restore([...savedTensor(state, "order").data]);
      this.#iteration = savedTensor(state, "iteration").data[0]!;
    });
  }

  /**
   * Runs a step that failed again, from what it was given: `program` is `prepare`, one of those that learn (PPO has `update`), or
   * one of those that collect: `collect`, or on the host `noise`, `act`, `judge` and `logProb`. Throws what the step throws.
   */
  replay(program: string, saved: Readonly<Record<string, SavedTensor>>): Promise<void> {
    return this.#turns.take(async () => {
      const programs = this.#programs();
      if (!Object.hasOwn(programs, program)) {
        throw new RangeError(`There is no program \`${program}\`; there are ${Object.keys(programs).join(", ")}.`);
      }
      await programs[program]!.replay(saved);
      // On a GPU a step is judged when somebody looks.
      await evaluate([]);
    });
  }

  /** The deterministic policy as an ONNX file, see {@linkcode policyOnnx}. */
  policyOnnx(): Promise<Uint8Array> {
    return this.#turns.take(() => policyOnnx(this.policy));
  }

  /** What a run leaves when it ends. */
  async files(): Promise<Record<string, Uint8Array>> {
    return { "policy.onnx": await this.policyOnnx() };
  }

  /** All that is learned and what scales it, by name: `policy.net.layers.0.weight`. */
  weights(): Promise<Readonly<Record<string, SavedTensor>>> {
    const owners = Object.entries({ policy: this.policy, critic: this.critic });
    const named = owners.flatMap(([owner, module]) => module.namedVariables(`${owner}.`));
    return this.#turns.take(() => readVariables(named));
  }

  /** What it is and what runs it. */
  get facts(): OnPolicyFacts {
    return { ...this.#engine, envs: this.envs, steps: this.steps, parameters: this.#learner.size };
  }

  /** Gives back programs and simulations. */
  dispose(): void {
    this.#experience.dispose();
    this.#prepare.dispose();
    for (const program of Object.values(this.#learner.programs)) program.dispose();
  }

  #programs(): Readonly<Record<string, AnyProgram>> {
    return { ...this.#experience.programs, prepare: this.#prepare, ...this.#learner.programs };
  }

  #named(): [string, Variable][] {
    const { owners, preparation } = this.#learner;
    return namedVariables({ ...owners, generator: this.#generator, ...preparation.owners });
  }
}

const pause = kind.optional(kind.callable);
const saved = kind.having("saved tensors by name", {});
takeOnly(OnPolicyTrainer, {
  collect: { pause },
  learn: { rollout: kind.tree, pause },
  iterate: { pause },
  evaluate: { count: kind.number, seed: kind.number },
  measure: { seed: kind.number },
  restore: { state: saved },
  replay: { program: kind.text, saved },
});
