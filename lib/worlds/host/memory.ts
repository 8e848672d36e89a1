/** What workers and their owner share: one piece of memory with the numbers of one step of all environments, and a bell. */

import { addHeld, type Held } from "../../graph/live_bytes.ts";
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
export const Command = {
  reset: 1,
  step: 2,
  stepUntilDone: 3,
  save: 4,
  restore: 5,
  place: 6,
  end: 7,
  goBack: 8,
} as const;

/** One of {@linkcode Command}. */
export type Command = typeof Command[keyof typeof Command];

/**
 * Places of the control words. `epoch` moves on with every command; `left` counts the workers that are not done with it; `told`
 * moves on when a worker tells anew what it holds. The lengths of the texts of workers follow.
 */
const word = { epoch: 0, left: 1, command: 2, key: 3, told: 5, lengths: 6 } as const;

/** The longest texts of a worker, in bytes: its failure, and what it holds. */
const textBytes = { failure: 8192, held: 2048 } as const;
type Text = keyof typeof textBytes;
const texts = Object.keys(textBytes) as Text[];
const bytesOfTexts = textBytes.failure + textBytes.held;

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
  readonly #texts: Uint8Array;
  #held: Held = {};
  #heldAt = 0;

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
    this.#control = take(Int32Array, 4, word.lengths + texts.length * workers);
    this.terminated = take(Uint8Array, 1, envs);
    this.truncated = take(Uint8Array, 1, envs);
    this.#texts = take(Uint8Array, 1, workers * bytesOfTexts);
  }

  /** The owner: rings the bell. `key` goes with `reset`. */
  ask(command: Command, key: readonly [number, number] = [0, 0]): void {
    const control = this.#control;
    [control[word.command], control[word.key], control[word.key + 1]] = [command, ...key];
    // Workers sleep: what went wrong with an earlier command is not of this one.
    for (let worker = 0; worker < this.sizes.workers; worker++) control[lengthAt(worker, "failure")] = 0;
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
    if (!this.#write(worker, "failure", failure)) this.#write(worker, "failure", shortened(failure));
  }

  /** A worker: says what it holds, see `liveBytes()`. */
  tell(worker: number, held: Held): void {
    const sum = Object.values(held).reduce((a, b) => a + b, 0);
    if (!this.#write(worker, "held", held)) this.#write(worker, "held", { "simulations in workers": sum });
    Atomics.add(this.#control, word.told, 1);
  }

  /** The owner, while workers sleep: what all of them hold. */
  held(): Held {
    const told = this.#control[word.told]!;
    if (told === this.#heldAt) return this.#held;
    const all: Record<string, number> = {};
    for (let worker = 0; worker < this.sizes.workers; worker++) {
      addHeld(all, this.#read(worker, "held") as Held | null ?? {});
    }
    [this.#held, this.#heldAt] = [all, told];
    return all;
  }

  /** The owner: what went wrong with the last command, first in the order of environments; null if nothing did. */
  failure(): Failure | null {
    for (let worker = 0; worker < this.sizes.workers; worker++) {
      const failure = this.#read(worker, "failure");
      if (failure !== null) return failure as Failure;
    }
    return null;
  }

  /** Writes a text of a worker, as JSON; gives whether it fits. */
  #write(worker: number, text: Text, value: unknown): boolean {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    if (bytes.length > textBytes[text]) return false;
    this.#texts.set(bytes, startOf(worker, text));
    this.#control[lengthAt(worker, text)] = bytes.length;
    return true;
  }

  #read(worker: number, text: Text): unknown {
    const length = this.#control[lengthAt(worker, text)]!;
    if (length === 0) return null;
    const start = startOf(worker, text);
    // A decoder takes no shared memory.
    return JSON.parse(new TextDecoder().decode(this.#texts.slice(start, start + length)));
  }
}

/** Where a text of a worker begins. */
function startOf(worker: number, text: Text): number {
  return worker * bytesOfTexts + (text === "failure" ? 0 : textBytes.failure);
}

/** The word with its length; 0: there is none. */
function lengthAt(worker: number, text: Text): number {
  return word.lengths + texts.length * worker + texts.indexOf(text);
}

/** What fits: a character has at most six bytes as JSON. */
function shortened({ environment, message }: Failure): Failure {
  return { environment, message: `${message.slice(0, Math.floor(textBytes.failure / 6) - 100)} ..`, stack: null };
}

function bytesOf(sizes: Sizes): number {
  const { envs, agents, observationSize, actionNumbers, metrics, places, stateSize, workers } = sizes;
  const words = 2 * agents * observationSize + agents * actionNumbers + agents + metrics + places;
  return envs * (8 * stateSize + 4 * words + 2) + 4 * (word.lengths + texts.length * workers) + workers * bytesOfTexts;
}
