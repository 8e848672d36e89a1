/** A batch of simulations for programs of one's own: actions in, observations and rewards out, as tensors. */

import type { Drop } from "../../forensics/reads/drops.ts";
import { PlumblineError } from "../../graph/error.ts";
import { refuseNew, signature, takeOnly } from "../../graph/arguments.ts";
import { keyOfSeed } from "../../graph/threefry.ts";
import { describe, sameShape, type Shape, type TypedArray } from "../../graph/types.ts";
import { evaluate } from "../../tensor/settle.ts";
import { fromData, type Tensor } from "../../tensor/tensor.ts";
import * as kind from "../kinds.ts";
import { dropInto, fromWorld } from "./crossing.ts";
import { Pool, type SimulationsState } from "./pool.ts";
import type { HostWorld } from "./world.ts";

/** What one step of a batch of simulations gives. */
export interface HostTransition {
  /** What is acted on next, float32 [env, agent, feature]: where an episode ended, the start of the next one. */
  readonly observation: Tensor;
  /** What was seen after the step, before any reset: float32 [env, agent, feature]. */
  readonly nextObservation: Tensor;
  /** float32 [env, agent]. */
  readonly reward: Tensor;
  /** bool [env]: the task ended, nothing is to come. */
  readonly terminated: Tensor;
  /** bool [env]: the time is up although the task did not end. Never with `terminated`. */
  readonly truncated: Tensor;
  /** The world's metrics by name, float32 [env]. */
  readonly metrics: Readonly<Record<string, Tensor>>;
}

const takesStart = signature("Simulations.start()", {
  world: kind.hostWorld,
  envs: kind.number,
  seed: kind.number,
});

/**
 * Simulations of a {@linkcode HostWorld}, side by side. Episodes begin anew by themselves. No gradient passes: a loss that has
 * what they give as a term of its own, as if it would reach what chose the actions, is refused with G108.
 *
 * @example
 * ```ts
 * import { HostPendulum, Simulations, uniform, randomKey } from "@plumbline/plumbline";
 *
 * const simulations = await Simulations.start(new HostPendulum({ maxSteps: 2 }), 3, 0);
 * await simulations.step(uniform(randomKey(0), [3, 1, 1], -1, 1));
 * const { truncated } = await simulations.step(uniform(randomKey(1), [3, 1, 1], -1, 1));
 * console.log(await truncated.toList(), simulations.observation.shape); // [ true, true, true ] [ 3, 1, 3 ]
 * simulations.dispose();
 * ```
 */
export class Simulations {
  readonly #pool: Pool;
  #observation: Tensor;

  private constructor(readonly world: HostWorld, readonly envs: number, pool: Pool) {
    if (!(pool instanceof Pool)) refuseNew("Simulations", "await Simulations.start(world, envs, seed)");
    this.#pool = pool;
    this.#observation = this.#seen(pool.memory.observation, null);
  }

  /**
   * `envs` simulations at the start of an episode, drawn from `seed`, an integer in [0, 2^53). Workers are started where the
   * world asks for them; they end with {@linkcode Simulations.dispose}, or with the process.
   *
   * @throws RangeError if the world does not fit its contract, SimulationError if a simulation cannot be made.
   */
  static async start(world: HostWorld, envs: number, seed: number): Promise<Simulations> {
    takesStart(arguments);
    if (!Number.isInteger(envs) || envs < 1) {
      throw new RangeError(`${world.name}: there are 1 or more simulations, a whole number, not ${envs}.`);
    }
    return new Simulations(world, envs, await Pool.start(world, envs, keyOfSeed(seed)));
  }

  /** What is acted on next, float32 [env, agent, feature]. */
  get observation(): Tensor {
    return this.#observation;
  }

  /**
   * One step of all. `action` is float32 [env, agent, actionSize] in [-1, 1]; or, where actions are discrete, int32 [env, agent].
   *
   * @throws PlumblineError G301 for actions of another shape or dtype, SimulationError if a simulation fails.
   */
  async step(action: Tensor): Promise<HostTransition> {
    const drop = dropInto(this.world, [action.node]);
    this.#checkAction(action);
    await evaluate([action.node]);
    const storage = action.node.value!;
    const { memory } = this.#pool;
    this.#pool.act(storage.host ?? await storage.read());
    await this.#pool.step();
    this.#observation = this.#seen(memory.observation, drop);
    const nextObservation = this.#seen(memory.nextObservation, drop);
    const { envs, world: { agents, metrics = {} } } = this;
    const flag = (x: Uint8Array): Tensor => fromWorld(fromData(x.slice(), "bool", [envs], ["env"]), drop);
    const names = Object.keys(metrics);
    return {
      observation: this.#observation,
      nextObservation,
      reward: fromWorld(fromData(memory.reward.slice(), "float32", [envs, agents], ["env", "agent"]), drop),
      terminated: flag(memory.terminated),
      truncated: flag(memory.truncated),
      metrics: Object.fromEntries(names.map((name, k) => {
        const numbers = Float32Array.from({ length: envs }, (_, env) => memory.metrics[env * names.length + k]!);
        return [name, fromWorld(fromData(numbers, "float32", [envs], ["env"]), drop)];
      })),
    };
  }

  /** All that is needed to go on, in copies. */
  save(): Promise<SimulationsState> {
    return this.#pool.save();
  }

  /**
   * Goes on bit for bit from a {@linkcode Simulations.save} of as many simulations of the same world.
   *
   * @throws RangeError if it is of another size.
   */
  async restore(state: SimulationsState): Promise<void> {
    await this.#pool.restore(state);
    this.#observation = this.#seen(this.#pool.memory.observation, null);
  }

  /** Ends the workers, if there are any. */
  dispose(): void {
    this.#pool.dispose();
  }

  #seen(numbers: TypedArray, drop: Drop | null): Tensor {
    const { envs, world: { agents, observationSize } } = this;
    const axes = ["env", "agent", "feature"];
    return fromWorld(fromData(numbers.slice(), "float32", [envs, agents, observationSize], axes), drop);
  }

  #checkAction({ node }: Tensor): void {
    const { envs, world: { name, agents, actionKind, actionSize } } = this;
    const dtype = actionKind === "discrete" ? "int32" : "float32";
    const shape: Shape = actionKind === "discrete" ? [envs, agents] : [envs, agents, actionSize];
    if (node.dtype === dtype && sameShape(node.shape, shape)) return;
    throw new PlumblineError({
      code: "G301",
      message: `the actions of \`${name}\` are ${dtype} [${shape}], not ${describe(node)}.`,
      made: [node],
    });
  }
}

const saved = kind.having("what save() gives", {
  simulations: kind.instance("its words", Uint32Array),
  observation: kind.instance("its observations", Float32Array),
});
takeOnly(Simulations, { step: { action: kind.tensor }, restore: { state: saved } });
