/** The CPU engine: a graph becomes an ONNX model that ONNX Runtime runs. */

import { env } from "./runtime.ts";
import type { Engine, Executable, Graph } from "../engine.ts";
import { Lease } from "../lease.ts";
import { makeExecutable } from "./executable.ts";
import { writeProgram } from "./program.ts";
import { encodeModel } from "./proto.ts";
import { openSession, type Session, threadsFor } from "./session.ts";
import { threadsInUse } from "../threads.ts";

/** Settings of the CPU engine. */
export interface OnnxOptions {
  /** The most threads that one operation may use: 1 or more. Those of the process, unless given. */
  readonly threads?: number;
}

/** What is held for a program: it knows neither that nor its graph. */
function leaseOf(all: Set<Lease>, bytes: number, session: Session | null): Lease {
  return new Lease(all, bytes, () => session?.release());
}

/**
 * Opens the CPU engine.
 *
 * @throws RangeError if `threads` is not a whole number from 1.
 */
export function createOnnxEngine({ threads = threadsInUse() }: OnnxOptions = {}): Promise<Engine> {
  if (!Number.isInteger(threads) || threads < 1) {
    return Promise.reject(new RangeError(`the CPU engine needs 1 thread or more, not ${threads}.`));
  }
  const leases = new Set<Lease>();
  const open = (graph: Graph): Executable => {
    const used = threadsFor(graph.outputs, threads);
    const program = writeProgram(graph, used);
    const model = program.model && encodeModel(program.model);
    const session = model && openSession(model, used, graph.brief);
    const lease = leaseOf(leases, model?.byteLength ?? 0, session);
    const executable = makeExecutable(graph, program, session, lease);
    lease.endWith(executable);
    return executable;
  };
  const total = (bytes: (x: Lease) => number): number => [...leases].reduce((sum, x) => sum + bytes(x), 0);
  return Promise.resolve({
    name: "cpu",
    adapter: `ONNX Runtime ${env.versions.node ?? ""}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    // What is thrown becomes a promise's.
    compile: (graph) => new Promise((resolve) => resolve(open(graph))),
    compileNow: open,
    liveBytes: () => ({ models: total((x) => x.bytes), "spare state": total((x) => x.spareBytes) }),
    dispose: () => {
      for (const lease of [...leases]) lease.end();
    },
  });
}
