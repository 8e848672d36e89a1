/** The simulations of a world, started: numbers in and out of the memory that they share with whoever steps them. */

import { PlumblineError } from "../../graph/error.ts";
import { threadsInUse } from "../../engine/threads.ts";
import { holds } from "../../graph/live_bytes.ts";
import type { TypedArray } from "../../graph/types.ts";
import type { BlockOptions } from "./block.ts";
import { checkHostWorld } from "./check.ts";
import { type Crew, type KnownSizes, OwnThread, Workers } from "./crew.ts";
import { SimulationError } from "./error.ts";
import { Command, type Memory } from "./memory.ts";
import { solidNumbers } from "../solids.ts";
import type { HostScene, HostWorld } from "./world.ts";

/** A batch of simulations in the middle of their episodes. */
export interface SimulationsState {
  /** uint32 [env, word]: the float64 numbers of each environment, as they lie in memory. */
  readonly simulations: Uint32Array;
  /** float32 [env, agent, feature]: what is acted on next. */
  readonly observation: Float32Array;
}

/** A batch of simulations. One method at a time: each is awaited before the next. */
export class Pool {
  #failed: Error | null = null;
  #disposed = false;
  #running = false;
  readonly #release: () => void;

  private constructor(readonly world: HostWorld, readonly envs: number, readonly crew: Crew) {
    const { buffer } = crew.memory;
    this.#release = holds(() => ({ [`${world.name}: shared memory`]: buffer.byteLength, ...crew.held }));
  }

  /**
   * `envs` simulations at the start of their first episodes, drawn from `key`: two words of 32 bits. `scene` is what is to be
   * placed.
   *
   * @throws RangeError if the world does not fit its contract, SimulationError if a simulation cannot be made.
   */
  static async start(
    world: HostWorld,
    envs: number,
    key: readonly [number, number],
    scene: HostScene | null = world.scene ?? null,
  ): Promise<Pool> {
    checkHostWorld(world);
    const pool = new Pool(world, envs, await crewOf(world, envs, scene));
    try {
      await pool.reset(key);
    } catch (error) {
      pool.dispose();
      throw error;
    }
    return pool;
  }

  /** The numbers of the last step. */
  get memory(): Memory {
    return this.crew.memory;
  }

  /** Numbers of 32 bits in the saved state of an environment. */
  get stateWords(): number {
    return 2 * this.memory.sizes.stateSize;
  }

  /** All environments at the start of an episode, each with a random stream of its own that `key` and its number make. */
  reset(key: readonly [number, number]): Promise<void> {
    return this.#run(Command.reset, key);
  }

  /**
   * Puts actions where the next step finds them, `[env, ..]`: numbers are clamped to [-1, 1].
   *
   * @throws SimulationError if one is NaN, or a choice that there is not.
   */
  act(actions: TypedArray): void {
    this.#refuseTwo();
    const { action, sizes: { envs, actionKind } } = this.memory;
    const most = actionKind === "discrete" ? this.world.actionSize - 1 : 1;
    const least = actionKind === "discrete" ? 0 : -1;
    for (let i = 0; i < action.length; i++) {
      const x = actions[i]!;
      const within = Math.min(most, Math.max(least, x));
      if (Number.isNaN(within) || within !== x && actionKind === "discrete") {
        const environment = Math.floor(i / (action.length / envs));
        const message = `${this.world.name}: environment ${environment} was given the action ${x}.`;
        throw new SimulationError({ environment, message, stack: null });
      }
      action[i] = within;
    }
  }

  /** One step of all under the actions that were put in; where an episode ends the next one begins. */
  step(): Promise<void> {
    return this.#run(Command.step);
  }

  /** One step of those whose episode is not over yet; where it ends nothing happens any more. */
  stepUntilDone(): Promise<void> {
    return this.#run(Command.stepUntilDone);
  }

  /** Brings `memory.placement` up to date. */
  place(): Promise<void> {
    return this.#run(Command.place);
  }

  /** All that is needed to go on, in copies. */
  async save(): Promise<SimulationsState> {
    await this.#run(Command.save);
    const { state, observation } = this.memory;
    return { simulations: new Uint32Array(state.slice().buffer), observation: observation.slice() };
  }

  /**
   * Goes on from a {@linkcode Pool.save} of a pool of the same world and size.
   *
   * @throws RangeError if it is of another size, SimulationError if a simulation cannot: then all go on from where they were.
   */
  async restore({ simulations, observation }: SimulationsState): Promise<void> {
    const { memory, world } = this;
    if (simulations.length !== 2 * memory.state.length || observation.length !== memory.observation.length) {
      throw new RangeError(
        `${world.name}: the saved simulations have ${simulations.length} words and ${observation.length} observations, ` +
          `these have ${
            2 * memory.state.length
          } and ${memory.observation.length}: they belong to another configuration.`,
      );
    }
    const before = await this.save();
    memory.state.set(new Float64Array(simulations.slice().buffer));
    try {
      await this.#run(Command.restore);
    } catch (error) {
      await this.#goBack(before);
      throw error;
    }
    memory.observation.set(observation);
  }

  /** After a failed restore: all go on from where they were. If they cannot, whatever is asked of them next is refused. */
  async #goBack({ simulations, observation }: SimulationsState): Promise<void> {
    this.memory.state.set(new Float64Array(simulations.buffer));
    this.#failed = null;
    try {
      await this.#run(Command.goBack);
      this.memory.observation.set(observation);
    } catch {
      // It is noted for who asks next; why they had to go back is the error to tell.
    }
  }

  /** Ends the workers. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#release();
    this.crew.dispose();
  }

  /** Throws G311 if a command is under way. */
  #refuseTwo(): void {
    if (!this.#running) return;
    throw new PlumblineError({
      code: "G311",
      message:
        `the simulations of ${this.world.name} are still at what they were asked for before: \`await\` is missing.`,
      help: "await each step(), save() and restore() of simulations before the next.",
    });
  }

  async #run(command: Command, key?: readonly [number, number]): Promise<void> {
    if (this.#disposed) throw new RangeError(`${this.world.name}: the simulations were disposed of.`);
    this.#refuseTwo();
    // Some environments are a step further than others now.
    if (this.#failed) throw this.#failed;
    this.#running = true;
    try {
      await this.crew.run(command, key);
    } catch (error) {
      this.#failed = error as Error;
      throw error;
    } finally {
      this.#running = false;
    }
  }
}

/**
 * What a world looks like: what it says, or its simulations; null if neither does.
 *
 * @throws RangeError if the world does not fit its contract, SimulationError if a simulation cannot be made.
 */
export async function sceneOf(world: HostWorld): Promise<HostScene | null> {
  if (world.scene) return world.scene;
  checkHostWorld(world);
  const thread = await crewOf(world, 1, null, 0) as OwnThread;
  try {
    return thread.block.scene();
  } finally {
    thread.dispose();
  }
}

async function crewOf(
  world: HostWorld,
  envs: number,
  scene: HostScene | null,
  wantedWorkers: number = world.workers ?? threadsInUse(),
): Promise<Crew> {
  const { name, agents, observationSize, actionKind, actionSize, maxSteps, simulation, options } = world;
  const metrics = Object.keys(world.metrics ?? {});
  const inSpace = scene?.view !== undefined;
  const places = (scene?.entities.length ?? 0) * (inSpace ? solidNumbers : 3);
  const block = { name, agents, observationSize, maxSteps, metrics, places, inSpace, options };
  const workers = typeof simulation === "string" ? Math.min(wantedWorkers, envs) : 0;
  const sizes: KnownSizes = {
    ...{ envs, agents, observationSize, actionKind, metrics: metrics.length, places },
    actionNumbers: actionKind === "discrete" ? 1 : actionSize,
    workers: Math.max(1, workers),
  };
  if (workers === 0) return await OwnThread.start(simulation, { ...block, first: 0, count: envs }, sizes);
  return await Workers.start(simulation as string, blocksOf(block, envs, workers), sizes);
}

/** Environments shared out as evenly as can be, neighbours together. */
function blocksOf(
  block: Omit<BlockOptions, "first" | "count">,
  envs: number,
  workers: number,
): BlockOptions[] {
  return Array.from({ length: workers }, (_, worker) => {
    const first = Math.floor(worker * envs / workers);
    return { ...block, first, count: Math.floor((worker + 1) * envs / workers) - first };
  });
}
