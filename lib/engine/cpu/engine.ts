/** The CPU engine: graphs of small operations become WebAssembly, those of large ones models for ONNX Runtime. */

import type { Engine, Executable, Graph } from "../engine.ts";
import { createOnnxEngine, type OnnxOptions } from "../onnx/engine.ts";
import { compileGraph } from "../wasm/executable.ts";
import { Heap } from "../wasm/heap.ts";
import type { Lease } from "../wasm/lease.ts";
import { TooLarge } from "../wasm/program.ts";
import { prefersWasm } from "./choice.ts";

/** Settings of the CPU engine. */
export interface CpuOptions extends OnnxOptions {
  /** `best`: what is faster, by estimate. `onnx`, `wasm`: that alone, to be compared; what does not fit goes to the other. */
  readonly lowering?: "best" | "onnx" | "wasm";
}

/**
 * Opens the CPU engine.
 *
 * @throws RangeError if `threads` is not a whole number from 1.
 */
export async function createCpuEngine({ lowering = "best", ...options }: CpuOptions = {}): Promise<Engine> {
  const onnx = await createOnnxEngine(options);
  if (lowering === "onnx") return onnx;
  const heap = new Heap();
  const leases = new Set<Lease>();
  const compile = async (graph: Graph): Promise<Executable> => {
    if (lowering === "best" && !prefersWasm(graph)) return await onnx.compile(graph);
    try {
      return compileGraph(graph, heap, leases);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      return await onnx.compile(graph);
    }
  };
  return {
    name: "cpu",
    adapter: onnx.adapter,
    compile,
    liveBytes: () => ({ ...onnx.liveBytes(), wasm: heap.heldBytes }),
    dispose: () => {
      for (const lease of [...leases]) lease.end();
      onnx.dispose();
    },
  };
}
