/** Sessions of ONNX Runtime: how many threads a model gets, and what a failure says. */

import { availableParallelism } from "node:os";
import { InferenceSession } from "onnxruntime-node";
import { PlumblineError } from "../../graph/error.ts";
import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import { topological } from "../../graph/node.ts";

/** Multiply-adds in one product, and elements in one other operation, from which more than one thread pays. */
const largeProduct = 2 ** 20;
const largeOperation = 2 ** 16;

/** The cores that this process may use. */
export const cores: number = availableParallelism();

function isLarge(node: Node): boolean {
  if (node.op === "scan") return topological(node.attrs.body.outputs).some(isLarge);
  if (node.op !== "matmul") return node.op !== "input" && sizeOf(node.shape) >= largeOperation;
  const inner = node.inputs[0]!.shape.at(node.attrs.transA ? -2 : -1)!;
  return sizeOf(node.shape) * inner >= largeProduct;
}

/** All of `threads` where an operation is large enough to be shared out, else one: waking threads costs more. */
export function threadsFor(outputs: readonly Node[], threads: number): number {
  return topological(outputs).some(isLarge) ? threads : 1;
}

/** Opens a model. */
export function openSession(model: Uint8Array, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    executionProviders: ["cpu"],
    graphOptimizationLevel: "all",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Failures are thrown; what ONNX Runtime would print as well is kept quiet.
    logSeverityLevel: 4,
  });
}

/** What ONNX Runtime threw while it ran `origins`, as a sentence with the user's line. */
export function runtimeError(error: unknown, origins: ReadonlyMap<string, Node>): PlumblineError {
  const text = error instanceof Error ? error.message : String(error);
  const origin = origins.get(/Name:'([^']*)'/.exec(text)?.[1] ?? "");
  const reason = text.replace(/^.*Status Message: /s, "").replace(/^(\/\S+|\S+\.(cc|h)):\d+ .*?\) /, "").trim();
  const index = /out of (data )?bounds|indices|index/i.test(reason);
  return new PlumblineError({
    code: "G308",
    message: `${origin ? `${origin.op}() failed` : "the program failed"} while running on the CPU: ${
      reason.replace(/\.?$/, ".")
    }`,
    sites: origin ? [origin.site] : [],
    help: index
      ? "every index must be in [0, n) for an axis of size n."
      : "if a smaller example fails too, report it with the program's listing().",
  });
}
