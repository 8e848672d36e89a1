/**
 * A block of simulations that one thread steps: it carries out commands on its environments' part of the shared memory. What a
 * simulation gives is judged here, before anybody learns from it.
 */

import { isStrayPromise, told } from "../../graph/kinds.ts";
import { ended, thrownText } from "../../graph/thrown.ts";
import { RandomStream } from "../../graph/random_stream.ts";
import { threefry2x32 } from "../../graph/threefry.ts";
import type { Failure } from "./error.ts";
import { Command, type Memory } from "./memory.ts";
import { solidNumbers } from "../solids.ts";
import type { HostScene, MakeSimulation, Simulation, StepOutcome } from "./world.ts";

/** What a thread is told of the world and of its part of it; it can be cloned. */
export interface BlockOptions {
  readonly name: string;
  readonly agents: number;
  readonly observationSize: number;
  readonly maxSteps: number;
  /** The names of the world's metrics. */
  readonly metrics: readonly string[];
  /** That say where the entities of a scene are. */
  readonly places: number;
  /** Whether they are in space. */
  readonly inSpace: boolean;
  /** Of the simulations. */
  readonly options: unknown;
  /** The number of the first environment of the block. */
  readonly first: number;
  readonly count: number;
}

/** What the block keeps of an environment beside the simulation's own state: its steps and its random stream. */
const ownState = 5;

/** A simulation gave something that does not fit. */
class Misfit extends Error {}

const methods = ["reset", "observe", "step", "state", "restore"] as const;

/** The simulations of environments `first` and those after it. */
export class Block {
  /** Numbers that are kept of an environment. */
  readonly stateSize: number;
  readonly #simulations: readonly Simulation[];
  readonly #streams: readonly RandomStream[];
  /** Steps of each running episode. */
  readonly #steps: Int32Array;
  /** Whether an environment waits for the others to be done. */
  readonly #over: Uint8Array;
  /** The same before the last `restore`. */
  readonly #overBefore: Uint8Array;
  #memory!: Memory;
  #actions: readonly (Float32Array | Int32Array)[] = [];

  private constructor(readonly options: BlockOptions, simulations: readonly Simulation[]) {
    this.#simulations = simulations;
    this.#streams = simulations.map(() => new RandomStream([0, 0]));
    this.#steps = new Int32Array(simulations.length);
    this.#over = new Uint8Array(simulations.length);
    this.#overBefore = this.#over.slice();
    // How many numbers a state has shows in the first one.
    refusePromise(simulations[0]!.reset(this.#streams[0]!), "reset");
    const state = refusePromise(simulations[0]!.state(), "state");
    const room = lengthOf(state);
    if (room === null) throw new Misfit(`gave ${amount(state)} as its state, which is a list of numbers`);
    this.stateSize = ownState + room;
  }

  /** Makes the simulations; gives the failure if they cannot be had. */
  static async make(make: MakeSimulation, options: BlockOptions): Promise<Block | Failure> {
    const { name, first, count } = options;
    const simulations: Simulation[] = [];
    let environment = first;
    try {
      for (; environment < first + count; environment++) {
        const simulation = await make(structuredClone(options.options) as never);
        checkSimulation(simulation, options.places > 0);
        simulations.push(simulation);
      }
      environment = first;
      return new Block(options, simulations);
    } catch (thrown) {
      giveBack(simulations);
      const { text, stack } = thrownText(thrown);
      return { environment, message: `${name}: environment ${environment} could not be made: ${ended(text)}`, stack };
    }
  }

  /** Takes its part of the memory, which has room for {@linkcode Block.stateSize}. */
  attach(memory: Memory): void {
    this.#memory = memory;
    const each = memory.action.length / memory.sizes.envs;
    this.#actions = this.#simulations.map((_, i) => {
      const at = (this.options.first + i) * each;
      return memory.action.subarray(at, at + each);
    });
  }

  /** Carries out a command for all its environments, or up to the first that fails. */
  run(command: Command, key: readonly [number, number]): Failure | null {
    const { name, first } = this.options;
    const count = this.#simulations.length;
    let i = 0;
    if (command === Command.restore) this.#overBefore.set(this.#over);
    try {
      for (; i < count; i++) this.#carryOut(command, i, key);
      return null;
    } catch (thrown) {
      const { text, stack } = thrownText(thrown);
      const environment = first + i;
      const when = this.#when(command, i);
      return thrown instanceof Misfit
        ? { environment, message: `${name}: environment ${environment} ${text}, ${when}.`, stack: null }
        : { environment, message: `${name}: environment ${environment} failed ${when}: ${ended(text)}`, stack };
    }
  }

  /** What the first of them says that it looks like. */
  scene(): HostScene | null {
    return this.#simulations[0]!.scene?.() ?? null;
  }

  /** Gives back what the simulations hold. */
  dispose(): void {
    giveBack(this.#simulations);
  }

  #carryOut(command: Command, i: number, key: readonly [number, number]): void {
    switch (command) {
      case Command.step:
        return this.#step(i, false);
      case Command.stepUntilDone:
        return this.#over[i] ? undefined : this.#step(i, true);
      case Command.reset: {
        const stream = threefry2x32(key[0], key[1], this.options.first + i, 0);
        this.#streams[i]!.restore([...stream, 0, 0]);
        this.#over[i] = 0;
        return this.#begin(i);
      }
      case Command.save:
        return this.#save(i);
      case Command.restore:
        return this.#restore(i, 0);
      case Command.goBack:
        return this.#restore(i, this.#overBefore[i]!);
      case Command.place:
        return this.#place(i);
    }
  }

  #begin(i: number): void {
    this.#steps[i] = 0;
    refusePromise(this.#simulations[i]!.reset(this.#streams[i]!), "reset");
    this.#observe(i, this.#memory.observation);
  }

  #step(i: number, waits: boolean): void {
    const memory = this.#memory;
    const env = this.options.first + i;
    const outcome = refusePromise(this.#simulations[i]!.step(this.#actions[i]!), "step");
    checkOutcome(outcome);
    const steps = ++this.#steps[i]!;
    const { terminated } = outcome;
    const truncated = !terminated && (steps >= this.options.maxSteps || outcome.truncated === true);
    memory.terminated[env] = Number(terminated);
    memory.truncated[env] = Number(truncated);
    this.#reward(env, outcome.reward);
    this.#measure(env, outcome);
    this.#observe(i, memory.nextObservation);
    if (!terminated && !truncated || waits) {
      const size = memory.observation.length / memory.sizes.envs;
      for (let at = env * size; at < (env + 1) * size; at++) memory.observation[at] = memory.nextObservation[at]!;
      this.#over[i] = Number(terminated || truncated);
    } else {
      this.#begin(i);
    }
  }

  #reward(env: number, reward: StepOutcome["reward"]): void {
    const { agents } = this.options;
    const { reward: into } = this.#memory;
    if (typeof reward === "number") {
      for (let at = env * agents; at < (env + 1) * agents; at++) into[at] = reward;
    } else {
      if (lengthOf(reward) !== agents) {
        throw new Misfit(
          `gave ${amount(reward)} as its reward, where there ${agents === 1 ? "is 1 agent" : `are ${agents} agents`}`,
        );
      }
      into.set(reward, env * agents);
    }
    for (let at = env * agents; at < (env + 1) * agents; at++) {
      if (!(Math.abs(into[at]!) < Infinity)) throw new Misfit(`gave the reward ${into[at]}`);
    }
  }

  #measure(env: number, { metrics }: StepOutcome): void {
    const names = this.options.metrics;
    for (let k = 0; k < names.length; k++) {
      const value = metrics?.[names[k]!];
      if (typeof value !== "number") throw new Misfit(`gave no number for the metric \`${names[k]}\``);
      this.#memory.metrics[env * names.length + k] = value;
    }
  }

  #observe(i: number, into: Float32Array): void {
    const seen = refusePromise(this.#simulations[i]!.observe(), "observe");
    const { agents, observationSize } = this.options;
    const size = agents * observationSize;
    if (lengthOf(seen) !== size) {
      const wanted = agents === 1 ? `${observationSize}` : `${size}: ${observationSize} for each of ${agents} agents`;
      throw new Misfit(`gave ${amount(seen)} as what is observed, where the world has ${wanted}`);
    }
    const start = (this.options.first + i) * size;
    for (let k = 0; k < size; k++) {
      into[start + k] = seen[k]!;
      // Also what a float32 cannot hold.
      if (!(Math.abs(into[start + k]!) < Infinity)) {
        throw new Misfit(`gave ${into[start + k]} as number ${k + 1} of ${size} of what is observed`);
      }
    }
  }

  #save(i: number): void {
    const numbers = refusePromise(this.#simulations[i]!.state(), "state");
    const room = this.stateSize - ownState;
    if (lengthOf(numbers) !== room) {
      throw new Misfit(`gave ${amount(numbers)} as its state, where it had ${room} before`);
    }
    const start = (this.options.first + i) * this.stateSize;
    const { state } = this.#memory;
    state[start] = this.#steps[i]!;
    state.set(this.#streams[i]!.state(), start + 1);
    state.set(numbers, start + ownState);
  }

  #restore(i: number, over: number): void {
    const start = (this.options.first + i) * this.stateSize;
    const [steps, ...stream] = this.#memory.state.subarray(start, start + ownState);
    this.#steps[i] = steps!;
    this.#streams[i]!.restore(stream);
    this.#over[i] = over;
    // A copy, which the simulation may keep.
    const kept = this.#memory.state.slice(start + ownState, start + this.stateSize);
    refusePromise(this.#simulations[i]!.restore(kept), "restore");
  }

  #place(i: number): void {
    const { places: size, inSpace } = this.options;
    const places = refusePromise(this.#simulations[i]!.place!(), "place");
    if (lengthOf(places) !== size) {
      throw new Misfit(
        `gave ${amount(places)} as places, not ${inSpace ? "x, y, z and the rotation" : "x, y and angle"} of each of ` +
          `${size / (inSpace ? solidNumbers : 3)} entities`,
      );
    }
    this.#memory.placement.set(places, (this.options.first + i) * size);
  }

  /** When something happened, as the end of a sentence. */
  #when(command: Command, i: number): string {
    const steps = this.#steps[i]!;
    switch (command) {
      case Command.step:
      case Command.stepUntilDone:
        // A step that threw is not counted yet, nor is the start of an episode one.
        return steps === 0
          ? "at the start of an episode or in its first step"
          : `after ${stepsText(steps)} of its episode`;
      case Command.reset:
        return "at the start of an episode";
      case Command.save:
        return "when its state was saved";
      case Command.restore:
      case Command.goBack:
        return "when its state was restored";
      default:
        return "when it was asked where things are";
    }
  }
}

/** What the simulations hold. */
function giveBack(simulations: readonly Simulation[]): void {
  for (const simulation of simulations) simulation.dispose?.();
}

const stepsText = (n: number): string => n === 1 ? "1 step" : `${n} steps`;

/** `4 numbers`; or what it is, if it has no length. */
function amount(x: unknown): string {
  const length = lengthOf(x);
  return length === null ? told(x) : `${length} ${length === 1 ? "number" : "numbers"}`;
}

/** How many there are in a list of numbers, which a text is not; null for what is none. */
function lengthOf(x: unknown): number | null {
  return typeof x === "object" && x !== null && "length" in x && typeof x.length === "number" ? x.length : null;
}

/** What a method gave, which nobody waits for. */
function refusePromise<T>(given: T, method: string): T {
  if (isStrayPromise(given)) throw new Misfit(`gave a promise from ${method}(), which runs without waiting`);
  return given;
}

function checkSimulation(simulation: Simulation, isDrawn: boolean): void {
  const needed = isDrawn ? [...methods, "place"] as const : methods;
  const missing = needed.find((name) => typeof simulation?.[name] !== "function");
  if (missing) throw new Error(`the simulation has no method \`${missing}\`; it needs ${needed.join(", ")}.`);
}

function checkOutcome(outcome: StepOutcome): void {
  if (typeof outcome?.terminated === "boolean") return;
  throw new Misfit("gave no `terminated` from step(), which gives { reward, terminated }");
}
