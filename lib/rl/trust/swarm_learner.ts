/** What a swarm learns: to fly, by PPO, on what its fusion makes of its sensors; and that fusion, from recorded flights. */

import type { SavedTensor } from "../../graph/types.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import type { HostRandom } from "../../tensor/host_random.ts";
import { Generator } from "../../tensor/random.ts";
import type { Stateful } from "../../tensor/variable.ts";
import type { SpoofedSwarm } from "../../worlds/swarm/swarm.ts";
import type { Diagnostics } from "../diagnostics.ts";
import type { AnyProgram } from "../experience.ts";
import type { Learner, Lesson } from "../on_policy_trainer.ts";
import { scheduled } from "../policy_trainer.ts";
import { PPOLearner } from "../ppo_learner.ts";
import type { PPOOptions } from "../ppo_options.ts";
import type { Preparation } from "../preparation.ts";
import { FusionLearner, type FusionOptions } from "./fusion_learner.ts";
import { LearnedFusion } from "./learned_fusion.ts";

/** Settings of {@linkcode SwarmTrainer}. */
export interface SwarmTrainerOptions extends PPOOptions, FusionOptions {
  /** Batches of flights from which the fusion learns in an iteration. */
  readonly trustUpdates: number;
}

/** PPO, and the fusion of the world where it learns. */
export class SwarmLearner implements Learner {
  readonly #ppo: PPOLearner;
  readonly #fusion: FusionLearner | null;
  readonly #generator: Generator;

  /** Draws policy and critic, for batches of `shape`. */
  constructor(
    world: SpoofedSwarm,
    readonly options: SwarmTrainerOptions,
    random: HostRandom,
    shape: { readonly envs: number; readonly steps: number },
  ) {
    this.#ppo = new PPOLearner(world, options, random, shape);
    this.#generator = new Generator(random.bits());
    const { policy } = this.#ppo.preparation;
    this.#fusion = world.fusion instanceof LearnedFusion
      ? new FusionLearner(world, world.fusion, options, this.#generator, policy, [policy])
      : null;
  }

  get preparation(): Preparation {
    return this.#ppo.preparation;
  }

  get optimizer(): Optimizer {
    return this.#ppo.optimizer;
  }

  get measured(): Diagnostics {
    return this.#ppo.measured;
  }

  get programs(): Readonly<Record<string, AnyProgram>> {
    return { ...this.#ppo.programs, ...this.#fusion?.programs };
  }

  get owners(): Readonly<Record<string, Stateful>> {
    const learned = this.#fusion && { trustOptimizer: this.#fusion.optimizer, flights: this.#generator };
    return { ...this.#ppo.owners, ...learned };
  }

  get size(): number {
    const groups = this.#fusion?.optimizer.groups ?? [];
    return this.#ppo.size + groups.reduce((n, { group }) => n + group.size, 0);
  }

  /** PPO's epochs, and then the fusion's: batches made before and after it moved are not mixed. */
  async learn(lesson: Lesson): Promise<Record<string, number>> {
    const metrics = await this.#ppo.learn(lesson);
    if (!this.#fusion) return metrics;
    const { trustLr, trustUpdates, lrSchedule, nIters } = this.options;
    this.#fusion.optimizer.setLearningRate(scheduled(trustLr, lrSchedule, lesson.iteration, nIters));
    const sums: Record<string, number> = {};
    for (let i = 0; i < trustUpdates; i++) {
      await lesson.pause?.();
      const measured = await this.#fusion.learn(lesson.pause);
      for (const [name, x] of Object.entries(measured)) sums[name] = (sums[name] ?? 0) + x / trustUpdates;
    }
    return { ...metrics, ...sums };
  }

  gradients(): Promise<Record<string, SavedTensor>> {
    return this.#ppo.gradients();
  }
}
