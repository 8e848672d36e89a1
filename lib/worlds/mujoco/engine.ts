/**
 * MuJoCo: its official WebAssembly build. A thread that has simulations has it once, with a heap that only grows; it is dropped
 * with the last of them.
 */

import type { DoubleBuffer, MainModule } from "npm:@mujoco/mujoco@3.14.0";
import { countLiveBytes } from "../../graph/live_bytes.ts";

export type { DoubleBuffer, MainModule, MjData, MjModel, MjWarningStatVec } from "npm:@mujoco/mujoco@3.14.0";

/** What its heaps are called in what is told of live bytes. */
const heapName = "MuJoCo: heaps";

/** The library of this thread, and its heap. */
class Library {
  readonly #release: () => void;
  /** A number in the heap, by which that is known: the library does not show it otherwise. */
  readonly #number: DoubleBuffer;
  #view: Float64Array;

  constructor(readonly mujoco: MainModule) {
    this.#number = new mujoco.DoubleBuffer(1);
    this.#view = this.#number.GetView() as Float64Array;
    this.#release = countLiveBytes(heapName, () => this.#heapBytes());
  }

  /** Is used no more. */
  drop(): void {
    this.#release();
    this.#number.delete();
  }

  #heapBytes(): number {
    // A heap that has grown is another buffer, and a view on the one before has no length any more.
    if (this.#view.length === 0) this.#view = this.#number.GetView() as Float64Array;
    return this.#view.buffer.byteLength;
  }
}

/** The library, and how many use it or wait for it. */
let shared: { readonly loaded: Promise<Library>; users: number } | null = null;

/** The library; whoever takes it gives it back once. */
export async function takeMujoco(): Promise<{ readonly mujoco: MainModule; readonly giveBack: () => void }> {
  const taken = shared ??= { loaded: load(), users: 0 };
  taken.users++;
  try {
    const library = await taken.loaded;
    const giveBack = (): void => {
      if (--taken.users > 0) return;
      if (shared === taken) shared = null;
      library.drop();
    };
    return { mujoco: library.mujoco, giveBack };
  } catch (error) {
    if (shared === taken) shared = null;
    throw error;
  }
}

async function load(): Promise<Library> {
  const { default: start } = await import("npm:@mujoco/mujoco@3.14.0");
  const silent = () => {};
  return new Library(await start({ print: silent, printErr: silent }));
}
