/** Multi-agent PPO: collects a batch, learns from it for some epochs. */

import { refuseNew, signature } from "../graph/arguments.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Environment } from "../worlds/environment.ts";
import type { HostWorld } from "../worlds/host/world.ts";
import * as kind from "../worlds/kinds.ts";
import { OnPolicyTrainer } from "./on_policy_trainer.ts";
import type { EngineFacts, OnPolicyFacts } from "./policy_trainer.ts";
import { entropyWeight, PPOLearner } from "./ppo_learner.ts";
import { checkPPOOptions, type PPOOptions, ppoOptions } from "./ppo_options.ts";

/** What a trainer says about itself. */
export type PPOFacts = OnPolicyFacts;

const takesCreate = signature("PPOTrainer.create()", {
  environment: kind.anyWorld,
  options: ppoOptions,
});

/** PPO for many agents in a world `W`: an {@linkcode Environment}, or a {@linkcode HostWorld}. */
export class PPOTrainer<W extends Environment | HostWorld = Environment> extends OnPolicyTrainer<W, PPOOptions> {
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
    checkPPOOptions(options);
    return await PPOTrainer.start((engine) => new PPOTrainer(environment, options, engine));
  }

  /** Draws the networks and the first states from the seed. Use {@linkcode PPOTrainer.create}. */
  private constructor(environment: W, options: PPOOptions, engine: EngineFacts) {
    if (!engine) refuseNew("PPOTrainer", "await PPOTrainer.create(environment, options)");
    super(environment, options, engine, (random, shape) => new PPOLearner(environment, options, random, shape));
  }

  /** The weight of the entropy in the iteration that comes next, or is under way. */
  get entropyEps(): number {
    return entropyWeight(this.options, this.iteration);
  }
}
