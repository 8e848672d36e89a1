/** Sessions of ONNX Runtime: how many threads a model gets, and what a failure says. */

import { availableParallelism } from "node:os";
import { InferenceSession } from "./runtime.ts";
import { PlumblineError } from "../../graph/error.ts";
import { type Node, topological } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";

/** The cores that this process may use. */
export const cores: number = availableParallelism();

/** What an element of any operation costs beside a multiply-add of a product. */
const elementCost = 16;

/** Work of an average operation from which more than one thread pays: below, waking them costs more than they bring. */
const largeOperation = 2 ** 17;

interface Work {
  /** Multiply-adds, or what costs as much. */
  total: number;
  operations: number;
}

function workOf(outputs: readonly Node[]): Work {
  const work: Work = { total: 0, operations: 0 };
  for (const node of topological(outputs)) {
    if (node.op === "input" || node.op === "full" || node.op === "output") continue;
    if (node.op === "scan") {
      const body = workOf(node.attrs.body.outputs);
      work.total += body.total * node.attrs.length;
      work.operations += body.operations * node.attrs.length;
    } else {
      const cost = node.op === "matmul" ? node.inputs[0]!.shape.at(node.attrs.transA ? -2 : -1)! : elementCost;
      work.total += sizeOf(node.shape) * cost;
      work.operations += 1;
    }
  }
  return work;
}

/** All of `threads` where operations are large enough to be shared out, else one. */
export function threadsFor(outputs: readonly Node[], threads: number): number {
  const { total, operations } = workOf(outputs);
  return total >= largeOperation * operations ? threads : 1;
}

/** Opens a model. */
export function openSession(model: Uint8Array, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    executionProviders: ["cpu"],
    graphOptimizationLevel: "all",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Threads wait for the next operation in a loop: long enough for one, not so long that they hold up other processes.
    extra: { session: { force_spinning_stop: "1", intra_op: { spin_duration_us: "100" } } },
    // Failures are thrown; what ONNX Runtime would print as well is kept quiet.
    logSeverityLevel: 4,
  });
}

/** Which node ONNX Runtime's message is about, by the names of its operations. */
export function originOf(error: unknown, origins: ReadonlyMap<string, Node>): Node | undefined {
  return origins.get(/Name:'([^']*)'/.exec(String(error))?.[1] ?? "");
}

/** What was thrown while a program ran, at `origin` if that is known, as a sentence with the user's line. */
export function runtimeError(error: unknown, origin: Node | undefined): PlumblineError {
  const text = error instanceof Error ? error.message : String(error);
  const reason = text.replace(/^.*Status Message: /s, "").replace(/^(\/\S+|\S+\.(cc|h)):\d+ .*?\) /, "").trim();
  const index = /out of (data )?bounds|indices|index/i.test(reason);
  return new PlumblineError({
    code: "G308",
    message: `${
      origin ? `${origin.site.called ?? origin.op}() failed` : "the program failed"
    } while running on the CPU: ${reason.replace(/\.?$/, ".")}`,
    sites: origin ? [origin.site] : [],
    help: index
      ? "every index must be in [-n, n) for an axis of size n."
      : "if a smaller example fails too, report it with the program's listing().",
  });
}
