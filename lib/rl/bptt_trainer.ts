/**
 * Backpropagation through the rollout: the policy climbs the gradient of its own rewards, through the physics of the world. It needs no
 * critic, and a world of tensors.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import { currentEngine, deviceNotice } from "../engine/select.ts";
import { refuseNew, signature, takeOnly } from "../graph/arguments.ts";
import { whole } from "../graph/interrupt.ts";
import type { SavedTensor } from "../graph/types.ts";
import { Adam } from "../optim/optimizers.ts";
import { stack } from "../tensor/functions.ts";
import { HostRandom } from "../tensor/host_random.ts";
import { evaluate } from "../tensor/settle.ts";
import { Generator, randomKey } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Variable } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import * as kind from "../worlds/kinds.ts";
import { type BPTTOptions, bpttOptions, checkBPTTOptions } from "./bptt_options.ts";
import { episodeMetrics, type Episodes, Evaluator } from "./evaluation.ts";
import { namedGradients } from "./gradients.ts";
import { type EngineFacts, type OnPolicyFacts, scheduled } from "./on_policy_trainer.ts";
import { HorizonWatch } from "./horizon_watch.ts";
import { policyFor } from "./policies.ts";
import type { Policy } from "./policy.ts";
import { policyOnnx } from "./policy_onnx.ts";
import { Collector } from "./rollout.ts";
import { assignVariables, namedVariables, readVariables, savedTensor } from "./saved.ts";

const takesCreate = signature("BPTTTrainer.create()", { environment: kind.world, options: bpttOptions });

/** Episodes that {@linkcode BPTTTrainer.measure} plays. */
const measuredEpisodes = 100;

/** What a window gave. */
interface Window {
  readonly [key: string]: Tensor;
  /** Of all parameters, one after the other, before they were clipped. */
  readonly gradients: Tensor;
  /** Mean reward of a step, sum of reward and of steps over the episodes that ended, how many did, norm of the gradient. */
  readonly summary: Tensor;
}

/**
 * Learns by the gradient of rewards through windows of a world's steps. What a policy draws is a number times its deviation (the
 * reparametrisation of Kingma and Welling 2014), through which the gradient flows as well.
 */
export class BPTTTrainer<S extends Tree = Tree> {
  /** The policy. */
  readonly policy: Policy;
  readonly #engine: EngineFacts;
  readonly #optimizer: Adam;
  readonly #generator: Generator;
  readonly #collector: Collector<S>;
  readonly #window: Compiled<[], Window>;
  readonly #evaluator: Evaluator<S>;
  readonly #horizon: HorizonWatch<S>;
  #gradients: Tensor | null = null;
  #iteration = 0;

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
    checkBPTTOptions(options);
    if (environment.actionKind !== "continuous") {
      throw new RangeError(
        `BPTT: the actions of ${environment.name} are choices, which have no gradient: let PPO learn them.`,
      );
    }
    const { name, adapter } = await currentEngine();
    const note = deviceNotice();
    return new BPTTTrainer(environment, options, { engine: name, adapter, ...note !== null && { note } });
  }

  /** Draws the policy and the first states from the seed. Use {@linkcode BPTTTrainer.create}. */
  private constructor(
    readonly environment: Environment<S>,
    readonly options: BPTTOptions,
    engine: EngineFacts,
  ) {
    if (!engine) refuseNew("BPTTTrainer", "await BPTTTrainer.create(environment, options)");
    this.#engine = engine;
    const { envs, seed, lr, hiddenSize } = options;
    const random = new HostRandom(seed);
    const policy = this.policy = policyFor(environment, { ...hiddenSize !== undefined && { hiddenSize } }, random);
    this.#optimizer = new Adam(policy.parameters(), { lr });
    this.#collector = new Collector(environment, envs, randomKey(random.bits()));
    this.#generator = new Generator(random.bits());
    this.#window = compile(() => this.#learn(), {
      state: [policy, this.#optimizer, this.#collector, this.#generator],
      name: "window",
    });
    this.#evaluator = new Evaluator(environment, policy, [policy]);
    this.#horizon = new HorizonWatch({ name: "BPTT", environment, policy, ...options });
  }

  /** What learns. */
  get learning(): readonly Policy[] {
    return [this.policy];
  }

  /** Iterations done. */
  get iteration(): number {
    return this.#iteration;
  }

  /** Steps of the simulator that one iteration learns from. */
  get framesPerIteration(): number {
    const { envs, horizon, windows = 1 } = this.options;
    return envs * horizon * windows * (this.environment.framesPerStep ?? 1);
  }

  /** The learning rate of the iteration that comes next, or is under way. */
  get learningRate(): number {
    const { lr, lrSchedule, nIters } = this.options;
    return scheduled(lr, lrSchedule, this.#iteration, nIters);
  }

  /** Programs traced so far. */
  get traceCount(): number {
    return this.#window.traces.length;
  }

  /** What it is and what runs it. */
  get facts(): OnPolicyFacts {
    const { envs, horizon } = this.options;
    const parameters = this.#optimizer.groups.reduce((n, { group }) => n + group.size, 0);
    return { ...this.#engine, envs, steps: horizon, parameters };
  }

  /** Drives the windows of an iteration, and learns after each. `pause` is awaited between them. */
  iterate(pause?: () => Promise<void>): Promise<Record<string, number>> {
    return whole(async () => {
      const { windows = 1, lrSchedule = "constant" } = this.options;
      const { learningRate } = this;
      if (lrSchedule !== "constant") this.#optimizer.setLearningRate(learningRate);
      const sums = [0, 0, 0, 0, 0];
      for (let i = 0; i < windows; i++) {
        await pause?.();
        const { gradients, summary } = await this.#horizon.during(() => this.#window());
        this.#gradients = gradients;
        (await summary.data()).forEach((x, k) => sums[k]! += Number(x));
      }
      this.#iteration++;
      await this.#horizon.after(sums[4]! / windows);
      const [reward, episodeReward, episodeLength, episodes, norm] = sums as [number, number, number, number, number];
      return {
        "train/reward": reward / windows,
        "train/episode_reward_sum": episodeReward / episodes,
        "train/episode_length": episodeLength / episodes,
        "train/episodes": episodes,
        "train/grad_norm": norm / windows,
        "train/learning_rate": learningRate,
      };
    });
  }

  /** Plays `count` whole episodes with the deterministic policy, drawn from `seed`. It changes nothing of what is learned. */
  evaluate(count: number, seed: number): Promise<Episodes> {
    return this.#evaluator.run(count, seed);
  }

  /** Means over 100 whole episodes of the deterministic policy, drawn from `seed`, as metrics `eval/...`. */
  async measure(seed: number): Promise<Record<string, number>> {
    return episodeMetrics(await this.evaluate(measuredEpisodes, seed));
  }

  /** The gradients of the last update, before they were clipped, by parameter; none before the first. */
  async gradients(): Promise<Record<string, SavedTensor>> {
    if (!this.#gradients) return {};
    return namedGradients({ policy: this.policy }, await this.#gradients.data() as Float32Array);
  }

  /** Everything that is needed to continue bit for bit, by name. */
  async state(): Promise<Record<string, SavedTensor>> {
    const iteration: SavedTensor = { dtype: "int32", shape: [1], data: Int32Array.of(this.#iteration) };
    return { ...await readVariables(this.#named()), iteration };
  }

  /** Continues from a {@linkcode state} of the same configuration. That of another is refused, and changes nothing. */
  restore(state: Readonly<Record<string, SavedTensor>>): Promise<void> {
    const iteration = savedTensor(state, "iteration");
    assignVariables(this.#named(), state);
    this.#iteration = Number(iteration.data[0]);
    return Promise.resolve();
  }

  /** Runs a window that failed again, from what it was given. Throws what it throws. */
  async replay(program: string, saved: Readonly<Record<string, SavedTensor>>): Promise<void> {
    if (program !== "window") throw new Error(`There is no program \`${program}\`; there is window.`);
    await this.#window.replay(saved);
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

  /** All that is learned, by name: `policy.net.layers.0.weight`. */
  weights(): Promise<Readonly<Record<string, SavedTensor>>> {
    return readVariables(this.policy.namedVariables("policy."));
  }

  /** Gives back its programs. */
  dispose(): void {
    this.#window.dispose();
    this.#evaluator.dispose();
    this.#horizon.dispose();
  }

  #learn(): Window {
    const { horizon, maxGradNorm } = this.options;
    const rollout = this.#collector.collect(this.policy, this.#generator, horizon);
    const reward = rollout.reward.mean();
    reward.neg().backward();
    const gradients = this.#optimizer.groups[0]!.group.grads().tensor;
    const norm = this.#optimizer.clipGradNorm(maxGradNorm);
    this.#optimizer.step();
    const ended = [rollout.episodeReward.sum(), rollout.episodeLength.sum(), rollout.done.cast("float32").sum()];
    return { gradients, summary: stack([reward, ...ended, norm]) };
  }

  #named(): [string, Variable][] {
    return namedVariables({
      ...{ policy: this.policy, optimizer: this.#optimizer, collector: this.#collector, generator: this.#generator },
    });
  }
}

const saved = kind.having("saved tensors by name", {});
takeOnly(BPTTTrainer, {
  iterate: { pause: kind.optional(kind.callable) },
  evaluate: { count: kind.number, seed: kind.number },
  measure: { seed: kind.number },
  restore: { state: saved },
  replay: { program: kind.text, saved },
});
