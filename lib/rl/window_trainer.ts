/**
 * What trainers have in common that learn by the gradient of a world: they go through windows of its steps, one program each, and
 * learn after every one; the next goes on from where the last one ended, and no gradient goes from one to the other.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import { takeOnly } from "../graph/arguments.ts";
import type { Site } from "../graph/site.ts";
import type { SavedTensor } from "../graph/types.ts";
import type { Module } from "../nn/module.ts";
import type { Adam } from "../optim/optimizers.ts";
import { stack } from "../tensor/functions.ts";
import { HostRandom } from "../tensor/host_random.ts";
import { Generator, randomKey } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Stateful } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import * as kind from "../worlds/kinds.ts";
import { type Episodes, Evaluator } from "./evaluation.ts";
import { namedGradients } from "./gradients.ts";
import { HorizonWatch } from "./horizon_watch.ts";
import type { Policy } from "./policy.ts";
import { type EngineFacts, type OnPolicyFacts, PolicyTrainer } from "./policy_trainer.ts";
import { Collector } from "./rollout.ts";
import type { WindowOptions } from "./window_options.ts";

/** What a window gave, scalars but for the gradients. */
export interface Window {
  /** Of the policy's parameters, one after the other, before they were clipped. */
  readonly gradients: Tensor;
  /** Mean reward of a step. */
  readonly reward: Tensor;
  /** Sums of reward and of steps over the episodes that ended, and how many did. */
  readonly ended: readonly Tensor[];
  /** What else was measured, by its metric. */
  readonly measured: Readonly<Record<string, Tensor>>;
}

/** What an algorithm adds: what is learned, and how. */
export interface WindowLearner {
  /** What learns, by name. */
  readonly networks: { readonly policy: Policy } & Readonly<Record<string, Module>>;
  /** What takes the learning rate, by name. */
  readonly optimizers: Readonly<Record<string, Adam>>;
  /** What else changes, by name. */
  readonly others: Readonly<Record<string, Stateful>>;
  /** What it measures in every window. */
  readonly measures: readonly string[];
  /** Goes through a window and learns from it: in a compiled function. */
  learn<S extends Tree>(collector: Collector<S>, generator: Generator): Window;
}

/** Trains in windows of a world of tensors. {@linkcode BPTTTrainer} is one. */
export abstract class WindowTrainer<S extends Tree = Tree, O extends WindowOptions = WindowOptions>
  extends PolicyTrainer<Environment<S>, O> {
  readonly #learner: WindowLearner;
  readonly #generator: Generator;
  readonly #collector: Collector<S>;
  readonly #window: Compiled<[], { readonly gradients: Tensor; readonly summary: Tensor }>;
  readonly #evaluator: Evaluator<S>;
  readonly #horizon: HorizonWatch<S>;
  #gradients: Tensor | null = null;

  /** Draws the networks, which `make` makes, and the first states from the seed. */
  protected constructor(
    environment: Environment<S>,
    options: O,
    engine: EngineFacts,
    make: (random: HostRandom) => WindowLearner,
  ) {
    super(environment, options, engine);
    const random = new HostRandom(options.seed);
    const learner = this.#learner = make(random);
    const { networks, optimizers, others, measures } = learner;
    const collector = this.#collector = new Collector(environment, options.envs, randomKey(random.bits()));
    const generator = this.#generator = new Generator(random.bits());
    this.#window = compile(() => {
      const { gradients, reward, ended, measured } = learner.learn(collector, generator);
      return { gradients, summary: stack([reward, ...ended, ...measures.map((name) => measured[name]!)]) };
    }, {
      state: [
        ...[...Object.values(networks), ...Object.values(optimizers), ...Object.values(others)],
        ...[collector, generator],
      ],
      name: "window",
    });
    const { policy } = networks;
    this.#evaluator = new Evaluator(environment, policy, [policy]);
    const name = this.constructor.name.replace(/Trainer$/, "");
    this.#horizon = new HorizonWatch({ name, environment, policy, ...options });
  }

  /** Steps of the simulator that one iteration learns from. */
  override get framesPerIteration(): number {
    const { envs, horizon, windows = 1 } = this.options;
    return envs * horizon * windows * (this.environment.framesPerStep ?? 1);
  }

  /** Plays `count` whole episodes with the deterministic policy, drawn from `seed`. It changes nothing of what is learned. */
  override evaluate(count: number, seed: number): Promise<Episodes> {
    return this.turn(() => this.#evaluator.run(count, seed));
  }

  /** The gradients of the policy in the last window, before they were clipped, by parameter; none before the first. */
  override gradients(): Promise<Record<string, SavedTensor>> {
    return this.turn(async () => {
      if (!this.#gradients) return {};
      return namedGradients({ policy: this.policy }, await this.#gradients.data() as Float32Array);
    });
  }

  /** Gives back its programs. */
  override dispose(): void {
    super.dispose();
    this.#evaluator.dispose();
    this.#horizon.dispose();
  }

  /** Goes through the windows of an iteration, and learns after each. */
  protected override async once(pause: (() => Promise<void>) | undefined, site: Site): Promise<Record<string, number>> {
    const { windows = 1, lrSchedule = "constant" } = this.options;
    const { learningRate } = this;
    const { optimizers, measures } = this.#learner;
    if (lrSchedule !== "constant") {
      for (const optimizer of Object.values(optimizers)) optimizer.setLearningRate(learningRate);
    }
    const sums = Array<number>(4 + measures.length).fill(0);
    for (let i = 0; i < windows; i++) {
      await pause?.();
      const { gradients, summary } = await this.#horizon.during(site, () => this.#window());
      this.#gradients = gradients;
      (await summary.data()).forEach((x, k) => sums[k]! += Number(x));
    }
    await this.#horizon.after(site, sums[4 + measures.indexOf("grad_norm")]! / windows);
    const [reward, episodeReward, episodeLength, episodes, ...others] = sums as [number, number, number, number];
    return {
      "train/reward": reward / windows,
      "train/episode_reward_sum": episodeReward / episodes,
      "train/episode_length": episodeLength / episodes,
      "train/episodes": episodes,
      ...Object.fromEntries(measures.map((name, i) => [`train/${name}`, others[i]! / windows])),
      "train/learning_rate": learningRate,
    };
  }

  /** The gradients are those of what was learned before. */
  protected override restoreOthers(): Promise<void> {
    this.#gradients = null;
    return Promise.resolve();
  }

  /** See {@linkcode WindowTrainer.facts}. */
  protected override get sizes(): Pick<OnPolicyFacts, "envs" | "steps" | "parameters"> {
    const { envs, horizon } = this.options;
    const groups = Object.values(this.#learner.optimizers).flatMap((optimizer) => optimizer.groups);
    return { envs, steps: horizon, parameters: groups.reduce((n, { group }) => n + group.size, 0) };
  }

  /** What learns. */
  protected override get networks(): { readonly policy: Policy } & Readonly<Record<string, Module>> {
    return this.#learner.networks;
  }

  /** `window`. */
  protected override get programs(): { readonly window: Compiled<[], Tree> } {
    return { window: this.#window };
  }

  /** What changes as it learns. */
  protected override get kept(): Readonly<Record<string, Stateful>> {
    const { networks, optimizers, others } = this.#learner;
    return { ...networks, ...optimizers, ...others, collector: this.#collector, generator: this.#generator };
  }
}

takeOnly(WindowTrainer, { evaluate: { count: kind.number, seed: kind.number } }, ["once", "restoreOthers"]);
