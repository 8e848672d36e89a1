/** What workers and their owner share: one piece of memory with the numbers of one step of all environments, and a bell. */

import type { ActionKind } from "../environment.ts";
import type { Failure } from "./error.ts";

/** How many numbers there are of everything. */
export interface Sizes {
  readonly envs: number;
  readonly agents: number;
  /** Of one agent. */
  readonly observationSize: number;
  readonly actionKind: ActionKind;
  /** Numbers of one agent's action; 1 where actions are discrete. */
  readonly actionNumbers: number;
  readonly metrics: number;
  /** That say where the entities of a scene are. */
  readonly places: number;
  /** Of one environment: what the block keeps of it, and the simulation's own. */
  readonly stateSize: number;
  readonly workers: number;
}

/** What the owner asks for. */
export const Command = { reset: 1, step: 2, stepUntilDone: 3, save: 4, restore: 5, place: 6, end: 7 } as const;

/** One of {@linkcode Command}. */
export type Command = typeof Command[keyof typeof Command];

/** Places of the control words. `epoch` moves on with every command; `left` counts the workers that are not done with it. */
const word = { epoch: 0, left: 1, command: 2, key: 3, failures: 5 } as const;

/** The longest failure that can be told, in bytes. */
const failureBytes = 8192;

/** The shared numbers. All arrays but `state` and the flags are of four bytes; `[env, ..]` is the leading axis of each. */
export class Memory {
  /** float64 [env, stateSize]. */
  readonly state: Float64Array;
  /** What is acted on next: float32 [env, agent, feature]. */
  readonly observation: Float32Array;
  /** What was seen after the step, before any reset: float32 [env, agent, feature]. */
  readonly nextObservation: Float32Array;
  /** [env, agent, actionNumbers]. */
  readonly action: Float32Array | Int32Array;
  /** float32 [env, agent]. */
  readonly reward: Float32Array;
  /** float32 [env, metric]. */
  readonly metrics: Float32Array;
  /** float32 [env, entity, 3]: x, y, angle; in space [env, entity, 12]: x, y, z, rotation. */
  readonly placement: Float32Array;
  /** [env], 0 or 1. */
  readonly terminated: Uint8Array;
  /** [env], 0 or 1; never with `terminated`. */
  readonly truncated: Uint8Array;
  readonly #control: Int32Array;
  readonly #failures: Uint8Array;

  /** Views on `buffer`, or on a new one. */
  constructor(readonly sizes: Sizes, readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(bytesOf(sizes))) {
    let at = 0;
    const take = <A>(
      Kind: new (buffer: SharedArrayBuffer, at: number, length: number) => A,
      bytes: number,
      length: number,
    ) => {
      const view = new Kind(buffer, at, length);
      at += bytes * length;
      return view;
    };
    const { envs, agents, observationSize, actionKind, actionNumbers, metrics, places, stateSize, workers } = sizes;
    this.state = take(Float64Array, 8, envs * stateSize);
    this.observation = take(Float32Array, 4, envs * agents * observationSize);
    this.nextObservation = take(Float32Array, 4, envs * agents * observationSize);
    this.action = actionKind === "discrete"
      ? take(Int32Array, 4, envs * agents * actionNumbers)
      : take(Float32Array, 4, envs * agents * actionNumbers);
    this.reward = take(Float32Array, 4, envs * agents);
    this.metrics = take(Float32Array, 4, envs * metrics);
    this.placement = take(Float32Array, 4, envs * places);
    this.#control = take(Int32Array, 4, word.failures + workers);
    this.terminated = take(Uint8Array, 1, envs);
    this.truncated = take(Uint8Array, 1, envs);
    this.#failures = take(Uint8Array, 1, workers * failureBytes);
  }

  /** The owner: rings the bell. `key` goes with `reset`. */
  ask(command: Command, key: readonly [number, number] = [0, 0]): void {
    const control = this.#control;
    [control[word.command], control[word.key], control[word.key + 1]] = [command, ...key];
    Atomics.store(control, word.left, this.sizes.workers);
    Atomics.add(control, word.epoch, 1);
    Atomics.notify(control, word.epoch);
  }

  /** The owner: sleeps until all workers are done, or for `limit` milliseconds; gives whether they are. */
  waitForAll(limit: number): boolean {
    const until = performance.now() + limit;
    for (;;) {
      const left = Atomics.load(this.#control, word.left);
      if (left === 0) return true;
      const rest = until - performance.now();
      if (rest <= 0) return false;
      Atomics.wait(this.#control, word.left, left, rest);
    }
  }

  /** A worker: sleeps until the bell has rung since `epoch`; gives the epoch now and what is asked. */
  waitForCommand(epoch: number): { epoch: number; command: Command; key: [number, number] } {
    const control = this.#control;
    let now = Atomics.load(control, word.epoch);
    // Who was not asleep when the epoch moved on may be woken by its bell later, with nothing new to do.
    for (; now === epoch; now = Atomics.load(control, word.epoch)) Atomics.wait(control, word.epoch, epoch);
    return {
      epoch: now,
      command: control[word.command] as Command,
      key: [control[word.key]! >>> 0, control[word.key + 1]! >>> 0],
    };
  }

  /** A worker: is done with the command. */
  finish(): void {
    // Only the last one wakes the owner.
    if (Atomics.sub(this.#control, word.left, 1) === 1) Atomics.notify(this.#control, word.left);
  }

  /** A worker: says what went wrong. */
  fail(worker: number, failure: Failure): void {
    const whole = new TextEncoder().encode(JSON.stringify(failure));
    const bytes = whole.length <= failureBytes ? whole : new TextEncoder().encode(JSON.stringify(shortened(failure)));
    this.#failures.set(bytes, worker * failureBytes);
    this.#control[word.failures + worker] = bytes.length;
  }

  /** The owner: what went wrong first in the order of environments; null if nothing did. */
  failure(): Failure | null {
    for (let worker = 0; worker < this.sizes.workers; worker++) {
      const length = this.#control[word.failures + worker]!;
      if (length === 0) continue;
      // A decoder takes no shared memory.
      const bytes = this.#failures.slice(worker * failureBytes, worker * failureBytes + length);
      return JSON.parse(new TextDecoder().decode(bytes));
    }
    return null;
  }
}

/** What fits: a character has at most six bytes as JSON. */
function shortened({ environment, message }: Failure): Failure {
  return { environment, message: `${message.slice(0, Math.floor(failureBytes / 6) - 100)} ..`, stack: null };
}

function bytesOf(sizes: Sizes): number {
  const { envs, agents, observationSize, actionNumbers, metrics, places, stateSize, workers } = sizes;
  const words = 2 * agents * observationSize + agents * actionNumbers + agents + metrics + places;
  return envs * (8 * stateSize + 4 * words + 2) + 4 * (word.failures + workers) + workers * failureBytes;
}
