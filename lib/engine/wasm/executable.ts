/**
 * A graph that runs as WebAssembly: inputs are copied into its memory, unless they are there since the last run, and outputs out
 * of it. State stays there. What only parts read or write, which others compute, is in arrays of its own.
 */

import { outsideParts } from "../../graph/indices.ts";
import { uncounted } from "../../graph/node.ts";
import { Storage } from "../../graph/storage.ts";
import { allocate, sizeOf, type TypedArray } from "../../graph/types.ts";
import type { Executable, Graph, Keep } from "../engine.ts";
import { RunError } from "../run_error.ts";
import type { Heap } from "./heap.ts";
import { load, type Loaded, type Open } from "./load.ts";
import { readNumbers, type Side, writeNumbers } from "./state.ts";

/** Who computes the parts of a program. */
export interface Host {
  readonly open: Open;
  /** Called before each run. */
  readonly before: () => Promise<void>;
}

/** An executable that keeps arrays for its next run. */
export interface WasmExecutable extends Executable {
  /** Bytes of them. */
  spareBytes(): number;
}

/** Inputs of fewer elements are copied whether they are there or not. */
const fewElements = 256;

/** Compiles a graph; `onDispose` is called when it is given back. Throws {@linkcode TooLarge}. */
export function compileGraph(graph: Graph, heap: Heap, host: Host | null, onDispose: () => void): WasmExecutable {
  let program: Loaded | null = uncounted(() => load(graph, heap, host?.open ?? null));
  const { lines } = program;
  const outputSizes = graph.outputs.map((x) => sizeOf(x.shape));
  const stateAt = (kind: "input" | "output", { places }: Loaded): ReadonlyMap<number, number> =>
    new Map(places.map((x, i) => [x[kind], i]));
  const [stateInputs, stateOutputs] = [stateAt("input", program), stateAt("output", program)];
  /** Whose numbers each input holds. */
  const holds: (WeakRef<Storage> | null)[] = graph.inputs.map(() => null);
  /** For outputs that parts write to arrays of their own: what the input that they replace left behind. */
  const spares = new Map<number, TypedArray>();

  /** The numbers that are to be copied, or that parts read where they are. */
  async function numbersOf({ inputs: at, direct, state }: Loaded, inputs: readonly Storage[], side: Side) {
    const numbers: (TypedArray | null)[] = [];
    for (const [i, storage] of inputs.entries()) {
      const own = stateInputs.get(i);
      const isThere = own !== undefined
        ? state.has(own, side, storage)
        : holds[i]?.deref() === storage && !storage.isGone;
      const isRead = own !== undefined || at[i] !== null || direct.has(i);
      numbers.push(isRead && !isThere ? storage.host ?? await storage.read() : null);
    }
    return numbers;
  }

  /** Puts the numbers of inputs where kernels read them, and makes room for state. */
  function bring(
    { inputs: at, state }: Loaded,
    inputs: readonly Storage[],
    all: readonly (TypedArray | null)[],
    side: Side,
  ) {
    for (const [i, own] of stateInputs) {
      if (all[i]) state.put(own, side, all[i]);
      state.clear(own, 1 - side as Side);
    }
    all.forEach((numbers, i) => {
      if (!numbers || at[i] === null) return;
      writeNumbers(heap, graph.inputs[i]!.dtype, numbers, at[i]!);
      holds[i] = numbers.length < fewElements ? null : new WeakRef(inputs[i]!);
    });
  }

  function arrayFor(index: number): TypedArray {
    const spare = spares.get(index);
    spares.delete(index);
    return spare ?? allocate(graph.outputs[index]!.dtype, outputSizes[index]!);
  }

  function outside({ use: { node, size }, at }: Loaded["checks"][number]): RunError {
    const found = [...heap.views().int32.subarray(at, at + 2)].find((x) => x >= size || x < -size)!;
    return new RunError(node, (x) => outsideParts(x, found, size));
  }

  function retire({ outputs: at }: Loaded, inputs: readonly Storage[], kept: ReadonlySet<number> | undefined): void {
    for (const [output, input] of graph.donated) {
      if (kept?.has(input)) continue;
      const { host, device } = inputs[input]!.retire();
      device?.release();
      if (host && at[output] === null && !stateOutputs.has(output)) spares.set(output, host);
    }
  }

  return {
    async run(inputs, keep?: Keep) {
      if (program === null) throw new Error("This program has been given back.");
      await host?.before();
      const { outputs: at, places, state, checks } = program;
      const side = state.sideOf(places.map((x) => inputs[x.input]!));
      const numbers = await numbersOf(program, inputs, side);
      bring(program, inputs, numbers, side);
      const arrays = at.map((x, i) => x === null && !stateOutputs.has(i) ? arrayFor(i) : null);
      const failed = program.run({ side, inputs: numbers, outputs: arrays });
      if (failed > 0) throw outside(checks[failed - 1]!);
      const results = graph.outputs.map(({ dtype }, i) => {
        const own = stateOutputs.get(i);
        if (own !== undefined) return state.take(own, 1 - side as Side);
        const size = outputSizes[i]!;
        return new Storage(dtype, size, arrays[i] ?? readNumbers(heap, dtype, at[i]!, size));
      });
      retire(program, inputs, keep?.(results));
      return results;
    },
    listing: () => [...lines],
    spareBytes: () => [...spares.values()].reduce((sum, x) => sum + x.byteLength, 0),
    dispose() {
      if (program === null) return;
      program.state.dispose();
      heap.free(program.start);
      program = null;
      spares.clear();
      onDispose();
    },
  };
}
