/** A thread that steps a block of simulations: it makes them, says how many numbers their state has, and waits for commands. */

import { parentPort, workerData } from "node:worker_threads";
import { type Held, liveBytes } from "../../graph/live_bytes.ts";
import { Block, type BlockOptions } from "./block.ts";
import type { Failure } from "./error.ts";
import { loadMaker } from "./load.ts";
import { Command, Memory, type Sizes } from "./memory.ts";

/** What the thread is started with. */
export interface WorkerStart {
  /** The URL of the module that makes simulations. */
  readonly simulation: string;
  readonly block: BlockOptions;
  /** Its place among the workers. */
  readonly worker: number;
}

/** The first message that it sends. */
export type Ready = { readonly stateSize: number } | { readonly failure: Failure };

/** The only message that it gets. */
export interface Shared {
  readonly sizes: Sizes;
  readonly buffer: SharedArrayBuffer;
}

const { simulation, block: options, worker } = workerData as WorkerStart;
const port = parentPort!;

async function make(): Promise<Block | Failure> {
  try {
    return await Block.make(await loadMaker(options.name, simulation), options);
  } catch (error) {
    const { message, stack = null } = error as Error;
    return { environment: null, message, stack };
  }
}

/** Until it is told to end; asleep in between. */
function serve(block: Block, memory: Memory): void {
  block.attach(memory);
  let told: Held = {};
  for (let epoch = 0;;) {
    const asked = memory.waitForCommand(epoch);
    epoch = asked.epoch;
    if (asked.command === Command.end) break;
    const failure = block.run(asked.command, asked.key);
    if (failure) memory.fail(worker, failure);
    const held = liveBytes();
    if (differ(held, told)) memory.tell(worker, told = held);
    memory.finish();
  }
  block.dispose();
}

function differ(held: Held, told: Held): boolean {
  for (const name in held) if (held[name] !== told[name]) return true;
  return false;
}

const block = await make();
if (block instanceof Block) {
  // With nobody who listens any more the thread ends by itself.
  port.once("message", ({ sizes, buffer }: Shared) => serve(block, new Memory(sizes, buffer)));
  port.postMessage({ stateSize: block.stateSize } satisfies Ready);
} else {
  port.postMessage({ failure: block } satisfies Ready);
}
