/** TRPO for many agents: collects a batch, takes one step of the policy inside of its trust region, then fits the critic. */

import { refuseNew, signature } from "../graph/arguments.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Environment } from "../worlds/environment.ts";
import type { HostWorld } from "../worlds/host/world.ts";
import * as kind from "../worlds/kinds.ts";
import { OnPolicyTrainer } from "./on_policy_trainer.ts";
import type { EngineFacts } from "./policy_trainer.ts";
import { TRPOLearner } from "./trpo_learner.ts";
import { checkTRPOOptions, type TRPOOptions, trpoOptions } from "./trpo_options.ts";

const takesCreate = signature("TRPOTrainer.create()", {
  environment: kind.anyWorld,
  options: trpoOptions,
});

/** TRPO for many agents in a world `W`: an {@linkcode Environment}, or a {@linkcode HostWorld}. */
export class TRPOTrainer<W extends Environment | HostWorld = Environment> extends OnPolicyTrainer<W, TRPOOptions> {
  /**
   * A trainer on the engine of the process, in a world of tensors or on the host. Its metrics say of each iteration whether a step
   * was accepted (`train/accepted`), its KL divergence (`train/kl`, always below `targetKl`), its length, and how much the
   * surrogate has risen.
   *
   * @throws RangeError if an option is out of its range, TypeError and PlumblineError if networks of one's own do not fit or the
   * policy has no `kl()`, SimulationError if the simulations of a world on the host cannot be started.
   *
   * @example
   * ```ts
   * import { Navigation, TRPOTrainer } from "@plumbline/plumbline";
   *
   * const trainer = await TRPOTrainer.create(new Navigation({ nAgents: 2, maxSteps: 10 }), {
   *   ...{ framesPerBatch: 100, minibatchSize: 50, nCriticUpdates: 2, lr: 1e-3, gamma: 0.99, lmbda: 0.95, seed: 0 },
   *   ...{ hiddenSize: 32, targetKl: 0.01, normalizeAdvantages: true },
   * });
   * const metrics = await trainer.iterate();
   * console.log(metrics["train/kl"]! <= 0.01); // true
   * trainer.dispose();
   * ```
   */
  static create<S extends Tree>(
    environment: Environment<S>,
    options: TRPOOptions,
  ): Promise<TRPOTrainer<Environment<S>>>;
  /** As above. */
  static create<W extends HostWorld>(environment: W, options: TRPOOptions): Promise<TRPOTrainer<W>>;
  static async create<W extends Environment | HostWorld>(
    environment: W,
    options: TRPOOptions,
  ): Promise<TRPOTrainer<W>> {
    takesCreate(arguments);
    checkTRPOOptions(options);
    return await TRPOTrainer.start((engine) => new TRPOTrainer(environment, options, engine));
  }

  /** Draws the networks and the first states from the seed. Use {@linkcode TRPOTrainer.create}. */
  private constructor(environment: W, options: TRPOOptions, engine: EngineFacts) {
    if (!engine) refuseNew("TRPOTrainer", "await TRPOTrainer.create(environment, options)");
    super(environment, options, engine, (random, shape) => new TRPOLearner(environment, options, random, shape));
  }
}
