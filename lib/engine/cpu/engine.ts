/**
 * The CPU engine: graphs of small operations become WebAssembly, those of large ones models for ONNX Runtime, and what has both a
 * program of WebAssembly that calls ONNX Runtime for its large parts, which finds them in the same memory.
 */

import { uncounted } from "../../graph/node.ts";
import type { Engine, Executable, Graph } from "../engine.ts";
import { createOnnxEngine, type OnnxOptions } from "../onnx/engine.ts";
import { type OnnxPart, openPart } from "../onnx/part.ts";
import { threadsInUse } from "../threads.ts";
import { turn } from "../turn.ts";
import { Lease } from "../lease.ts";
import { compileGraph, type Host } from "../wasm/executable.ts";
import { Heap } from "../wasm/heap.ts";
import { TooLarge } from "../wasm/program.ts";
import { chooseWay } from "./choice.ts";

/** Settings of the CPU engine. */
export interface CpuOptions extends OnnxOptions {
  /** `best`: what is faster, by estimate. `onnx`, `wasm`: that alone, to be compared; what does not fit goes to the other. */
  readonly lowering?: "best" | "onnx" | "wasm";
}

/** What a part holds, without what it computes. */
type HeldPart = Pick<OnnxPart, "bytes" | "release">;

/** What is held for a program whose own memory `free` gives back. */
function leaseOf(all: Set<Lease>, parts: readonly HeldPart[], free: () => void): Lease {
  return new Lease(all, parts.reduce((sum, x) => sum + x.bytes, 0), () => {
    parts.forEach((x) => x.release());
    free();
  });
}

/**
 * Opens the CPU engine.
 *
 * @throws RangeError if `threads` is not a whole number from 1.
 */
export async function createCpuEngine(
  { lowering = "best", threads = threadsInUse() }: CpuOptions = {},
): Promise<Engine> {
  const onnx = await createOnnxEngine({ threads });
  if (lowering === "onnx") return onnx;
  const heap = new Heap();
  const leases = new Set<Lease>();

  function compileWasm(graph: Graph): Executable {
    const parts: HeldPart[] = [];
    const host: Host = {
      open({ attrs: { body, why } }) {
        const { bytes, release, compute, lines } = openPart(body, threads, graph.brief ?? false);
        parts.push({ bytes, release });
        return { compute, lines: [`onnx ${why}`, ...lines.map((x) => `  onnx ${x}`)] };
      },
      before: () => parts.length > 0 ? turn() : Promise.resolve(),
    };
    try {
      return compileGraph(graph, heap, host, (free) => leaseOf(leases, parts, free));
    } catch (error) {
      parts.forEach((x) => x.release());
      throw error;
    }
  }

  /** What is not for ONNX Runtime alone. */
  const compileNow = (graph: Graph): Executable | null => {
    try {
      return uncounted(() => {
        const chosen = lowering === "best" ? chooseWay(graph, threads) : graph;
        return chosen && compileWasm(chosen);
      });
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      return null;
    }
  };
  return {
    name: "cpu",
    adapter: onnx.adapter,
    compile: async (graph) => compileNow(graph) ?? await onnx.compile(graph),
    compileNow: (graph) => compileNow(graph) ?? onnx.compileNow!(graph),
    liveBytes() {
      const { models = 0, "spare state": spare = 0 } = onnx.liveBytes();
      const all = [...leases];
      const ofParts = all.reduce((sum, x) => sum + x.bytes, 0);
      const ofSpares = all.reduce((sum, x) => sum + x.spareBytes, 0);
      return { models: models + ofParts, "spare state": spare + ofSpares, wasm: heap.heldBytes };
    },
    dispose: () => {
      for (const lease of [...leases]) lease.end();
      onnx.dispose();
    },
  };
}
