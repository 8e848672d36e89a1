/**
 * Multi-agent PPO: collects a batch, learns from it for some epochs. Three programs are traced in the first iteration
 * (collect, prepare, update) and replayed ever after; numbers are read once an iteration.
 */

import { compile, type Compiled } from "../engine/compile.ts";
import { exportOnnx } from "../engine/export.ts";
import { currentEngine, deviceNotice } from "../engine/select.ts";
import type { SavedTensor, Shape, TypedArray } from "../graph/types.ts";
import { Adam } from "../optim/optimizers.ts";
import { rateLeft, type Schedule } from "../optim/schedule.ts";
import { tensor, zeros } from "../tensor/creation.ts";
import { stack } from "../tensor/functions.ts";
import { HostRandom } from "../tensor/host_random.ts";
import { Generator, normal } from "../tensor/random.ts";
import { scan } from "../tensor/scan.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { Variable } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import { type Episodes, Evaluator } from "./evaluation.ts";
import { RowLayout } from "./batch.ts";
import { generalisedAdvantages } from "./gae.ts";
import { Critic, type Policy, policyFor } from "./networks.ts";
import { ppoLoss } from "./ppo.ts";
import { batchShape, Collector, type Rollout } from "./rollout.ts";
import type { Trainer, TrainerFacts } from "./trainer.ts";
import { ValueScale } from "./value_scale.ts";

/** Settings of {@linkcode PPOTrainer}. */
export interface PPOOptions {
  /** `mappo`: a critic that sees all agents. `ippo`: a critic that sees one. */
  readonly algorithm: "mappo" | "ippo";
  /** One network for all agents (the default), or one for each; policy and critic alike. */
  readonly shareParameters?: boolean;
  /** Units in each of the two hidden layers of policy and critic; 256 unless told otherwise. */
  readonly hiddenSize?: number;
  /** Frames (steps of one environment) to collect in an iteration, at least. */
  readonly framesPerBatch: number;
  /** Passes over the batch in an iteration. */
  readonly numEpochs: number;
  /** Frames in a minibatch. */
  readonly minibatchSize: number;
  readonly lr: number;
  /** Constant unless told otherwise. Otherwise the rate falls to 0 over `nIters` iterations. */
  readonly lrSchedule?: Schedule;
  /** The iterations of the whole run: for schedules. */
  readonly nIters?: number;
  readonly maxGradNorm: number;
  readonly clipEpsilon: number;
  readonly entropyEps: number;
  /** Constant unless told otherwise. Otherwise the weight of the entropy falls to 0 over `nIters` iterations. */
  readonly entropySchedule?: Schedule;
  readonly gamma: number;
  readonly lmbda: number;
  /**
   * Whether a step at which the time was up is worth what the critic expects after it (the default), or, as in TorchRL's
   * tutorial, nothing: as if the task had ended.
   */
  readonly bootstrapTruncated?: boolean;
  /** How far a value may move in an iteration and still improve the loss, in the critic's own units; 0 (the default): freely. */
  readonly clipValue?: number;
  /** Whether the critic learns values on the scale of their running mean and deviation. Not by default. */
  readonly normalizeValues?: boolean;
  /** Whether the advantages of a batch are brought to mean 0 and deviation 1. Not by default. */
  readonly normalizeAdvantages?: boolean;
  /** No further epoch begins after one in which the mean of the approximate KL was above this; 0 (the default): all do. */
  readonly targetKl?: number;
  /** An integer in [0, 2^53): the same seed gives the same run. */
  readonly seed: number;
}

/** What the update measures, in the order of its vector. */
const diagnostics = ["objective", "critic_loss", "entropy", "approx_kl", "clip_fraction", "grad_norm"] as const;

/**
 * What a frame of the batch has. `noise` is that of the entropy's estimate, drawn once for a frame; `value` is what the
 * critic said before. Each is there only where it is needed.
 */
type Field = "observation" | "choice" | "noise" | "logProb" | "advantage" | "returns" | "value";

/** What one epoch goes over. */
interface Minibatches {
  readonly [key: string]: Tensor;
  /** int32 [minibatch, row]: rows of the batch. */
  readonly index: Tensor;
  /** float32 [minibatch, row]: 0 for padding. */
  readonly weight: Tensor;
  /** The weight of the entropy. */
  readonly entropyEps: Tensor;
}

/** PPO for many agents in one {@linkcode Environment}. */
export class PPOTrainer<S extends Tree = Tree> implements Trainer {
  /** The policy. */
  readonly policy: Policy;
  /** The value function. */
  readonly critic: Critic;
  /** Environments side by side: as many whole episodes as the batch has frames for. */
  readonly envs: number;
  /** Steps of each environment in an iteration. */
  readonly steps: number;
  readonly #optimizer: Adam;
  readonly #collector: Collector<S>;
  readonly #generator: Generator;
  readonly #order: HostRandom;
  readonly #layout: RowLayout<Field>;
  readonly #valueScale: ValueScale | null;
  readonly #measured = new Variable(zeros([diagnostics.length]), "diagnostics");
  readonly #collect: Compiled<[], Rollout>;
  readonly #prepare: Compiled<[Rollout], { rows: Tensor; summary: Tensor }>;
  /** An epoch: an update for each minibatch, one after the other. Gives the gradients of the last one. */
  readonly #update: Compiled<[Tensor, Minibatches], Tensor>;
  readonly #evaluator: Evaluator<S>;
  readonly #engine: Pick<TrainerFacts, "engine" | "adapter" | "note">;
  #iteration = 0;
  /** Of all parameters, one after the other. */
  #gradients: Tensor | null = null;

  /** A trainer on the engine of the process. */
  static async create<S extends Tree>(environment: Environment<S>, options: PPOOptions): Promise<PPOTrainer<S>> {
    const { name, adapter } = await currentEngine();
    const note = deviceNotice();
    return new PPOTrainer(environment, options, { engine: name, adapter, ...(note === null ? {} : { note }) });
  }

  /** Draws the networks and the first states from the seed. Use {@linkcode PPOTrainer.create}. */
  private constructor(
    readonly environment: Environment<S>,
    readonly options: PPOOptions,
    engine: Pick<TrainerFacts, "engine" | "adapter" | "note">,
  ) {
    this.#engine = engine;
    const schedule = [options.lrSchedule, options.entropySchedule].find((x) => x && x !== "constant");
    if (schedule && options.nIters === undefined) {
      throw new RangeError(`a ${schedule} schedule needs nIters: where it ends.`);
    }
    const random = new HostRandom(options.seed);
    const { observationSize, agents } = environment;
    const { shareParameters = true, hiddenSize } = options;
    ({ envs: this.envs, steps: this.steps } = batchShape(
      options.framesPerBatch,
      environment.maxSteps,
      environment.framesPerStep,
    ));
    this.policy = policyFor(environment, random, shareParameters, hiddenSize);
    this.critic = new Critic(
      agents,
      observationSize,
      options.algorithm === "mappo",
      random,
      shareParameters,
      hiddenSize,
    );
    this.#layout = this.#rowLayout();
    this.#valueScale = options.normalizeValues ? new ValueScale() : null;
    this.#optimizer = new Adam([
      { name: "learner", parameters: [...this.policy.parameters(), ...this.critic.parameters()] },
    ], { lr: options.lr });
    this.#collector = new Collector(environment, this.envs, random.key());
    this.#generator = new Generator(random.bits());
    this.#order = random.split();
    this.#evaluator = new Evaluator(environment, (observation) => this.policy.forward(observation), [this.policy]);
    const networks = [this.policy, this.critic];
    const scale = this.#valueScale ? [this.#valueScale] : [];
    this.#collect = compile(
      () => this.#collector.collect(this.policy, this.#generator, this.steps),
      { state: [this.#collector, this.#generator, this.policy], name: "collect" },
    );
    this.#prepare = compile((rollout: Rollout) => this.#advantages(rollout), {
      state: [...networks, this.#measured, this.#generator, ...scale],
      name: "prepare",
    });
    this.#update = compile((rows: Tensor, minibatches: Minibatches) => this.#epoch(rows, minibatches), {
      state: [...networks, this.#optimizer, this.#measured],
      name: "update",
    });
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
    return Math.ceil(this.#rows / this.options.minibatchSize);
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
  collect(): Promise<Rollout> {
    return this.#collect();
  }

  /** Learns from a batch: part of {@linkcode iterate}. Gives what was measured. */
  async learn(rollout: Rollout): Promise<Record<string, number>> {
    const { rows, summary } = await this.#prepare(rollout);
    const { numEpochs, targetKl = 0, lrSchedule = "constant" } = this.options;
    const { learningRate } = this;
    if (lrSchedule !== "constant") this.#optimizer.setLearningRate(learningRate);
    let [epochs, kl] = [0, 0];
    while (epochs < numEpochs) {
      this.#gradients = await this.#update(rows, this.#minibatches());
      epochs++;
      if (targetKl === 0) continue;
      const before = kl;
      kl = (await this.#measured.data())[diagnostics.indexOf("approx_kl")]!;
      if ((kl - before) / this.updatesPerEpoch > targetKl) break;
    }
    return { ...await this.#metrics(summary, epochs), "train/epochs": epochs, "train/learning_rate": learningRate };
  }

  /** Collects and learns once. */
  async iterate(): Promise<Record<string, number>> {
    const metrics = await this.learn(await this.#collect());
    this.#iteration++;
    return metrics;
  }

  /** Plays `count` whole episodes with the deterministic policy, drawn from `seed`. It changes nothing of what is learned. */
  evaluate(count: number, seed: number): Promise<Episodes> {
    return this.#evaluator.run(count, seed);
  }

  /** The gradients of the last update of the last iteration, before they were clipped, by parameter. */
  async gradients(): Promise<Record<string, SavedTensor>> {
    const flat = await this.#gradients?.data();
    const named = Object.entries({ policy: this.policy, critic: this.critic }).flatMap(([owner, network]) =>
      network.namedParameters().map(([path, { shape, size }]) => ({ name: `${owner}.${path}`, shape, size }))
    );
    let end = 0;
    const entries = named.map(({ name, shape, size }) => {
      const data = flat?.subarray(end, end += size) ?? null;
      return [name, data && { dtype: "float32", shape, data }] as const;
    });
    return Object.fromEntries(entries.filter((entry): entry is [string, SavedTensor] => entry[1] !== null));
  }

  /** Everything that is needed to continue bit for bit, by name. */
  async state(): Promise<Record<string, SavedTensor>> {
    const entries = await Promise.all(
      this.#named().map(async ([name, variable]) => {
        return [name, { dtype: variable.dtype, shape: variable.shape, data: await variable.data() }] as const;
      }),
    );
    const order = Uint32Array.from(this.#order.state());
    return {
      ...Object.fromEntries(entries),
      "order": { dtype: "uint32", shape: [order.length], data: order },
      "iteration": { dtype: "int32", shape: [1], data: Int32Array.of(this.#iteration) },
    };
  }

  /** Continues from a {@linkcode PPOTrainer.state} of the same configuration. */
  restore(state: Readonly<Record<string, SavedTensor>>): Promise<void> {
    for (const [name, variable] of this.#named()) {
      const saved = state[name];
      if (!saved) throw new Error(`The saved state has no tensor \`${name}\`: it belongs to another configuration.`);
      variable.assign(fromData(saved.data.slice() as TypedArray, saved.dtype, saved.shape));
    }
    this.#order.restore([...state["order"]!.data]);
    this.#iteration = state["iteration"]!.data[0]!;
    return Promise.resolve();
  }

  /**
   * Runs a step that failed again, from what it was given: `program` is `collect`, `prepare` or `update`. Throws what the
   * step throws.
   */
  async replay(program: string, saved: Readonly<Record<string, SavedTensor>>): Promise<void> {
    const programs = this.#programs();
    const found = (programs as { readonly [name: string]: typeof programs[keyof typeof programs] })[program];
    if (!found) throw new Error(`There is no program \`${program}\`; there are ${Object.keys(programs).join(", ")}.`);
    await found.replay(saved);
  }

  /** The deterministic policy as an ONNX file: `observation` [1, agent, feature] to `action` [1, agent, action]. */
  policyOnnx(): Promise<Uint8Array> {
    const { agents, observationSize } = this.environment;
    return exportOnnx((observation) => ({ action: this.policy.forward(observation) }), {
      observation: zeros([1, agents, observationSize]),
    });
  }

  /** What it is and what runs it. */
  get facts(): TrainerFacts {
    const parameters = this.#optimizer.groups.reduce((n, { group }) => n + group.size, 0);
    return { ...this.#engine, envs: this.envs, steps: this.steps, parameters };
  }

  /** Gives back the programs. */
  dispose(): void {
    for (const program of [...Object.values(this.#programs()), this.#evaluator]) program.dispose();
  }

  #programs() {
    return {
      collect: this.#collect,
      prepare: this.#prepare,
      update: this.#update,
    };
  }

  #named(): [string, Variable][] {
    const owners = {
      optimizer: this.#optimizer,
      collector: this.#collector,
      generator: this.#generator,
      ...(this.#valueScale ? { valueScale: this.#valueScale } : {}),
    };
    return Object.entries(owners).flatMap(([owner, x]) =>
      x.variables().map((variable, i): [string, Variable] => [`${owner}.${i}.${variable.name}`, variable])
    );
  }

  #rowLayout(): RowLayout<Field> {
    const { agents, observationSize } = this.environment;
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

  #advantages(rollout: Rollout): { rows: Tensor; summary: Tensor } {
    const { gamma, lmbda, bootstrapTruncated = true } = this.options;
    const { observation, choice, logProb, reward, done } = rollout;
    const [time, env, agents] = rollout.reward.shape as [number, number, number];
    const valueOf = (observation: Tensor): Tensor =>
      this.critic.forward(observation.flatten(0, 1)).detach("advantages are data").reshape(time, env, agents);
    const scale = this.#valueScale;
    const asReward = (value: Tensor): Tensor => scale ? scale.denormalize(value) : value;
    const said = valueOf(observation);
    const value = asReward(said);
    const nextValue = asReward(valueOf(rollout.nextObservation));
    const terminated = bootstrapTruncated ? rollout.terminated : done;
    const { advantage, returns } = generalisedAdvantages(
      { reward, value, nextValue, terminated, done },
      gamma,
      lmbda,
    );
    this.#measured.assign(zeros([diagnostics.length]));
    const summary = summaryOf(rollout, value, returns);
    const noise = normal(this.#generator.next(), [time, env, agents, this.policy.entropyNoiseSize]);
    scale?.add(returns);
    const rows = this.#layout.pack({
      ...{ observation, choice, noise, logProb, value: said },
      advantage: this.options.normalizeAdvantages ? standardized(advantage) : advantage,
      returns: scale ? scale.normalize(returns) : returns,
    });
    return { rows, summary };
  }

  /** Learns from the minibatch at `index`. Gives the gradients of all parameters, one after the other, before clipping. */
  /** Learns from minibatches `[minibatch, row]`; nothing returns to the host in between. */
  #epoch(rows: Tensor, { index, weight, entropyEps }: Minibatches): Tensor {
    const step = (_: Tensor, [index, weight]: readonly Tensor[]): [Tensor, []] => [
      this.#learn(rows, index!, weight!, entropyEps),
      [],
    ];
    const state = [this.#optimizer, this.#measured];
    const [gradients] = scan(step, zeros([this.#optimizer.groups[0]!.group.size]), [index, weight], { state });
    return gradients;
  }

  #learn(rows: Tensor, index: Tensor, weight: Tensor, entropyEps: Tensor): Tensor {
    const minibatch = { ...this.#layout.unpack(rows.take(index, 0)), weight };
    const output = this.policy.output(minibatch.observation);
    const now = {
      logProb: this.policy.logProb(output, minibatch.choice),
      entropy: this.policy.entropy(output, minibatch.noise),
      value: this.critic.forward(minibatch.observation),
    };
    const result = ppoLoss(minibatch, now, { ...this.options, entropyEps });
    result.loss.backward();
    const gradients = this.#optimizer.groups[0]!.group.grads().tensor;
    const gradNorm = this.#optimizer.clipGradNorm(this.options.maxGradNorm);
    this.#optimizer.step();
    const { objective, criticLoss, entropy, approxKl, clipFraction } = result;
    const measured = stack([objective, criticLoss, entropy, approxKl, clipFraction, gradNorm]);
    this.#measured.assign(this.#measured.add(measured));
    return gradients;
  }

  /** All frames in random order, `[minibatch, row]`; the last minibatch is padded with frame 0 at weight 0. */
  #minibatches(): Minibatches {
    const frames = this.#rows;
    const size = Math.min(this.options.minibatchSize, frames);
    const shape = [Math.ceil(frames / size), size] as const;
    const index = new Int32Array(shape[0] * size);
    index.set(this.#order.permutation(frames));
    const weight = new Float32Array(index.length).fill(1, 0, frames);
    return {
      index: tensor(index).reshape(...shape),
      weight: tensor(weight).reshape(...shape),
      entropyEps: tensor(this.entropyEps),
    };
  }

  async #metrics(summary: Tensor, epochs: number): Promise<Record<string, number>> {
    const [reward, length, episodes, meanReward, unexplained, spread] = await summary.data();
    const sums = await this.#measured.data();
    const means = diagnostics.map((name, i) => [`train/${name}`, sums[i]! / (epochs * this.updatesPerEpoch)]);
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
