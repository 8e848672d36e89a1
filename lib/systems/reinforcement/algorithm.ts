/** Algorithms that learn in worlds, as systems see them: worlds and algorithms are combined by these contracts. */

import type { SavedTensor } from "../../graph/types.ts";
import type { OnPolicyOptions } from "../../rl/on_policy_options.ts";
import type { Policy } from "../../rl/policy.ts";
import type { Environment } from "../../worlds/environment.ts";
import type { HostWorld } from "../../worlds/host/world.ts";
import type { Config } from "../settings.ts";
import type { AlgorithmFacts } from "../system.ts";
import type { Trainer, TrainerFacts } from "../trainer.ts";

/** Policy and value function of one's own, as trainers take them. */
export type Networks = Pick<OnPolicyOptions, "policy" | "critic">;

/** A world of either kind. */
export type AnyWorld = Environment | HostWorld;

/** A trainer of something that acts in a world. */
export interface Agent extends Trainer {
  readonly environment: AnyWorld;
  readonly policy: Policy;
  /** The deterministic policy as an ONNX file, see {@linkcode policyOnnx}. */
  policyOnnx(): Promise<Uint8Array>;
  /** All that is learned, by name: `policy.net.layers.0.weight`. */
  weights(): Promise<Readonly<Record<string, SavedTensor>>>;
}

/** An algorithm. */
export interface Algorithm extends AlgorithmFacts {
  /** Throws a UsageError for settings that do not go together where an episode has at most `maxSteps` steps. */
  check(config: Config, maxSteps: number): void;
  /** See `System.endsWith`. */
  endsWith(config: Config): string | null;
  /** A batch and what becomes of it, in a line. */
  describe(config: Config, facts: TrainerFacts): string;
  /** Makes the trainer on the engine of the process. Throws a RangeError with a sentence if the world does not suit it. */
  create(world: AnyWorld, config: Config, networks?: Networks): Promise<Agent>;
}
