/** Whole episodes of a controller in a world on the host: each environment plays one, and waits when it is over. */

import { compile, type Compiled } from "../compile/compile.ts";
import { signature } from "../graph/arguments.ts";
import { threefry2x32 } from "../graph/threefry.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Stateful } from "../tensor/variable.ts";
import { type Controller, type RecurrentController, remembering } from "../worlds/controllers.ts";
import { Pool, sceneOf } from "../worlds/host/pool.ts";
import type { HostScene, HostWorld } from "../worlds/host/world.ts";
import { noScene } from "../worlds/scene.ts";
import { solidNumbers } from "../worlds/solids.ts";
import type { Episodes } from "./evaluation.ts";
import * as kind from "../worlds/kinds.ts";
import { numbersOf } from "./saved.ts";

/** Two words of 32 bits. */
type Key = readonly [number, number];

/** Counters of the keys of controllers; those of the environments' streams have another. */
const controllerStream = 1;

/** What a controller does, and what it remembers from then on. */
interface Decision {
  readonly [key: string]: Tree;
  readonly action: Tensor;
  readonly memory: Tree;
}

/** One step of all episodes, while they are played. */
export interface HostMoment {
  /** float32 [env, agent, feature]: what was acted on. */
  readonly observation: Tensor;
  /** As the world takes it. */
  readonly action: Tensor;
  /** What the controller remembered before the step. */
  readonly memory: Tree;
}

/** Plays episodes of one controller in one world. Simulations and program are kept for the next time. */
export class HostPlayer {
  readonly #mind: RecurrentController;
  readonly #decide: Compiled<[Tensor, Tensor, Tree], Decision>;
  #pool: Pool | null = null;

  /** `state`: what the controller reads that may change, as {@linkcode compile} wants it; `scene`: what is to be placed. */
  constructor(
    readonly world: HostWorld,
    controller: Controller | RecurrentController,
    state: readonly Stateful[],
    readonly scene: HostScene | null = null,
  ) {
    const mind = this.#mind = remembering(controller);
    this.#decide = compile<[Tensor, Tensor, Tree], Decision>((observation, key, before) => {
      const [action, memory] = mind.decide(observation, before, key);
      return { action, memory };
    }, { state, name: "decide", checkNumerics: true });
  }

  /**
   * `envs` episodes that `key` draws. `look` is awaited at the start, where no step was made yet, and after every step until the
   * last episode is over.
   */
  async play(
    envs: number,
    key: Key,
    look?: (pool: Pool, step: HostMoment | null) => void | Promise<void>,
  ): Promise<Episodes> {
    const pool = await this.#started(envs, key);
    const { memory: shared, world: { agents, observationSize, framesPerStep = 1 } } = pool;
    const reward = new Float64Array(envs);
    const length = new Float32Array(envs);
    const terminated = new Uint8Array(envs);
    const over = new Uint8Array(envs);
    const names = Object.keys(this.world.metrics ?? {});
    const measured = names.map(() => new Float64Array(envs));
    let running = envs;
    let memory = this.#mind.initialMemory(envs);
    await look?.(pool, null);
    for (let t = 0; running > 0; t++) {
      const observation = fromData(shared.observation.slice(), "float32", [envs, agents, observationSize]);
      const luck = Uint32Array.from(threefry2x32(key[0], key[1], t, controllerStream));
      const { action, memory: next } = await this.#decide(observation, fromData(luck, "uint32", [2]), memory);
      pool.act(await numbersOf(action));
      await pool.stepUntilDone();
      for (let env = 0; env < envs; env++) {
        if (over[env]) continue;
        for (let i = env * agents; i < (env + 1) * agents; i++) reward[env]! += shared.reward[i]! / agents;
        measured.forEach((sums, k) => sums[env]! += shared.metrics[env * names.length + k]!);
        length[env]! += framesPerStep;
        terminated[env] = shared.terminated[env]!;
        over[env] = terminated[env]! | shared.truncated[env]!;
        running -= over[env]!;
      }
      await look?.(pool, { observation, action, memory });
      memory = next;
    }
    const metrics = Object.fromEntries(names.map((name, k) => {
      const isSum = this.world.metrics![name] === "sum";
      return [name, Float32Array.from(measured[k]!, (sum, env) => isSum ? sum : sum * framesPerStep / length[env]!)];
    }));
    return { reward: Float32Array.from(reward), length, terminated, metrics };
  }

  /** Ends the simulations and gives back the program. */
  dispose(): void {
    this.#decide.dispose();
    this.#pool?.dispose();
  }

  /** The simulations at the start of episodes; those of the last time, if they were as many. */
  async #started(envs: number, key: Key): Promise<Pool> {
    if (this.#pool?.envs === envs) {
      await this.#pool.reset(key);
    } else {
      this.#pool?.dispose();
      this.#pool = await Pool.start(this.world, envs, key, this.scene);
    }
    return this.#pool;
  }
}

/** Where everything was in one episode. A frame is a state: the first is the start, the last the end. */
export interface HostRecording {
  /** States, one more than there are steps. */
  readonly frames: number;
  /** [frame, entity, 2], metres; in space [frame, entity, 3]. */
  readonly position: Float32Array;
  /** [frame, entity], radians; none in space. */
  readonly angle: Float32Array;
  /** In space: [frame, entity, 3, 3], from what is a solid's own to what is the world's. None in a plane. */
  readonly rotation: Float32Array;
  /** The sum of reward over the episode, mean over agents. */
  readonly reward: number;
  /** Its steps, those of the simulator. */
  readonly length: number;
  /** Whether the task ended; else the time was up. */
  readonly terminated: boolean;
}

/** Throws a RangeError unless episodes can be drawn from `seed`: above 2^32 are the seeds of other blocks. */
export function checkSeed(seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return;
  throw new RangeError(`the seed of episodes is a whole number from 0 to 2^32 - 1, not ${seed}.`);
}

const takesRecord = signature("recordEpisodes()", {
  world: kind.hostWorld,
  controller: kind.controller,
  state: kind.listOf(kind.stateful, "a list of modules and other state"),
  count: kind.number,
  seed: kind.number,
});

/**
 * Records `count` whole episodes of a controller in a world on the host, drawn from `seed`, an integer in [0, 2^32); `state` is
 * what the controller reads that may change, as {@linkcode compile} wants it.
 *
 * @example
 * ```ts
 * import { controllerOf, HostPendulum, recordEpisodes } from "@plumbline/plumbline";
 *
 * const world = new HostPendulum({ maxSteps: 10 });
 * const [episode] = await recordEpisodes(world, controllerOf(world, "random"), [], 1, 0);
 * console.log(episode!.frames, episode!.position.length); // 11 88
 * ```
 * @throws RangeError if neither the world nor its simulations have a scene, or `count` is no number of episodes.
 */
export async function recordEpisodes(
  world: HostWorld,
  controller: Controller | RecurrentController,
  state: readonly Stateful[],
  count: number,
  seed: number,
): Promise<HostRecording[]> {
  takesRecord(arguments);
  const scene = await sceneOf(world);
  if (!scene) throw new RangeError(noScene(world.name, "your_own_simulation"));
  return await recordScene(world, scene, controller, state, count, seed);
}

/** As {@linkcode recordEpisodes}, of a scene that is known. */
export async function recordScene(
  world: HostWorld,
  scene: HostScene,
  controller: Controller | RecurrentController,
  state: readonly Stateful[],
  count: number,
  seed: number,
): Promise<HostRecording[]> {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`a whole number of episodes is recorded, at least 1, not ${count}.`);
  }
  checkSeed(seed);
  const inSpace = scene.view !== undefined;
  const [each, coordinates] = inSpace ? [solidNumbers, 3] : [3, 2];
  const size = scene.entities.length * each;
  /** [frame] of float32 [env, entity, number]. */
  const seen: Float32Array[] = [];
  const player = new HostPlayer(world, controller, state, scene);
  try {
    const { reward, length, terminated } = await player.play(count, [1, seed], async (pool) => {
      await pool.place();
      seen.push(pool.memory.placement.slice());
    });
    return Array.from({ length: count }, (_, env) => {
      const frames = length[env]! / (world.framesPerStep ?? 1) + 1;
      const own = seen.slice(0, frames).map((x) => x.subarray(env * size, (env + 1) * size));
      const part = (from: number, to: number): Float32Array =>
        Float32Array.from(own.flatMap((x) => [...x].filter((_, at) => from <= at % each && at % each < to)));
      const turned = part(coordinates, each);
      const none = new Float32Array(0);
      return {
        frames,
        position: part(0, coordinates),
        angle: inSpace ? none : turned,
        rotation: inSpace ? turned : none,
        reward: reward[env]!,
        length: length[env]!,
        terminated: terminated[env] === 1,
      };
    });
  } finally {
    player.dispose();
  }
}
