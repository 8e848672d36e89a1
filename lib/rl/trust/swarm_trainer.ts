/** Trains a spoofed swarm: its policy by multi-agent PPO, and where its fusion learns, whom to trust. */

import { refuseNew, signature, takeOnly } from "../../graph/arguments.ts";
import type { Module } from "../../nn/module.ts";
import * as kind from "../../worlds/kinds.ts";
import { SpoofedSwarm } from "../../worlds/swarm/swarm.ts";
import { episodeMetrics, Evaluator } from "../evaluation.ts";
import { OnPolicyTrainer } from "../on_policy_trainer.ts";
import type { Policy } from "../policy.ts";
import type { EngineFacts } from "../policy_trainer.ts";
import { LearnedFusion } from "./learned_fusion.ts";
import { checkSwarmOptions, swarmOptions } from "./swarm_options.ts";
import { SwarmLearner, type SwarmTrainerOptions } from "./swarm_learner.ts";

/** Flights that {@linkcode SwarmTrainer.measure} looks at. */
const judgedFlights = 256;

const takesCreate = signature("SwarmTrainer.create()", {
  environment: kind.instance("a SpoofedSwarm", SpoofedSwarm),
  options: swarmOptions,
  judged: kind.optional(kind.instance("a SpoofedSwarm", SpoofedSwarm)),
});

/** Multi-agent PPO in a {@linkcode SpoofedSwarm}, whose {@linkcode LearnedFusion}, if it has one, learns beside it. */
export class SwarmTrainer extends OnPolicyTrainer<SpoofedSwarm, SwarmTrainerOptions> {
  readonly #judge: Evaluator;

  /**
   * A trainer on the engine of the process. `judged` is the world that evaluations are made in, the same unless told otherwise: one that
   * is not a mixture of attacks.
   *
   * @throws RangeError if an option is out of its range.
   *
   * @example
   * ```ts
   * import { HostRandom, SpoofedSwarm, SwarmTrainer, TrustConsensus } from "@plumbline/plumbline";
   *
   * const world = new SpoofedSwarm({ maxSteps: 10 }, new TrustConsensus(new HostRandom(0), { hiddenSize: 8 }));
   * const trainer = await SwarmTrainer.create(world, {
   *   ...{ algorithm: "mappo", framesPerBatch: 40, numEpochs: 1, minibatchSize: 20, hiddenSize: 16, lr: 1e-3 },
   *   ...{ maxGradNorm: 10, clipEpsilon: 0.2, entropyEps: 0, gamma: 0.99, lmbda: 0.95, seed: 0 },
   *   ...{ flights: 4, trustUpdates: 1, trustEpochs: 1, trustHorizon: 10, trustLr: 2e-3 },
   *   ...{ trustSteadiness: 0.1, errorCap: 0 },
   * });
   * console.log((await trainer.iterate())["train/trust_loss"]! > 0); // true
   * trainer.dispose();
   * ```
   */
  static async create(
    environment: SpoofedSwarm,
    options: SwarmTrainerOptions,
    judged: SpoofedSwarm = environment,
  ): Promise<SwarmTrainer> {
    takesCreate(arguments);
    checkSwarmOptions(options);
    return await SwarmTrainer.start((engine) => new SwarmTrainer(environment, options, judged, engine)) as SwarmTrainer;
  }

  /** Draws the networks and the first states from the seed. Use {@linkcode SwarmTrainer.create}. */
  private constructor(
    environment: SpoofedSwarm,
    options: SwarmTrainerOptions,
    judged: SpoofedSwarm,
    engine: EngineFacts,
  ) {
    if (!engine) refuseNew("SwarmTrainer", "await SwarmTrainer.create(environment, options)");
    super(environment, options, engine, (random, shape) => new SwarmLearner(environment, options, random, shape));
    this.#judge = new Evaluator(judged, this.policy, [this.policy]);
  }

  /** Means over 256 whole flights in the judged world, drawn from `seed`, as metrics `eval/...`. */
  override async measure(seed: number): Promise<Record<string, number>> {
    return episodeMetrics(await this.turn(() => this.#judge.run(judgedFlights, seed)));
  }

  /** Gives back its programs. */
  override dispose(): void {
    super.dispose();
    this.#judge.dispose();
  }

  /** Policy and critic, and the fusion where it learns. */
  protected override get networks(): { readonly policy: Policy; readonly critic: Module } & Record<string, Module> {
    const { fusion } = this.environment;
    return { ...super.networks, ...fusion instanceof LearnedFusion && { fusion } };
  }
}

takeOnly(SwarmTrainer, { measure: { seed: kind.number } });
