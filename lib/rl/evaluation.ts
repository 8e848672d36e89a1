/**
 * Whole episodes of a controller, as many as asked for. Each environment plays one, and all are played to their ends: were
 * they counted as they finish, as in a rollout, short episodes would count more often than long ones.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import { collectSinks, noteSink } from "../forensics/nonfinite/sinks.ts";
import { signature, takeOnly } from "../graph/arguments.ts";
import { arange, full, zeros } from "../tensor/creation.ts";
import { where } from "../tensor/functions.ts";
import { randomBits, randomKey, splitKey } from "../tensor/random.ts";
import { scan } from "../tensor/scan.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Stateful } from "../tensor/variable.ts";
import { type Controller, type RecurrentController, remembering } from "../worlds/controllers.ts";
import type { Environment, StepReduction } from "../worlds/environment.ts";
import { type HostWorld, isHostWorld } from "../worlds/host/world.ts";
import { checkSeed, HostPlayer } from "./host_episodes.ts";
import * as kind from "../worlds/kinds.ts";

/** What became of episodes, one entry each. */
export interface Episodes {
  /** The sum of reward over the episode, mean over agents. */
  readonly reward: Float32Array;
  /** Its steps, those of the simulator. */
  readonly length: Float32Array;
  /** 1 where the task ended, 0 where the time was up. */
  readonly terminated: Uint8Array;
  /** The world's `metrics` over each episode, by name. */
  readonly metrics?: Readonly<Record<string, Float32Array>>;
}

/** Means over episodes, as metrics: `eval/episode_reward_sum`, `eval/episode_length`, `eval/terminated`, and those of the world. */
export function episodeMetrics({ reward, length, terminated, metrics = {} }: Episodes): Record<string, number> {
  const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
  return {
    "eval/episode_reward_sum": mean(reward),
    "eval/episode_length": mean(length),
    "eval/terminated": mean(terminated),
    ...Object.fromEntries(Object.entries(metrics).map(([name, values]) => [`eval/${name}`, mean(values)])),
  };
}

/** One step of all episodes, while they are played. */
export interface Moment<S extends Tree = Tree> {
  /** float32 [env, agent, feature]: what was acted on. */
  readonly observation: Tensor;
  /** As the environment's `step` takes it. */
  readonly action: Tensor;
  /** What the controller remembered before the step, if it does. */
  readonly memory: Tree;
  /** float32 [env, agent]. */
  readonly reward: Tensor;
  /** The state after the step. */
  readonly state: S;
  /** bool [env]: whether the episode was still on. What is not of an episode means nothing, and may be infinite. */
  readonly running: Tensor;
}

/** Episodes as they were played, inside of a compiled function. */
export interface Played<S extends Tree, Y extends Tree> {
  /** Any part of it, by name: what is played is a tree that a compiled function may return. */
  readonly [key: string]: Tree;
  /** At the start. */
  readonly first: S;
  /** What `look` made of each step, with a leading axis of maxSteps. */
  readonly seen: Y;
  /** float32 [env]: sums of reward, mean over agents. */
  readonly reward: Tensor;
  /** float32 [env]. */
  readonly length: Tensor;
  /** bool [env]. */
  readonly terminated: Tensor;
}

interface Carry<S extends Tree> {
  readonly [key: string]: Tree;
  readonly world: S;
  readonly reward: Tensor;
  readonly length: Tensor;
  readonly running: Tensor;
  readonly terminated: Tensor;
  readonly memory: Tree;
}

const takesPlay = signature("play()", {
  environment: kind.world,
  controller: kind.controller,
  key: kind.key,
  envs: kind.count(1),
  look: kind.callable,
});

/**
 * One episode of each of `envs` environments, drawn from `key` (uint32 [2]), as one scan: for use in a compiled function.
 * `look` says what is kept of each step. The same key gives the same starts to every controller.
 *
 * @example
 * ```ts
 * import { compile, controllerOf, play, randomKey, type Tensor, Wheel } from "@plumbline/plumbline";
 *
 * const world = new Wheel({ maxSteps: 10 });
 * const control = controllerOf(world, "random");
 * const watch = compile((key: Tensor) => play(world, control, key, 3, ({ action }) => action));
 * const { seen, reward } = await watch(randomKey(0));
 * console.log(seen.shape, reward.shape); // [ 10, 3, 4, 2 ] [ 3 ]
 * ```
 */
export function play<S extends Tree, Y extends Tree>(
  environment: Environment<S>,
  controller: Controller | RecurrentController,
  key: Tensor,
  envs: number,
  look: (moment: Moment<S>) => Y,
): Played<S, Y> {
  takesPlay(arguments);
  const mind = remembering(controller);
  const [start, luck] = splitKey(key) as [Tensor, Tensor];
  const first = environment.reset(start, envs);
  const none = zeros([envs]);
  const no = full([envs], 0, { dtype: "bool" });
  const [last, seen] = scan(
    (now: Carry<S>, key: Tensor) => {
      const observation = environment.observe(now.world);
      const [action, memory] = whileRunning(now.running, () => mind.decide(observation, now.memory, key));
      const { state, reward, terminated, truncated, frames } = environment.step(now.world, action);
      // `where`, not a product: what a world does past the end of an episode may be infinite.
      const next: Carry<S> = {
        world: state,
        reward: now.reward.add(where(now.running, reward.mean(-1), 0)),
        length: now.length.add(where(now.running, frames ?? 1, 0)),
        running: now.running.and(terminated.or(truncated).not()),
        terminated: now.terminated.or(now.running.and(terminated)),
        memory,
      };
      return [next, look({ observation, action, memory: now.memory, reward, state, running: now.running })];
    },
    {
      ...{ world: first, reward: none, length: none, running: no.not(), terminated: no },
      memory: mind.initialMemory(envs),
    } as Carry<S>,
    randomBits(luck, [environment.maxSteps, 2]),
  );
  const { reward, length, terminated } = last;
  return { first, seen, reward, length, terminated };
}

/** `decide`, of which what must stay finite need not where the episode is over: what is seen there means nothing. */
function whileRunning<T>(running: Tensor, decide: () => T): T {
  const { result, sinks } = collectSinks(decide);
  for (const { node, name } of sinks) {
    const isOfEnvs = node.shape[0] === running.size;
    const isOn = running.reshape(running.size, ...node.shape.slice(1).map(() => 1));
    noteSink(isOfEnvs ? where(isOn, new Tensor(node), 0).node : node, name);
  }
  return result;
}

type Measured = Readonly<Record<string, Tensor>>;
type Program = Compiled<[Tensor], { reward: Tensor; length: Tensor; terminated: Tensor; metrics: Measured }>;

/** What becomes of numbers [time, env] over episodes that were `running` for as long. */
const reductions: Readonly<Record<StepReduction, (x: Tensor, running: Tensor) => Tensor>> = {
  mean: (x, running) => where(running, x, 0).sum(0).div(running.cast("float32").sum(0)),
  max: (x, running) => where(running, x, -Infinity).max(0),
  rms: (x, running) => reductions.mean(x.square(), running).sqrt(),
};

/** The metrics of a world of tensors over episodes, [env] each. */
function reduced({ metrics = {} }: Pick<Environment, "metrics">, seen: Measured, running: Tensor): Measured {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, given]) => {
      const { reduction, after } = typeof given === "string" ? { reduction: given, after: 0 } : given;
      return [name, reductions[reduction](seen[name]!, after === 0 ? running : settled(running, after))];
    }),
  );
}

/** Steps [time, env] that count where the first `after` of an episode do not, unless it has no more. */
function settled(running: Tensor, after: number): Tensor {
  const [steps] = running.shape as [number, number];
  const late = arange(steps).greaterEqual(after).unsqueeze(1);
  return running.and(late.or(running.cast("float32").sum(0).lessEqual(after).unsqueeze(0)));
}

/** Environments that are played side by side, at most. */
const widest = 256;

const takesEvaluator = signature("new Evaluator()", {
  environment: kind.anyWorld,
  controller: kind.controller,
  state: kind.optional(kind.listOf(kind.stateful, "a list of modules and other state")),
});

/**
 * Plays episodes of one controller in one world, as often as it is asked to; its program is traced once for a number of
 * episodes.
 *
 * @example
 * ```ts
 * import { controllerOf, Evaluator, Wheel } from "@plumbline/plumbline";
 *
 * const world = new Wheel({ maxSteps: 10 });
 * const { length } = await new Evaluator(world, controllerOf(world, "random")).run(3, 0);
 * console.log(length); // Float32Array(3) [ 10, 10, 10 ]
 * ```
 */
export class Evaluator<S extends Tree = Tree> {
  readonly #player: Player;

  /** `state`: what the controller reads that may change, as {@linkcode compile} wants it. */
  constructor(
    readonly environment: Environment<S> | HostWorld,
    readonly controller: Controller | RecurrentController,
    readonly state: readonly Stateful[] = [],
  ) {
    takesEvaluator(arguments);
    this.#player = isHostWorld(environment)
      ? new HostPlayer(environment, controller, state)
      : new TensorPlayer(environment, controller, state);
  }

  /** Exactly `count` episodes (1 or more). The same seed, an integer in [0, 2^32), and count give the same starts to every controller. */
  async run(count: number, seed: number): Promise<Episodes> {
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(`an evaluation plays a whole number of episodes, at least 1, not ${count}.`);
    }
    checkSeed(seed);
    const blocks = Math.ceil(count / widest);
    // Blocks of one size share a program. What the last has too many is left out by its place, not by how it ended.
    const envs = Math.ceil(count / blocks);
    const reward = new Float32Array(blocks * envs);
    const length = new Float32Array(blocks * envs);
    const terminated = new Uint8Array(blocks * envs);
    const metrics: Record<string, Float32Array> = {};
    for (let block = 0; block < blocks; block++) {
      const played = await this.#player.play(envs, [block + 1, seed]);
      reward.set(played.reward, block * envs);
      length.set(played.length, block * envs);
      terminated.set(played.terminated, block * envs);
      for (const [name, values] of Object.entries(played.metrics ?? {})) {
        (metrics[name] ??= new Float32Array(blocks * envs)).set(values, block * envs);
      }
    }
    return {
      reward: reward.slice(0, count),
      length: length.slice(0, count),
      terminated: terminated.slice(0, count),
      ...(isHostWorld(this.environment) || Object.keys(metrics).length > 0) && {
        metrics: Object.fromEntries(Object.entries(metrics).map(([name, values]) => [name, values.slice(0, count)])),
      },
    };
  }

  /** Gives back programs and simulations. */
  dispose(): void {
    this.#player.dispose();
  }
}

/** Plays one episode in each of `envs` environments, which two words of 32 bits draw. */
interface Player {
  play(envs: number, key: readonly [number, number]): Promise<Episodes>;
  dispose(): void;
}

class TensorPlayer<S extends Tree> implements Player {
  readonly #programs = new Map<number, Program>();

  constructor(
    readonly environment: Environment<S>,
    readonly controller: Controller | RecurrentController,
    readonly state: readonly Stateful[],
  ) {}

  async play(envs: number, [block, seed]: readonly [number, number]): Promise<Episodes> {
    const { reward, length, terminated, metrics } = await this.#program(envs)(randomKey(block * 2 ** 32 + seed));
    const measured = await Promise.all(
      Object.entries(metrics).map(async ([name, x]) => [name, await x.data() as Float32Array] as const),
    );
    return {
      ...measured.length > 0 && { metrics: Object.fromEntries(measured) },
      reward: await reward.data() as Float32Array,
      length: await length.data() as Float32Array,
      terminated: await terminated.data() as Uint8Array,
    };
  }

  dispose(): void {
    for (const program of this.#programs.values()) program.dispose();
    this.#programs.clear();
  }

  #program(envs: number): Program {
    let program = this.#programs.get(envs);
    if (!program) {
      program = compile((key: Tensor) => {
        const { environment } = this;
        const { reward, length, terminated, seen } = play(environment, this.controller, key, envs, (moment) => ({
          running: moment.running,
          measured: environment.measure?.(moment.state) ?? {},
        }));
        return { reward, length, terminated, metrics: reduced(environment, seen.measured, seen.running) };
      }, { state: [...this.state, ...this.environment.learned ?? []], name: "evaluate" });
      this.#programs.set(envs, program);
    }
    return program;
  }
}

takeOnly(Evaluator, { run: { count: kind.number, seed: kind.number } });
