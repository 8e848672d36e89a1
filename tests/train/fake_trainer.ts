/** A trainer that learns a number by a rule: deterministic, stateful in every dtype, and instant. */

import { episodeMetrics } from "../../lib/rl/evaluation.ts";
import type { Config } from "../../lib/systems/settings.ts";
import type { Metrics, Trainer, TrainerState } from "../../lib/systems/trainer.ts";
import { batchOf, type Config as ParticleConfig } from "./particle.ts";

/** What a test can make go wrong. */
export interface FakeOptions {
  /** Milliseconds that an iteration takes. */
  readonly delay?: number;
  /** The iteration that never ends. */
  readonly stallAt?: number;
  /** The iteration that computes without a pause and without an end, and says so. */
  readonly blockAt?: number;
  /** The iteration that throws. */
  readonly failAt?: number;
  /** The seed to which that applies; any if not given. */
  readonly failSeed?: number;
  /** Numbers in its largest tensor. */
  readonly size?: number;
}

/** A step of a linear congruential generator (Numerical Recipes). */
function nextRandom(x: number): number {
  return (Math.imul(x, 1664525) + 1013904223) >>> 0;
}

/** See the file's first line. */
export class FakeTrainer implements Trainer {
  readonly framesPerIteration: number;
  readonly facts;
  #weights: Float32Array<ArrayBufferLike>;
  #random: Uint32Array<ArrayBufferLike>;
  #counters: Int32Array<ArrayBufferLike> = new Int32Array(2);
  #done: Uint8Array<ArrayBufferLike>;
  readonly #seed: number;
  traceCount = 0;

  constructor(config: Config, readonly options: FakeOptions = {}) {
    const { nAgents } = config as ParticleConfig;
    const { envs, steps, frames } = batchOf(config as ParticleConfig);
    this.framesPerIteration = frames;
    this.#seed = config.seed;
    this.facts = { engine: "fake", adapter: "a rule", envs, steps, parameters: options.size ?? 4 };
    this.#weights = new Float32Array(options.size ?? 4);
    this.#random = new Uint32Array([config.seed, nAgents]);
    this.#done = new Uint8Array(envs);
  }

  get iteration(): number {
    return this.#counters[0]!;
  }

  async iterate(): Promise<Metrics> {
    const { delay, stallAt, blockAt, failAt, failSeed } = this.options;
    if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
    if (this.iteration + 1 === stallAt) await new Promise((resolve) => setTimeout(resolve, 1e9));
    if (this.iteration + 1 === blockAt) { for (console.log("computing");;); }
    if (this.iteration + 1 === failAt && this.#seed === (failSeed ?? this.#seed)) {
      throw new Error("the fake driver crashed.");
    }
    this.traceCount ||= 3;
    this.#random[0] = nextRandom(this.#random[0]!);
    const noise = this.#random[0]! / 2 ** 32 - 0.5;
    for (let i = 0; i < this.#weights.length; i++) this.#weights[i]! += 0.1 * (1 - this.#weights[i]!) + 0.02 * noise;
    this.#counters[0]!++;
    this.#counters[1]! += this.framesPerIteration;
    this.#done[this.iteration % this.#done.length]! ^= 1;
    return { "train/episode_reward_sum": 3 * this.#weights[0]!, "train/kl": this.iteration === 1 ? NaN : noise };
  }

  measure(seed: number): Promise<Metrics> {
    const reward = Float32Array.from({ length: 100 }, (_, i) => 3 * this.#weights[0]! + (i % 2) - 0.5 + seed);
    const terminated = Uint8Array.from(reward, (_, i) => Number(i % 4 === 0));
    return Promise.resolve(episodeMetrics({ reward, length: reward.map((_, i) => 1 + i % 5), terminated }));
  }

  state(): Promise<TrainerState> {
    return Promise.resolve({
      "policy.weights": { dtype: "float32", shape: [2, this.#weights.length / 2], data: this.#weights.slice() },
      random: { dtype: "uint32", shape: [2], data: this.#random.slice() },
      counters: { dtype: "int32", shape: [2], data: this.#counters.slice() },
      done: { dtype: "bool", shape: [this.#done.length], data: this.#done.slice() },
    });
  }

  restore(state: TrainerState): Promise<void> {
    this.#weights = state["policy.weights"]!.data.slice() as Float32Array;
    this.#random = state.random!.data.slice() as Uint32Array;
    this.#counters = state.counters!.data.slice() as Int32Array;
    this.#done = state.done!.data.slice() as Uint8Array;
    return Promise.resolve();
  }

  files(): Promise<Record<string, Uint8Array>> {
    return Promise.resolve({ "policy.onnx": new Uint8Array(this.#weights.slice().buffer) });
  }

  dispose(): void {}
}
