/** The CPU engine: a graph becomes an ONNX model that ONNX Runtime runs. */

import { env, type InferenceSession } from "./runtime.ts";
import type { Engine, Executable, Graph } from "../engine.ts";
import { makeExecutable, spareBytes, type Spares } from "./executable.ts";
import { writeProgram } from "./program.ts";
import { encodeModel } from "./proto.ts";
import { cores, openSession, threadsFor } from "./session.ts";

/** Settings of the CPU engine. */
export interface OnnxOptions {
  /** The most threads that one operation may use: 1 or more. The cores of the machine, unless given. */
  readonly threads?: number;
}

/** What is held for an executable. It does not know that, nor its graph: who forgets the executable must not be remembered here. */
interface Held {
  readonly bytes: number;
  readonly spares: Spares;
  readonly release: () => void;
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
  const forgotten = new FinalizationRegistry<Held>((entry) => entry.release());
  const compile = async (graph: Graph): Promise<Executable> => {
    const used = threadsFor(graph.outputs, threads);
    const program = writeProgram(graph, used);
    const model = program.model && encodeModel(program.model);
    const session = model && await openSession(model, used, graph.brief);
    const entry = hold(model?.byteLength ?? 0, session);
    const executable = makeExecutable(graph, program, session, entry);
    forgotten.register(executable, entry);
    return executable;
  };
  const hold = (bytes: number, session: InferenceSession | null): Held => {
    const release = (): void => {
      entry.spares.clear();
      if (held.delete(entry)) session?.release();
    };
    const entry: Held = { bytes, spares: new Map(), release };
    held.add(entry);
    return entry;
  };
  const total = (bytes: (x: Held) => number): number => [...held].reduce((sum, x) => sum + bytes(x), 0);
  return Promise.resolve({
    name: "cpu",
    adapter: `ONNX Runtime ${env.versions.node ?? ""}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    compile,
    liveBytes: () => ({ models: total((x) => x.bytes), "spare state": total((x) => spareBytes(x.spares)) }),
    dispose: () => {
      for (const { release } of [...held]) release();
    },
  });
}
