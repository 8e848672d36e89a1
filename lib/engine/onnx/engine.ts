/** The CPU engine: a graph becomes an ONNX model that ONNX Runtime runs. */

import { env } from "./runtime.ts";
import type { Engine, Graph } from "../engine.ts";
import { makeExecutable, type OnnxExecutable } from "./executable.ts";
import { writeProgram } from "./program.ts";
import { encodeModel } from "./proto.ts";
import { cores, openSession, threadsFor } from "./session.ts";

/** Settings of the CPU engine. */
export interface OnnxOptions {
  /** The most threads that one operation may use: 1 or more. The cores of the machine, unless given. */
  readonly threads?: number;
}

interface Held {
  readonly bytes: number;
  readonly executable: OnnxExecutable;
}

/**
 * Opens the CPU engine.
 *
 * @throws RangeError if `threads` is not a whole number from 1.
 */
export function createOnnxEngine({ threads = cores }: OnnxOptions = {}): Promise<Engine> {
  if (!Number.isInteger(threads) || threads < 1) {
    return Promise.reject(new RangeError(`the CPU engine needs 1 thread or more, not ${threads}.`));
  }
  const held = new Set<Held>();
  const open = (graph: Graph): OnnxExecutable => {
    const used = threadsFor(graph.outputs, threads);
    const program = writeProgram(graph, used);
    const model = program.model && encodeModel(program.model);
    const session = model && openSession(model, used, graph.brief);
    const entry: Held = {
      bytes: model?.byteLength ?? 0,
      executable: makeExecutable(graph, program, session, () => {
        if (held.delete(entry)) session?.release();
      }),
    };
    held.add(entry);
    return entry.executable;
  };
  const total = (bytes: (x: Held) => number): number => [...held].reduce((sum, x) => sum + bytes(x), 0);
  return Promise.resolve({
    name: "cpu",
    adapter: `ONNX Runtime ${env.versions.node ?? ""}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    // What is thrown becomes a promise's.
    compile: (graph) => new Promise((resolve) => resolve(open(graph))),
    liveBytes: () => ({ models: total((x) => x.bytes), "spare state": total((x) => x.executable.spareBytes()) }),
    dispose: () => {
      for (const { executable } of [...held]) executable.dispose();
    },
  });
}
