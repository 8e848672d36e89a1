/** Sessions of ONNX Runtime: how many threads a model gets, and what a failure says. */

import { binding, initOrt, type Tensor } from "./runtime.ts";
import { type ErrorParts, PlumblineError } from "../../graph/error.ts";
import { outsideParts } from "../../graph/indices.ts";
import { type Node, topological } from "../../graph/node.ts";
import { RunError } from "../run_error.ts";
import { workOf } from "./work.ts";

/** Work of an average operation from which more than one thread pays: below, waking them costs more than they bring. */
const largeOperation = 2 ** 17;

/** All of `threads` where operations are large enough to be shared out, else one. */
export function threadsFor(outputs: readonly Node[], threads: number): number {
  const { total, operations } = workOf(topological(outputs));
  return total >= largeOperation * operations ? threads : 1;
}

/**
 * Work of a part of a program from which more than one thread pays: at about a millisecond. To wake a thread and to wait for it
 * takes 20 to 50 us, in each call of the part anew, and longer where the machine has other work.
 */
const largePart = 2 ** 25;

/** As {@linkcode threadsFor}, for a part of a program, which is a run of its own. */
export function partThreads(outputs: readonly Node[], threads: number): number {
  return workOf(topological(outputs)).total < largePart ? 1 : threadsFor(outputs, threads);
}

/** A model that can be run. */
export interface Session {
  /** Computes what `fetches` are for, in their memory. */
  run(feeds: Readonly<Record<string, Tensor>>, fetches: Readonly<Record<string, Tensor>>): void;
  /** Gives back what ONNX Runtime holds for it. */
  release(): void;
}

/** Opens a model. One that is `brief` is run as it is written: to better it takes longer than all the rest of its making. */
export function openSession(model: Uint8Array, threads: number, brief = false): Session {
  initOrt();
  const session = new binding.InferenceSession();
  session.loadModel(model.buffer as ArrayBuffer, model.byteOffset, model.byteLength, {
    executionProviders: ["cpu"],
    graphOptimizationLevel: brief ? "disabled" : "all",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Threads wait for the next operation in a loop: long enough for one, not so long that they hold up other processes.
    extra: { session: { force_spinning_stop: "1", intra_op: { spin_duration_us: "100" } } },
    // Failures are thrown; what ONNX Runtime would print as well is kept quiet.
    logSeverityLevel: 4,
  });
  return {
    run: (feeds, fetches) => void session.run(feeds, fetches, {}),
    release: () => session.dispose(),
  };
}

/** Which node ONNX Runtime's message is about, by the names of its operations: of a loop and what failed in it the innermost. */
export function originOf(error: unknown, origins: ReadonlyMap<string, Node>): Node | undefined {
  const names = [...String(error).matchAll(/Name:'([^']*)'/g)].map((x) => origins.get(x[1]!));
  return names.findLast((x) => x !== undefined);
}

/** What is said where ONNX Runtime refuses an index; null where it does not. */
function outsideAt(node: Node, text: string): ErrorParts | null {
  if (node.op !== "take" && node.op !== "takeAlongAxis" && node.op !== "scatterAdd") return null;
  if (!/out of (data )?bounds|out of range/i.test(text)) return null;
  const [, index] = /idx=(-?\d+)/.exec(text) ?? [];
  const { inputs: [x], attrs } = node as Node & { readonly attrs: { readonly axis: number } };
  return outsideParts(node, index === undefined ? null : Number(index), x!.shape[attrs.axis]!);
}

/** What was thrown while a program ran, at `origin` if that is known, as a sentence with the user's line. */
export function runtimeError(error: unknown, origin: Node | undefined): PlumblineError {
  if (error instanceof PlumblineError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const reason = text.replace(/^.*Status Message: /s, "").replace(/^(\/\S+|\S+\.(cc|h)):\d+ .*?\) /, "").trim();
  const partsAt = (node: Node | undefined): ErrorParts => ({
    code: "G308",
    message: `${node ? `${node.site.called ?? node.op}() failed` : "the program failed"} while running on the CPU: ${
      reason.replace(/\.?$/, ".")
    }`,
    sites: node ? [node.site] : [],
    help: "if a smaller example fails too, report it with the program's listing().",
  });
  return origin
    ? new RunError(origin, (x) => outsideAt(x, text) ?? partsAt(x))
    : new PlumblineError(partsAt(undefined));
}
