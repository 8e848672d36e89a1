/** Where the batches of a learner come from: from a world of tensors by one program, from one on the host step by step. */

import { compile, type Compiled } from "../compile/compile.ts";
import type { SavedTensor } from "../graph/types.ts";
import type { Generator } from "../tensor/random.ts";
import { fromData } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Environment } from "../worlds/environment.ts";
import { type HostWorld, isHostWorld } from "../worlds/host/world.ts";
import { type Episodes, Evaluator } from "./evaluation.ts";
import { HostExperience } from "./host_experience.ts";
import type { Policy } from "./policy.ts";
import { Collector, type Rollout } from "./rollout.ts";
import { assignVariables, namedVariables, readVariables, type SavedState } from "./saved.ts";

/** A program of any function, for who counts traces, replays and disposes. */
export interface AnyProgram {
  /** See {@linkcode Compiled}. */
  readonly traces: readonly string[];
  /** See {@linkcode Compiled}. */
  replay(saved: Readonly<Record<string, SavedTensor>>): Promise<unknown>;
  /** See {@linkcode Compiled}. */
  dispose(): void;
}

/** Batches of a policy in a world, and whole episodes of it. */
export interface Experience {
  /** The programs that collect, by their names. */
  readonly programs: Readonly<Record<string, AnyProgram>>;
  /** What the world itself has measured in the last batch, by name. */
  readonly measured: Readonly<Record<string, number>>;
  /** Awaited once, before anything else. Throws if the world cannot be had. */
  ready(): Promise<void>;
  /** The next batch. `pause` is awaited between computations. */
  collect(pause?: () => Promise<void>): Promise<Rollout>;
  /** `count` whole episodes of the most likely actions, drawn from `seed`; changes nothing of what is collected. */
  evaluate(count: number, seed: number): Promise<Episodes>;
  /** Worlds in the middle of their episodes, by name; always of the same names and shapes. */
  state(): Promise<SavedState>;
  /** Goes on from a {@linkcode Experience.state}. */
  restore(state: SavedState): Promise<void>;
  /** Gives back programs and simulations. */
  dispose(): void;
}

/** What batches are made with. */
export interface ExperienceOptions {
  readonly policy: Policy;
  /** Environments side by side. */
  readonly envs: number;
  /** Steps of each in a batch. */
  readonly steps: number;
  /** Steps of a sequence, which divide those, where networks remember; undefined where they do not. */
  readonly sequenceLength: number | undefined;
  /** Two words of 32 bits that draw the first states. */
  readonly key: readonly [number, number];
  /** What everything else is drawn from. */
  readonly generator: Generator;
}

/** The experience of a policy in a world of either kind. */
export function experienceOf<S extends Tree>(
  world: Environment<S> | HostWorld,
  options: ExperienceOptions,
): Experience {
  return isHostWorld(world) ? new HostExperience(world, options) : new TensorExperience(world, options);
}

/** Batches of a world of tensors, each of which one program makes. */
class TensorExperience<S extends Tree> implements Experience {
  readonly programs: { readonly collect: Compiled<[], Rollout> };
  readonly measured: Readonly<Record<string, number>> = {};
  readonly #collector: Collector<S>;
  readonly #evaluator: Evaluator<S>;

  constructor(environment: Environment<S>, options: ExperienceOptions) {
    const { policy, envs, steps, sequenceLength, generator } = options;
    const key = fromData(Uint32Array.from(options.key), "uint32", [2]);
    const collector = this.#collector = new Collector(environment, envs, key, policy);
    this.#evaluator = new Evaluator(environment, policy, [policy]);
    this.programs = {
      collect: compile(() => collector.collect(policy, generator, steps, sequenceLength), {
        state: [collector, generator, policy, ...environment.learned ?? []],
        name: "collect",
      }),
    };
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  collect(): Promise<Rollout> {
    return this.programs.collect();
  }

  evaluate(count: number, seed: number): Promise<Episodes> {
    return this.#evaluator.run(count, seed);
  }

  state(): Promise<SavedState> {
    return readVariables(namedVariables({ collector: this.#collector }));
  }

  restore(state: SavedState): Promise<void> {
    assignVariables(namedVariables({ collector: this.#collector }), state);
    return Promise.resolve();
  }

  dispose(): void {
    this.programs.collect.dispose();
    this.#evaluator.dispose();
  }
}
