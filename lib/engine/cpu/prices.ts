/**
 * What operations cost on the two ways of the CPU engine, in nanoseconds: measured on one core of a server (AMD EPYC, 2.4 GHz,
 * AVX2), the least of many runs beside other work, as is what it costs to go from one to the other.
 */

import { coreOf, extentOf, lengthOf } from "../fused/draft.ts";
import { costly } from "../fused/target.ts";
import { fewTerms } from "../onnx/long_sums.ts";
import { mostColumns } from "../wasm/nest.ts";
import { termsOf } from "../onnx/work.ts";
import { isThin } from "../wasm/program.ts";
import type { Node } from "../../graph/node.ts";
import { primitives } from "../../graph/primitives.ts";
import { sizeOf } from "../../graph/types.ts";

/** Two estimates in nanoseconds. */
export interface Times {
  wasm: number;
  onnx: number;
}

/** What a run costs before its first operation. */
export const perRun: Readonly<Times> = { wasm: 3_000, onnx: 30_000 };
/** What it costs to make a program that runs once: a session of ONNX Runtime. */
export const perSession = 5e6;
/** Elements of inputs and outputs, which WebAssembly copies. */
export const perCopied: Readonly<Times> = { wasm: 0.3, onnx: 0 };
/**
 * What a program of WebAssembly pays for having a part computed by ONNX Runtime. A call over its memory, where nothing is copied,
 * takes 11 to 19 us (and 20 to 24 us by way of the event loop) for one small operation; with what else has to be set up for a
 * dozen of them and with cold caches programs lost about twice that in loops.
 */
export const perCall = 40_000;
/** What each tensor of a call costs. */
const perPort = 1_500;
/**
 * What each element of it costs, which could not stay in registers: where there are more of them than the second cache holds,
 * memory is waited for. Truths, which are words on one side and bytes on the other, are copied.
 */
const perHeld = 0.08;
const perHeldOfMany = 0.25;
const mostCached = 2 ** 19;
const perTruth = 2;

/** What it costs that a value which one way computes is read by the other. */
export function portPrice({ dtype, shape }: Node): number {
  const size = sizeOf(shape);
  return perPort + size * (dtype === "bool" ? perTruth : size > mostCached ? perHeldOfMany : perHeld);
}

/** What an operation costs beside its elements; a view; a sum of more terms than ONNX Runtime adds up well, which is several. */
const perOperation: Readonly<Times> = { wasm: 10, onnx: 600 };
const perView: Readonly<Times> = { wasm: 0, onnx: 300 };
const views: ReadonlySet<string> = new Set(["reshape", "expand", "stopGradient"]);
const perLongSum = 6_000;
/** How much of a large operation's time is left where ONNX Runtime shares it out between two threads: of products, of others. */
const sharedOut = { product: 0.65, other: 0.9 };
const manyElements = 2 ** 15;
/**
 * What an element costs of additions and the like: 0.06 to 0.09 of twenty in a row, which WebAssembly joins, and 0.2 to 0.25. All
 * of an Adam step of 152,000 parameters takes 126 us and 550 us.
 */
const perElement: Readonly<Times> = { wasm: 0.07, onnx: 0.25 };
/** Of sines and the like: 2.8 to 3.7 and 2.5 to 2.8. */
const perCostly: Readonly<Times> = { wasm: 3.2, onnx: 2.8 };
/** Of those that ONNX Runtime does in wider vectors: 2.5 to 3.7 and 0.8. */
const perVectored: Readonly<Times> = { wasm: 3.2, onnx: 0.8 };
const vectored: ReadonlySet<string> = new Set(["exp", "tanh", "sigmoid", "erf"]);
/**
 * What an element of a concatenation costs WebAssembly for each piece that it may come from, but for rows of a few columns, of
 * which it is known where each comes from.
 */
const perPiece = 0.25;
/** What an element that is reduced costs: 0.18 to 0.29 and 0.15. */
const perReduced: Readonly<Times> = { wasm: 0.3, onnx: 0.15 };
/**
 * What a multiply-add of a product costs: 0.1 as WebAssembly, 0.15 to 0.27 where the second factor does not fit the first cache;
 * 0.04 to 0.06 on ONNX Runtime, 0.03 of large ones. And each element of the result.
 */
const perProduct: Readonly<Times> = { wasm: 0.1, onnx: 0.05 };
const perLargeProduct: Readonly<Times> = { wasm: 0.15, onnx: 0.03 };
const perProductElement: Readonly<Times> = { wasm: 0.5, onnx: 0.1 };
const largeFactor = 2 ** 15;
/** What a multiply-add of a convolution costs: 0.7 to 0.8 and 0.06 to 0.09; of few places of large windows 2.9 and 0.11. */
const perConvolved: Readonly<Times> = { wasm: 0.8, onnx: 0.07 };
const perLargeWindow: Readonly<Times> = { wasm: 2.9, onnx: 0.11 };

function priceOf({ op }: Node): Readonly<Times> {
  if (vectored.has(op)) return perVectored;
  return costly.has(op) ? perCostly : perElement;
}

const times = ({ wasm, onnx }: Readonly<Times>, count: number): Times => ({ wasm: wasm * count, onnx: onnx * count });

/** What the elements of an operation cost that is no loop. */
function elementsOf(node: Node): Times {
  const size = sizeOf(node.shape);
  if (node.op === "matmul") {
    const { m, k, n } = extentOf(node);
    if (isThin({ k, n })) return times({ wasm: perElement.wasm, onnx: perProduct.onnx }, size * k + m);
    const sums = times(k * n > largeFactor ? perLargeProduct : perProduct, size * k);
    const { wasm, onnx } = times(perProductElement, size);
    return { wasm: sums.wasm + wasm, onnx: sums.onnx + onnx };
  }
  if (node.op === "convolution") {
    const [places, window] = [node, node.inputs[1]!].map((x) => sizeOf(x.shape.slice(2))) as [number, number];
    return times(window > places ? perLargeWindow : perConvolved, size * termsOf(node)!);
  }
  if (node.op === "scatterAdd") {
    const hits = node.inputs[1]!.shape[node.attrs.axis]!;
    return times({ wasm: 0.5 * hits, onnx: 1 }, size);
  }
  if (node.op === "concat") {
    const isNarrow = sizeOf(node.shape.slice(node.attrs.axis)) <= mostColumns;
    return times({ wasm: isNarrow ? perElement.wasm : perPiece * node.inputs.length, onnx: perElement.onnx }, size);
  }
  if (node.op === "randomBits") return times({ wasm: 10, onnx: 10 }, size);
  if (coreOf(node) !== "map") {
    const length = node.op === "cumsum" ? 1 : lengthOf(node);
    const { wasm, onnx } = times(perReduced, size * length);
    return { wasm, onnx: node.op === "sum" && length > fewTerms ? onnx + perLongSum : onnx };
  }
  return times(priceOf(node), size);
}

/**
 * What an operation costs each time it runs; nothing if it is a leaf or a view. Not for loops. `shared`: whether ONNX Runtime has
 * more than one thread.
 */
export function timesOf(node: Node, shared: boolean): Readonly<Times> {
  const { kind } = primitives[node.op];
  if (kind === "leaf" || node.op === "output") return { wasm: 0, onnx: 0 };
  if (views.has(node.op)) return perView;
  const { wasm, onnx } = elementsOf(node);
  const isLarge = shared && Math.max(...[node, ...node.inputs].map((x) => sizeOf(x.shape))) >= manyElements;
  const left = isLarge ? sharedOut[primitives[node.op].kind === "contract" ? "product" : "other"] : 1;
  return { wasm: perOperation.wasm + wasm, onnx: perOperation.onnx + onnx * left };
}
