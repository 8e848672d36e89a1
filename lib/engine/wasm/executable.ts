/** A graph that runs as WebAssembly: inputs are copied into its memory, outputs out of it. */

import { type IndexUse, outsideParts } from "../../graph/indices.ts";
import { uncounted } from "../../graph/node.ts";
import { Storage } from "../../graph/storage.ts";
import { type DType, sizeOf, type TypedArray } from "../../graph/types.ts";
import type { Executable, Graph, Keep } from "../engine.ts";
import { RunError } from "../run_error.ts";
import type { Heap } from "./heap.ts";
import { Lease } from "./lease.ts";
import { layOut, listLayout, TooLarge, writeModule } from "./program.ts";

/** A module that runs, and where its values are: the numbers of their first elements. */
interface Loaded {
  readonly start: number;
  readonly run: () => number;
  readonly inputs: readonly (number | null)[];
  readonly outputs: readonly number[];
  /** What `run` gives counts these, from 1; 0 is a run that went well. */
  readonly checks: readonly { readonly use: IndexUse; readonly at: number }[];
  readonly lines: readonly string[];
}

/** Writes and loads the module of a graph. Nothing of how it was made is kept. */
function load(graph: Graph, heap: Heap): Loaded {
  const layout = layOut(graph);
  const start = heap.allocate(layout.bytes);
  if (start === null) throw new TooLarge(`${layout.bytes} bytes more`);
  const elementAt = (offset: number): number => (start + offset) / 4;
  try {
    const module = new WebAssembly.Module(writeModule(layout, start, heap));
    return {
      start,
      run: new WebAssembly.Instance(module, { env: { memory: heap.memory } }).exports.run as () => number,
      inputs: layout.inputs.map((x) => x === null ? null : elementAt(x)),
      outputs: layout.outputs.map(elementAt),
      checks: layout.checks.map(({ use, place }) => ({ use, at: elementAt(layout.offsetOf(place.memory)) })),
      lines: listLayout(layout),
    };
  } catch (error) {
    heap.free(start);
    // What is written has limits: of locals in a function, of functions, of how deep an expression is.
    throw error instanceof WebAssembly.CompileError ? new TooLarge(error.message) : error;
  }
}

/** Compiles a graph. Its memory is one of `leases` until it is given back or forgotten. Throws {@linkcode TooLarge}. */
export function compileGraph(graph: Graph, heap: Heap, leases: Set<Lease>): Executable {
  let loaded: Loaded | null = uncounted(() => load(graph, heap));
  const { lines } = loaded;
  const lease = new Lease(heap, loaded.start, leases);
  lease.endWith(loaded);
  const outputSizes = graph.outputs.map((x) => sizeOf(x.shape));

  function theProgram(): Loaded {
    if (loaded === null || lease.isOver) throw new Error("This program has been given back.");
    return loaded;
  }

  function write(dtype: DType, numbers: TypedArray, at: number): void {
    const views = heap.views();
    if (dtype === "bool") {
      const masks = views.int32;
      for (let i = 0; i < numbers.length; i++) masks[at + i] = numbers[i] === 0 ? 0 : -1;
    } else views[dtype].set(numbers as Float32Array, at);
  }

  function read(dtype: DType, at: number, size: number): TypedArray {
    const views = heap.views();
    if (dtype !== "bool") return views[dtype].slice(at, at + size);
    const truths = new Uint8Array(size);
    for (let i = 0; i < size; i++) truths[i] = views.int32[at + i]! & 1;
    return truths;
  }

  function outside({ use: { node, size }, at }: Loaded["checks"][number]): RunError {
    const found = [...heap.views().int32.subarray(at, at + 2)].find((x) => x >= size || x < -size)!;
    return new RunError(node, (x) => outsideParts(x, found, size));
  }

  return {
    async run(inputs, keep?: Keep) {
      const wanted = theProgram().inputs;
      for (let i = 0; i < wanted.length; i++) {
        if (wanted[i] !== null && inputs[i]!.host === null) await inputs[i]!.read();
      }
      // Asked for again: it may have been given back meanwhile, and its memory be another's.
      const { run, inputs: places, outputs, checks } = theProgram();
      for (let i = 0; i < places.length; i++) {
        const at = places[i] ?? null;
        if (at !== null) write(graph.inputs[i]!.dtype, inputs[i]!.host!, at);
      }
      const failed = run();
      if (failed > 0) throw outside(checks[failed - 1]!);
      const results: Storage[] = [];
      for (let i = 0; i < outputs.length; i++) {
        const { dtype } = graph.outputs[i]!;
        results.push(new Storage(dtype, outputSizes[i]!, read(dtype, outputs[i]!, outputSizes[i]!)));
      }
      const kept = keep?.(results);
      for (const input of graph.donated.values()) {
        if (!kept?.has(input)) inputs[input]!.retire().device?.release();
      }
      return results;
    },
    listing: () => [...lines],
    dispose() {
      lease.end();
      loaded = null;
    },
  };
}
