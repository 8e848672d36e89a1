/**
 * Multi-agent PPO: collects a batch, learns from it for some epochs. Three programs are traced in the first iteration
 * (collect, prepare, update) and replayed ever after; numbers are read once an iteration.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import { refuseNew, signature, takeOnly } from "../graph/arguments.ts";
import { currentEngine, deviceNotice } from "../engine/select.ts";
import { whole } from "../graph/interrupt.ts";
import type { SavedTensor } from "../graph/types.ts";
import type { Module } from "../nn/module.ts";
import { rateLeft } from "../optim/schedule.ts";
import { tensor } from "../tensor/creation.ts";
import { evaluate } from "../tensor/settle.ts";
import { HostRandom } from "../tensor/host_random.ts";
import { Generator } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Variable } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import type { HostWorld } from "../worlds/host/world.ts";
import * as kind from "../worlds/kinds.ts";
import { shuffled } from "./batch.ts";
import { episodeMetrics, type Episodes } from "./evaluation.ts";
import { type AnyProgram, type Experience, experienceOf } from "./experience.ts";
import { tryNetworks } from "./own_networks.ts";
import type { Policy } from "./policy.ts";
import { policyOnnx } from "./policy_onnx.ts";
import { diagnostics, type Minibatches, PPOLearner, type PreparedBatch } from "./ppo_learner.ts";
import { checkPPOOptions, type PPOOptions, ppoOptions } from "./ppo_options.ts";
import { batchShape, type Rollout } from "./rollout.ts";
import { assignVariables, namedVariables, readVariables, savedTensor } from "./saved.ts";

/** What a trainer says about itself. */
export interface PPOFacts {
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

/** Episodes that {@linkcode PPOTrainer.measure} plays. */
const measuredEpisodes = 100;

const takesCreate = signature("PPOTrainer.create()", {
  environment: kind.anyWorld,
  options: ppoOptions,
});

/** PPO for many agents in a world `W`: an {@linkcode Environment}, or a {@linkcode HostWorld}. */
export class PPOTrainer<W extends Environment | HostWorld = Environment> {
  /** Environments side by side. */
  readonly envs: number;
  /** Steps of each environment in an iteration. */
  readonly steps: number;
  readonly #learner: PPOLearner;
  readonly #experience: Experience;
  readonly #generator: Generator;
  readonly #order: HostRandom;
  readonly #prepare: Compiled<[Rollout], PreparedBatch>;
  /** An epoch: an update for each minibatch, one after the other. Gives the gradients of the last one. */
  readonly #update: Compiled<[Tensor, Minibatches], Tensor>;
  readonly #engine: Pick<PPOFacts, "engine" | "adapter" | "note">;
  #iteration = 0;
  /** Of all parameters, one after the other. */
  #gradients: Tensor | null = null;

  /**
   * A trainer on the engine of the process, in a world of tensors or on the host.
   *
   * @throws RangeError if an option is out of its range, TypeError and PlumblineError if networks of one's own do not fit,
   * SimulationError if the simulations of a world on the host cannot be started.
   *
   * @example A world on the host.
   * ```ts
   * import { HostPendulum, PPOTrainer } from "@plumbline/plumbline";
   *
   * const trainer = await PPOTrainer.create(new HostPendulum({ maxSteps: 20 }), {
   *   ...{ algorithm: "ippo", framesPerBatch: 100, numEpochs: 2, minibatchSize: 50, hiddenSize: 16, lr: 1e-3 },
   *   ...{ maxGradNorm: 0.5, clipEpsilon: 0.2, entropyEps: 0, gamma: 0.9, lmbda: 0.95, seed: 0 },
   * });
   * console.log((await trainer.iterate())["train/episodes"]); // 5
   * trainer.dispose();
   * ```
   *
   * @example A critic of one's own, and a policy whose network is.
   * ```ts
   * import { MLP, Module, Navigation, policyFor, PPOTrainer, type Tensor } from "@plumbline/plumbline";
   *
   * class Values extends Module {
   *   constructor(readonly net: MLP) {
   *     super();
   *   }
   *
   *   override forward(observation: Tensor): Tensor { // [row, agent, feature] to [row, agent]
   *     return this.net.forward(observation).squeeze(-1);
   *   }
   * }
   *
   * const trainer = await PPOTrainer.create(new Navigation({ nAgents: 2, maxSteps: 10 }), {
   *   policy: (spaces, random) =>
   *     policyFor(spaces, { network: (from, to) => new MLP([from, 32, to], random, { activation: "relu" }) }, random),
   *   critic: ({ observationSize }, random) => new Values(new MLP([observationSize, 32, 1], random)),
   *   ...{ algorithm: "ippo", framesPerBatch: 40, numEpochs: 1, minibatchSize: 20, lr: 1e-3, maxGradNorm: 1 },
   *   ...{ clipEpsilon: 0.2, entropyEps: 0, gamma: 0.99, lmbda: 0.95, seed: 0 },
   * });
   * console.log(Object.keys(await trainer.iterate()).length > 5); // true
   * trainer.dispose();
   * ```
   */
  static create<S extends Tree>(environment: Environment<S>, options: PPOOptions): Promise<PPOTrainer<Environment<S>>>;
  /** As above. */
  static create<W extends HostWorld>(environment: W, options: PPOOptions): Promise<PPOTrainer<W>>;
  static async create<W extends Environment | HostWorld>(environment: W, options: PPOOptions): Promise<PPOTrainer<W>> {
    takesCreate(arguments);
    const { name, adapter } = await currentEngine();
    const note = deviceNotice();
    const trainer = new PPOTrainer(environment, options, { engine: name, adapter, ...(note === null ? {} : { note }) });
    await tryNetworks(environment, trainer, options);
    await trainer.#experience.ready();
    return trainer;
  }

  /** Draws the networks and the first states from the seed. Use {@linkcode PPOTrainer.create}. */
  private constructor(
    readonly environment: W,
    readonly options: PPOOptions,
    engine: Pick<PPOFacts, "engine" | "adapter" | "note">,
  ) {
    if (!engine) refuseNew("PPOTrainer", "await PPOTrainer.create(environment, options)");
    this.#engine = engine;
    checkPPOOptions(options);
    const random = new HostRandom(options.seed);
    const { framesPerBatch } = options;
    const shape = batchShape(framesPerBatch, environment.maxSteps, environment.framesPerStep, options.envs);
    const learner = this.#learner = new PPOLearner(environment, options, random, shape);
    const [envs, steps] = [this.envs, this.steps] = [shape.envs, learner.steps];
    const key = [random.bits(), random.bits()] as const;
    const generator = this.#generator = new Generator(random.bits());
    this.#order = random.split();
    const { policy, critic, optimizer, measured, valueScale, criticMemory, sequenceLength } = learner;
    this.#experience = experienceOf<Tree>(environment, { policy, envs, steps, sequenceLength, key, generator });
    this.#prepare = compile((rollout: Rollout) => learner.prepare(rollout, generator), {
      state: [policy, critic, measured, generator, criticMemory, ...(valueScale ? [valueScale] : [])],
      name: "prepare",
    });
    this.#update = compile((rows: Tensor, minibatches: Minibatches) => learner.epoch(rows, minibatches), {
      state: [policy, critic, optimizer, measured],
      name: "update",
    });
  }

  /** The policy. */
  get policy(): Policy {
    return this.#learner.policy;
  }

  /** The value function. */
  get critic(): Module {
    return this.#learner.critic;
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
    return this.#rows * (this.environment.framesPerStep ?? 1);
  }

  /** Rows of the batch: steps of all environments. */
  get #rows(): number {
    return this.envs * this.steps;
  }

  /** Updates in one pass over a batch. */
  get updatesPerEpoch(): number {
    const { framesPerRow, rowsPerMinibatch } = this.#learner;
    return Math.ceil(this.#rows / framesPerRow / rowsPerMinibatch);
  }

  /** The learning rate of the iteration that comes next, or is under way. */
  get learningRate(): number {
    const { lr, lrSchedule = "constant", nIters = Infinity } = this.options;
    return lr * rateLeft(lrSchedule, this.#iteration, nIters);
  }

  /** The weight of the entropy in the iteration that comes next, or is under way. */
  get entropyEps(): number {
    const { entropyEps, entropySchedule = "constant", nIters = Infinity } = this.options;
    return entropyEps * rateLeft(entropySchedule, this.#iteration, nIters);
  }

  /** Programs traced so far. */
  get traceCount(): number {
    return Object.values(this.#programs()).reduce((n, program) => n + program.traces.length, 0);
  }

  /** Collects a batch: part of {@linkcode iterate}, for measuring. */
  collect(pause?: () => Promise<void>): Promise<Rollout> {
    return this.#experience.collect(pause);
  }

  /** Learns from a batch: part of {@linkcode iterate}. Gives what was measured. */
  async learn(rollout: Rollout, pause?: () => Promise<void>): Promise<Record<string, number>> {
    const { rows, summary } = await this.#prepare(rollout);
    const { numEpochs, targetKl = 0, lrSchedule = "constant" } = this.options;
    const { learningRate } = this;
    if (lrSchedule !== "constant") this.#learner.optimizer.setLearningRate(learningRate);
    let [epochs, kl] = [0, 0];
    while (epochs < numEpochs) {
      await pause?.();
      this.#gradients = await this.#update(rows, this.#minibatches());
      epochs++;
      if (targetKl === 0) continue;
      const before = kl;
      kl = (await this.#learner.measured.data())[diagnostics.indexOf("approx_kl")]!;
      if ((kl - before) / this.#rows > targetKl) break;
    }
    return {
      ...await this.#metrics(summary, epochs),
      "train/epochs": epochs,
      "train/learning_rate": learningRate,
      ...this.#experience.measured,
    };
  }

  /** Collects and learns once. `pause` is awaited between computations, for whoever wants to be heard meanwhile. */
  iterate(pause?: () => Promise<void>): Promise<Record<string, number>> {
    return whole(async () => {
      const metrics = await this.learn(await this.collect(pause), pause);
      this.#iteration++;
      return metrics;
    });
  }

  /** Plays `count` whole episodes with the deterministic policy, drawn from `seed`. It changes nothing of what is learned. */
  evaluate(count: number, seed: number): Promise<Episodes> {
    return this.#experience.evaluate(count, seed);
  }

  /** Means over 100 whole episodes of the deterministic policy, drawn from `seed`, as metrics `eval/...`. */
  async measure(seed: number): Promise<Record<string, number>> {
    return episodeMetrics(await this.evaluate(measuredEpisodes, seed));
  }

  /** The gradients of the last update of the last iteration, before they were clipped, by parameter. */
  async gradients(): Promise<Record<string, SavedTensor>> {
    return this.#gradients ? this.#learner.namedGradients(await this.#gradients.data() as Float32Array) : {};
  }

  /** Everything that is needed to continue bit for bit, by name. */
  async state(): Promise<Record<string, SavedTensor>> {
    const order = Uint32Array.from(this.#order.state());
    return {
      ...await this.#experience.state(),
      ...await readVariables(this.#named()),
      "order": { dtype: "uint32", shape: [order.length], data: order },
      "iteration": { dtype: "int32", shape: [1], data: Int32Array.of(this.#iteration) },
    };
  }

  /** Continues from a {@linkcode PPOTrainer.state} of the same configuration. That of another is refused, and changes nothing. */
  async restore(state: Readonly<Record<string, SavedTensor>>): Promise<void> {
    const [order, iteration] = [savedTensor(state, "order"), savedTensor(state, "iteration")];
    assignVariables(this.#named(), state);
    await this.#experience.restore(state);
    this.#order.restore([...order.data]);
    this.#iteration = iteration.data[0]!;
  }

  /**
   * Runs a step that failed again, from what it was given: `program` is `prepare`, `update`, or one of those that collect:
   * `collect`, or on the host `noise`, `act`, `judge` and `logProb`. Throws what the step throws.
   */
  async replay(program: string, saved: Readonly<Record<string, SavedTensor>>): Promise<void> {
    const programs = this.#programs();
    const found = programs[program];
    if (!found) throw new Error(`There is no program \`${program}\`; there are ${Object.keys(programs).join(", ")}.`);
    await found.replay(saved);
    // On a GPU a step is judged when somebody looks.
    await evaluate([]);
  }

  /** The deterministic policy as an ONNX file, see {@linkcode policyOnnx}. */
  policyOnnx(): Promise<Uint8Array> {
    return policyOnnx(this.policy);
  }

  /** What a run leaves when it ends. */
  async files(): Promise<Record<string, Uint8Array>> {
    return { "policy.onnx": await this.policyOnnx() };
  }

  /** All that is learned and what scales it, by name: `policy.net.layers.0.weight`. */
  weights(): Promise<Readonly<Record<string, SavedTensor>>> {
    const owners = Object.entries({ policy: this.policy, critic: this.critic });
    return readVariables(owners.flatMap(([owner, module]) => module.namedVariables(`${owner}.`)));
  }

  /** What it is and what runs it. */
  get facts(): PPOFacts {
    return { ...this.#engine, envs: this.envs, steps: this.steps, parameters: this.#learner.size };
  }

  /** Gives back programs and simulations. */
  dispose(): void {
    this.#experience.dispose();
    this.#prepare.dispose();
    this.#update.dispose();
  }

  #programs(): Readonly<Record<string, AnyProgram>> {
    return { ...this.#experience.programs, prepare: this.#prepare, update: this.#update };
  }

  #named(): [string, Variable][] {
    const { valueScale, policy: { observationScale } } = this.#learner;
    return namedVariables({
      optimizer: this.#learner.optimizer,
      generator: this.#generator,
      ...(valueScale ? { valueScale } : {}),
      ...(observationScale ? { observationScale } : {}),
      critic: this.#learner.criticMemory,
    });
  }

  /** All frames, or sequences of them, in random order. */
  #minibatches(): Minibatches {
    const { framesPerRow, rowsPerMinibatch } = this.#learner;
    return {
      ...shuffled(this.#rows / framesPerRow, rowsPerMinibatch, this.#order),
      entropyEps: tensor(this.entropyEps),
    };
  }

  async #metrics(summary: Tensor, epochs: number): Promise<Record<string, number>> {
    const [reward, length, episodes, meanReward, unexplained, spread] = await summary.data();
    const sums = await this.#learner.measured.data();
    const means = diagnostics.map((name, i) => [`train/${name}`, sums[i]! / (epochs * this.#rows)]);
    return {
      "train/episode_reward_sum": reward! / episodes!,
      "train/episode_length": length! / episodes!,
      "train/episodes": episodes!,
      "train/step_reward_mean": meanReward!,
      "train/explained_variance": 1 - unexplained! / spread!,
      ...Object.fromEntries(means),
    };
  }
}

const pause = kind.optional(kind.callable);
const saved = kind.having("saved tensors by name", {});
takeOnly(PPOTrainer, {
  collect: { pause },
  learn: { rollout: kind.tree, pause },
  iterate: { pause },
  evaluate: { count: kind.number, seed: kind.number },
  measure: { seed: kind.number },
  restore: { state: saved },
  replay: { program: kind.text, saved },
});
