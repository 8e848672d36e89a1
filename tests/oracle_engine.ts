/** The oracle as an engine, so that what lies above engines is tested without one. Float64 inside, float32 between runs. */

import type { Engine, Executable, Graph } from "../lib/engine/engine.ts";
import { Storage } from "../lib/graph/storage.ts";
import { allocate, sizeOf } from "../lib/graph/types.ts";
import { interpret } from "./oracle.ts";

function toStorage(node: Graph["outputs"][number], value: Float64Array): Storage {
  const array = allocate(node.dtype, sizeOf(node.shape));
  array.set(value);
  return new Storage(node.dtype, array.length, array);
}

function compile(graph: Graph): Promise<Executable> {
  return Promise.resolve({
    async run(inputs, keep) {
      const feeds = await Promise.all(inputs.map((x) => x.read()));
      const results = interpret(graph, feeds).map((value, i) => toStorage(graph.outputs[i]!, value));
      const kept = keep?.(results);
      for (const input of graph.donated.values()) if (!kept?.has(input)) inputs[input]!.retire();
      return results;
    },
    listing: () => graph.outputs.map((x) => x.op),
    dispose: () => {},
  });
}

/** An engine that interprets graphs. */
export function createOracleEngine(): Engine {
  return { name: "cpu", adapter: "oracle", compile, liveBytes: () => ({}), dispose: () => {} };
}
