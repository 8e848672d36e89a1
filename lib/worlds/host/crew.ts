/** Who steps the simulations: workers that sleep until they are asked, or the thread that asks. */

import { Worker } from "node:worker_threads";
import type { Held } from "../../graph/live_bytes.ts";
import { Block, type BlockOptions } from "./block.ts";
import { type Failure, SimulationError } from "./error.ts";
import { loadMaker } from "./load.ts";
import { Command, Memory, type Sizes } from "./memory.ts";
import type { Ready, Shared, WorkerStart } from "./worker.ts";
import type { MakeSimulation } from "./world.ts";

/** Steps the simulations of one {@linkcode Memory}. */
export interface Crew {
  readonly memory: Memory;
  /** Carries out a command for all environments. Throws a {@linkcode SimulationError} if that fails. */
  run(command: Command, key?: readonly [number, number]): void | Promise<void>;
  /** What other threads held when they had done the last command. */
  readonly held: Held;
  /** Ends the threads; they need not be waited for. */
  dispose(): void;
}

/** All sizes but the one that the simulations tell. */
export type KnownSizes = Omit<Sizes, "stateSize">;

const noKey = [0, 0] as const;

/** The thread that asks. */
export class OwnThread implements Crew {
  /** What this thread holds is counted here by itself. */
  readonly held: Held = {};

  private constructor(readonly memory: Memory, readonly block: Block) {}

  /** Makes all simulations here. */
  static async start(
    simulation: string | MakeSimulation,
    options: BlockOptions,
    sizes: KnownSizes,
  ): Promise<OwnThread> {
    const block = await Block.make(await loadMaker(options.name, simulation), options);
    if (!(block instanceof Block)) throw new SimulationError(block);
    const memory = new Memory({ ...sizes, stateSize: block.stateSize });
    block.attach(memory);
    return new OwnThread(memory, block);
  }

  run(command: Command, key: readonly [number, number] = noKey): void {
    const failure = this.block.run(command, key);
    if (failure) throw new SimulationError(failure);
  }

  dispose(): void {
    this.block.dispose();
  }
}

/** For so many milliseconds the owner sleeps before it looks whether all workers are still there. */
const patience = 50;

/** Workers, each with a block of its own. */
export class Workers implements Crew {
  held: Held = {};
  #lost: Failure | null = null;
  #ended = false;

  private constructor(readonly memory: Memory, threads: readonly Thread[]) {
    for (const thread of threads) {
      // What has ended while the others were made is told too.
      thread.onEnd = (failure) => this.#lost ??= failure;
      if (thread.lost) this.#lost ??= thread.lost;
      thread.worker.postMessage({ sizes: memory.sizes, buffer: memory.buffer } satisfies Shared);
    }
  }

  /** Starts a worker for each of `blocks`. */
  static async start(simulation: string, blocks: readonly BlockOptions[], sizes: KnownSizes): Promise<Workers> {
    const threads = blocks.map((block, worker) => new Thread({ simulation, block, worker }, blocks.length));
    const ready = await Promise.all(threads.map((x) => x.ready));
    const failed = ready.find((x) => "failure" in x);
    if (failed) {
      threads.forEach((x) => x.abandon());
      throw new SimulationError(failed.failure);
    }
    const [stateSize, ...others] = ready.map((x) => (x as { stateSize: number }).stateSize);
    const other = others.find((x) => x !== stateSize);
    if (other !== undefined) {
      threads.forEach((x) => x.abandon());
      const message = `${blocks[0]!.name}: the state of one simulation has ${stateSize} numbers, of another ${other}.`;
      throw new SimulationError({ environment: null, message, stack: null });
    }
    return new Workers(new Memory({ ...sizes, stateSize: stateSize! }), threads);
  }

  async run(command: Command, key: readonly [number, number] = noKey): Promise<void> {
    const { memory } = this;
    memory.ask(command, key);
    while (!memory.waitForAll(patience)) {
      // Only between two turns of the event loop does a thread that has ended become known.
      await new Promise((resolve) => setTimeout(resolve));
      if (this.#lost) throw new SimulationError(this.#lost);
    }
    this.held = memory.held();
    const failure = memory.failure();
    if (failure) throw new SimulationError(failure);
  }

  dispose(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.memory.ask(Command.end);
  }
}

/** One worker from its start to its end. */
class Thread {
  readonly worker: Worker;
  /** What it says first. */
  readonly ready: Promise<Ready>;
  /** Set when it has ended. */
  lost: Failure | null = null;
  onEnd: (failure: Failure) => void = () => {};

  constructor(start: WorkerStart, workers: number) {
    const { name, first, count } = start.block;
    const who = `worker ${start.worker + 1} of ${workers}, which stepped environments ${first} to ${
      first + count - 1
    },`;
    this.worker = new Worker(new URL(import.meta.resolve("./worker.ts")), { workerData: start });
    this.ready = new Promise((resolve) => {
      this.worker.once("message", (ready: Ready) => {
        // It sleeps where it cannot be told that the process would like to end.
        this.worker.unref();
        resolve(ready);
      });
      const end = (how: string) => {
        const message =
          `${name}: ${who} has ended (${how}), and with it what they had reached; go on from a checkpoint.`;
        this.lost ??= { environment: null, message, stack: null };
        this.onEnd(this.lost);
        resolve({ failure: this.lost });
      };
      this.worker.on("error", (error: Error) => end(error.message));
      this.worker.on("exit", (code: number) => end(`exit code ${code}`));
    });
  }

  /** Ends it before it had any memory. */
  abandon(): void {
    this.worker.terminate();
  }
}
