/**
 * Which of the two ways of the CPU engine a graph takes: WebAssembly, where an operation costs next to nothing beside its
 * numbers, or ONNX Runtime, whose products are faster. Both times are estimated from the graph, with prices that were measured
 * on one core of a server (AMD EPYC, 2.4 GHz).
 */

import { coreOf, extentOf, lengthOf } from "../fused/draft.ts";
import { costly } from "../fused/target.ts";
import { type Node, topological } from "../../graph/node.ts";
import { primitives } from "../../graph/primitives.ts";
import { sizeOf } from "../../graph/types.ts";
import type { Graph } from "../engine.ts";

/** The most operations of a program of WebAssembly: of more, to make one takes seconds. */
const mostOperations = 16_000;

/** Two estimates in nanoseconds. */
export interface Times {
  wasm: number;
  onnx: number;
}

/** What a run costs before its first operation. */
const perRun: Readonly<Times> = { wasm: 3_000, onnx: 30_000 };
/** What an operation costs beside its elements. */
const perOperation: Readonly<Times> = { wasm: 10, onnx: 400 };
/** What an element costs of additions and the like, of sines and the like, and of those that ONNX Runtime does in vectors. */
const perElement: Readonly<Times> = { wasm: 0.1, onnx: 0.3 };
const perCostly: Readonly<Times> = { wasm: 4, onnx: 4 };
const perVectored: Readonly<Times> = { wasm: 4, onnx: 0.6 };
const vectored: ReadonlySet<string> = new Set(["exp", "tanh", "sigmoid", "erf"]);
/** What an element that is reduced costs. */
const perReduced: Readonly<Times> = { wasm: 0.4, onnx: 0.35 };
/** What a multiply-add of a product costs; where the second factor does not fit the first cache, WebAssembly waits for it. */
const perProduct: Readonly<Times> = { wasm: 0.1, onnx: 0.04 };
const perLargeProduct: Readonly<Times> = { wasm: 0.5, onnx: 0.04 };
const largeFactor = 2 ** 15;
/** Elements of inputs and outputs, which WebAssembly copies. */
const perCopied: Readonly<Times> = { wasm: 0.3, onnx: 0 };
/** What it costs to make a program that runs once: a session of ONNX Runtime. */
const perSession = 5e6;

function priceOf({ op }: Node): Readonly<Times> {
  if (vectored.has(op)) return perVectored;
  return costly.has(op) ? perCostly : perElement;
}

/** How long a run of a graph takes, roughly. */
export function estimate(graph: Graph): Times {
  const times = { ...perRun };
  const charge = (price: Readonly<Times>, count: number): void => {
    times.wasm += price.wasm * count;
    times.onnx += price.onnx * count;
  };
  const visit = (outputs: readonly Node[], repeats: number): void => {
    for (const node of topological(outputs)) {
      const { kind } = primitives[node.op];
      const size = sizeOf(node.shape);
      if (node.op === "scan") {
        charge(perOperation, 2);
        visit(node.attrs.body.outputs, repeats * node.attrs.length);
        continue;
      }
      if (kind === "leaf" || node.op === "output" || node.op === "reshape") continue;
      charge(perOperation, repeats);
      if (node.op === "matmul") {
        const { k, n } = extentOf(node);
        charge(k * n > largeFactor ? perLargeProduct : perProduct, repeats * size * k);
      } else if (node.op === "scatterAdd") {
        const hits = node.inputs[1]!.shape[node.attrs.axis]!;
        charge({ wasm: 0.5 * hits, onnx: 1 }, repeats * size);
      } else if (node.op === "randomBits") charge({ wasm: 10, onnx: 10 }, repeats * size);
      else if (coreOf(node) !== "map") {
        charge(perReduced, repeats * (node.op === "cumsum" ? size : size * lengthOf(node)));
      } else charge(priceOf(node), repeats * size);
    }
  };
  visit(graph.outputs, 1);
  for (const node of [...graph.inputs, ...graph.outputs]) charge(perCopied, sizeOf(node.shape));
  if (graph.brief) times.onnx += perSession;
  return times;
}

function operationsOf(outputs: readonly Node[]): number {
  return topological(outputs).reduce((n, x) => n + 1 + (x.op === "scan" ? operationsOf(x.attrs.body.outputs) : 0), 0);
}

/** Whether a graph is worth a program of WebAssembly. */
export function prefersWasm(graph: Graph): boolean {
  if (operationsOf(graph.outputs) > mostOperations) return false;
  const { wasm, onnx } = estimate(graph);
  return wasm < onnx;
}
