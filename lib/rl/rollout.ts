/**
 * Rollouts: policy, world and reset as one scan, so that a whole batch is one program. What does not feed back into the
 * loop (log-probabilities, observations at the end of steps) is computed for all steps at once after it.
 */

import { signature, takeOnly } from "../graph/arguments.ts";
import * as kind from "../worlds/kinds.ts";
import { zeros } from "../tensor/creation.ts";
import { where } from "../tensor/functions.ts";
import { Generator } from "../tensor/random.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leaves, mapTree, rebuildTree, type Tree, zipTrees } from "../tensor/tree.ts";
import { type Stateful, Variable } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import { KeptTree, scanSequences } from "./memory.ts";
import type { Policy } from "./policy.ts";

/** A batch of experience; `time` is the leading axis. */
export interface Rollout {
  /** Any part of it, by name. */
  readonly [key: string]: Tree;
  /** float32 [time, env, agent, feature]: what was acted on. */
  readonly observation: Tensor;
  /** float32 [time, env, agent, feature]: what was seen after the step, before any reset. */
  readonly nextObservation: Tensor;
  /** float32 [time, env, agent, choice]: what the policy chose, see {@linkcode Policy}. */
  readonly choice: Tensor;
  /** float32 [time, env, agent]. */
  readonly logProb: Tensor;
  /** float32 [time, env, agent]. */
  readonly reward: Tensor;
  /** bool [time, env]. */
  readonly terminated: Tensor;
  /** bool [time, env]: terminated or truncated. */
  readonly done: Tensor;
  /** float32 [time, env]: the sum of reward over the episode (mean over agents) where it is done, else 0. */
  readonly episodeReward: Tensor;
  /** float32 [time, env]: its steps, those of the simulator, where it is done, else 0. */
  readonly episodeLength: Tensor;
}

/** What is left of steps of which only sums are kept; scalars. */
export interface Drive {
  /** Mean reward of a step and an agent: its gradient goes through all steps. */
  readonly reward: Tensor;
  /** Sums of reward and of steps over the episodes that ended, and how many did. */
  readonly ended: readonly Tensor[];
}

/** A batch whose frames lie in sequences: what networks that remember learn from. */
export interface SequenceRollout extends Rollout {
  /** bool [time, env]: whether an episode began with this step. */
  readonly began: Tensor;
  /** What the policy remembered before each sequence, with the leading axes `[sequence, env]`; `{}` if it does not. */
  readonly memory: Tree;
}

/**
 * How `frames` steps of the simulator, at least, are collected where an episode has `maxSteps` steps of `framesPerStep`
 * each: by `envs` environments, or so many as have room for a whole episode, and in how many steps.
 */
export function batchShape(
  frames: number,
  maxSteps: number,
  framesPerStep = 1,
  envs: number = Math.max(1, Math.floor(frames / (maxSteps * framesPerStep))),
): { envs: number; steps: number } {
  return { envs, steps: Math.ceil(frames / (envs * framesPerStep)) };
}

/** Fresh starts drawn for a rollout, per environment; if more episodes end in it, the first starts are used again. */
const startsPerEnv = 4;

/** From so many steps on their gradient computes what it needs once more, in place of keeping all of it. */
const leastSegmented = 100;

/** How a scan of `steps` steps keeps what their gradient needs: of long ones as much as grows with the root of the steps. */
export function segmented(steps: number): { readonly segment?: number } {
  return steps < leastSegmented ? {} : { segment: Math.round(Math.sqrt(steps)) };
}

/** What one step hands to the next. */
interface Carry<S extends Tree> {
  readonly [key: string]: Tree;
  readonly world: S;
  /** float32 [env]: the sums of the running episodes. */
  readonly reward: Tensor;
  /** float32 [env]: their steps. */
  readonly length: Tensor;
  /** int32: how many fresh starts were used. */
  readonly used: Tensor;
  /** What the policy remembers, also of an episode that has ended. */
  readonly memory: Tree;
}

const actor = kind.having("a policy", { act: kind.callable, noise: kind.callable, initialMemory: kind.callable });
const takesCollector = signature("new Collector()", {
  environment: kind.world,
  envs: kind.count(1),
  key: kind.key,
  policy: kind.optional(actor),
});

/** Environments in the middle of their episodes, kept between rollouts. */
export class Collector<S extends Tree> implements Stateful {
  readonly #world: S;
  readonly #reward: Variable;
  readonly #length: Variable;
  readonly #memory: KeptTree;

  /** Starts `envs` environments, drawn from `key`. `policy`: who will act, if it remembers. */
  constructor(readonly environment: Environment<S>, readonly envs: number, key: Tensor, policy?: Policy) {
    takesCollector(arguments);
    const start = environment.reset(key, envs);
    const variables = leaves(start).map((x, i) => new Variable(x, `world.${i}`));
    this.#world = rebuildTree(start, variables.values());
    this.#reward = new Variable(zeros([envs]), "episode.reward");
    this.#length = new Variable(zeros([envs]), "episode.length");
    this.#memory = new KeptTree(policy?.initialMemory(envs) ?? {}, "memory");
  }

  /** The states of the environments, the running sums of their episodes, and what the policy remembers of them. */
  variables(): Variable[] {
    return [...leaves(this.#world) as Variable[], this.#reward, this.#length, ...this.#memory.variables()];
  }

  /**
   * `steps` steps of all environments under `policy`; with a `sequenceLength`, which divides them, as a
   * {@linkcode SequenceRollout}. For use in a compiled function, with this collector as state.
   *
   * @throws RangeError if `policy` remembers and the collector was made without it.
   */
  collect(policy: Policy, generator: Generator, steps: number, sequenceLength?: number): Rollout {
    const { environment, envs } = this;
    if (policy.recurrent && this.#memory.variables().length === 0) {
      throw new RangeError(
        "a policy that remembers acts through a collector that was made with it: new Collector(environment, envs, key, policy).",
      );
    }
    const noise = policy.noise(generator.next(), [steps, envs, environment.agents]);
    const starts = this.#starts(generator, steps);
    const step = (now: Carry<S>, x: Tensor) => this.#step(policy, starts, now, x);
    const first = this.#first();
    const [last, { began, ...seen }, memory] = sequenceLength === undefined
      ? [...scan(step, first, noise), {}] as const
      : scanSequences(step, first, noise, sequenceLength);
    this.#assign(last);
    const flat = mapTree(seen.after, (x) => x.flatten(0, 1));
    const nextObservation = environment.observe(flat).reshape(...seen.observation.shape);
    const logProb = policy.logProb(seen.output, seen.choice);
    const { after: _after, output: _output, ...kept } = seen;
    const rollout = { ...kept, nextObservation, logProb };
    return sequenceLength === undefined ? rollout : { ...rollout, began, memory };
  }

  /**
   * `steps` steps of all environments under the most likely actions of a `policy` that remembers nothing, of which sums are kept and
   * nothing else: the memory of their gradient grows as the root of the steps. For use in a compiled function, with this collector as
   * state.
   *
   * @throws RangeError if `policy` remembers.
   */
  drive(policy: Policy, generator: Generator, steps: number): Drive {
    const { environment, envs } = this;
    if (policy.recurrent) {
      // What it remembers of an episode that has ended would go on into the next one.
      throw new RangeError(
        "Collector.drive() is for a policy that remembers nothing; collect() lets one act that does.",
      );
    }
    const starts = this.#starts(generator, steps);
    const [{ now, sums }] = scan(
      ({ now, sums }: { now: Carry<S>; sums: readonly Tensor[] }) => {
        const [action, memory] = policy.decide(environment.observe(now.world), now.memory);
        const [next, { reward, done, episodeReward, episodeLength }] = this.#move(starts, now, action, memory);
        const seen = [reward.mean(-1), episodeReward, episodeLength, done.cast("float32")];
        return [{ now: next, sums: sums.map((sum, i) => sum.add(seen[i]!)) }, []];
      },
      { now: this.#first(), sums: [0, 1, 2, 3].map(() => zeros([envs])) },
      [],
      { length: steps, ...segmented(steps) },
    );
    this.#assign(now);
    const [reward, ...ended] = sums.map((sum) => sum.sum()) as [Tensor, Tensor, Tensor, Tensor];
    return { reward: reward.div(steps * envs), ended };
  }

  #first(): Carry<S> {
    const used = zeros([], { dtype: "int32" });
    return {
      ...{ world: this.#world, reward: this.#reward, length: this.#length, used },
      memory: this.#memory.tree,
    };
  }

  /** Most steps end no episode: starts are drawn once for all of them, outside of the loop. */
  #starts(generator: Generator, steps: number): S {
    const { environment, envs } = this;
    return environment.reset(generator.next(), startsPerEnv * envs * Math.ceil(steps / environment.maxSteps));
  }

  #step(policy: Policy, starts: S, now: Carry<S>, noise: Tensor) {
    const observation = this.environment.observe(now.world);
    const began = now.length.equal(0);
    const { output, choice, action, memory } = policy.act(observation, now.memory, noise, began);
    const [next, moved] = this.#move(starts, now, action, memory);
    return [next, { observation, choice, output, began, ...moved }] as const;
  }

  #move(starts: S, now: Carry<S>, action: Tensor, memory: Tree) {
    const { environment } = this;
    const { state, reward, terminated, truncated, frames } = environment.step(now.world, action);
    const done = terminated.or(truncated);
    const ended = done.cast("float32");
    const goesOn = done.not().cast("float32");
    const total = now.reward.add(reward.mean(-1));
    const length = now.length.add(frames ?? 1);
    const count = done.cast("int32").cumsum(0).add(now.used);
    const next: Carry<S> = {
      world: restart(done, starts, count, state),
      reward: total.mul(goesOn),
      length: length.mul(goesOn),
      used: count.select(0, -1),
      memory,
    };
    const episode = { episodeReward: total.mul(ended), episodeLength: length.mul(ended) };
    return [next, { reward, terminated, done, after: state, ...episode }] as const;
  }

  #assign(last: Carry<S>): void {
    const values = leaves(last.world);
    (leaves(this.#world) as Variable[]).forEach((variable, i) => variable.assign(values[i]!));
    this.#memory.assign(last.memory);
    this.#reward.assign(last.reward);
    this.#length.assign(last.length);
  }
}

takeOnly(Collector, {
  collect: {
    policy: actor,
    generator: kind.instance("a Generator", Generator),
    steps: kind.count(1),
    sequenceLength: kind.optional(kind.number),
  },
  drive: { policy: actor, generator: kind.instance("a Generator", Generator), steps: kind.count(1) },
});

/** `state` with the environments that are done at fresh starts, the `count`-th in turn (from 1, int32 [env]). */
function restart<S extends Tree>(done: Tensor, starts: S, count: Tensor, state: S): S {
  const available = leaves(starts)[0]!.shape[0]!;
  const index = count.remainder(available);
  return zipTrees(starts, state, (start, now) => {
    const mask = done.reshape(done.size, ...now.shape.slice(1).map(() => 1));
    return where(mask, start.take(index, 0), now);
  });
}
