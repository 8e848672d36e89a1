/**
 * Which way of the CPU engine a graph takes: WebAssembly, where an operation costs next to nothing beside its numbers, ONNX
 * Runtime, whose products are faster, or a program of WebAssembly that has parts computed by ONNX Runtime. The times are
 * estimated from the graph.
 */

import { type Node, topological } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import type { Graph } from "../engine.ts";
import { hasChoices } from "../onnx/choices.ts";
import { threadsFor } from "../onnx/session.ts";
import { mostAround } from "../wasm/program.ts";
import { cut } from "./cut.ts";
import { divide, type Division, hasParts, onnxTime, wasmTime } from "./divide.ts";
import { perCopied, perRun, perSession, type Times } from "./prices.ts";

/** The most operations of a program of WebAssembly: of more, to make one takes seconds. */
const mostOperations = 16_000;

/**
 * What a program on both has to save, of the time of one that is on one of them alone. Of a PPO update of navigation (12.2 ms on
 * one thread of ONNX Runtime) 8.9 ms are products, 1.1 ms is Adam, 0.7 ms the derivative of tanh, 0.3 ms each tanh and reshapes: a
 * few percent are all that there is to save.
 */
const leastSaved = 0.03;

/** How long a run of a graph takes on either way alone, roughly. */
function estimate(graph: Graph, threads: number): Times {
  const copied = [...graph.inputs, ...graph.outputs].reduce((sum, x) => sum + sizeOf(x.shape), 0);
  return {
    wasm: perRun.wasm + wasmTime(graph.outputs) + perCopied.wasm * copied,
    onnx: perRun.onnx + onnxTime(graph.outputs, threadsFor(graph.outputs, threads) > 1) +
      (graph.brief ? perSession : 0),
  };
}

function operationsOf(outputs: readonly Node[]): number {
  return topological(outputs).reduce((n, x) => n + 1 + (x.op === "scan" ? operationsOf(x.attrs.body.outputs) : 0), 0);
}

/** The graph for WebAssembly, with parts for ONNX Runtime if that is worth it; null if ONNX Runtime is to do it alone. */
export function chooseWay(graph: Graph, threads: number): Graph | null {
  if (operationsOf(graph.outputs) > mostOperations) return null;
  const { wasm, onnx } = estimate(graph, threads);
  const division = graph.brief || hasChoices(graph.outputs)
    ? null
    : divide(graph.outputs, { leafPrice: copiesOf(graph), threads, mostAround });
  if (division && hasParts(division)) {
    const both = perRun.onnx + division.time + copiedOutputs(graph, division);
    if (both < (1 - leastSaved) * Math.min(wasm, onnx)) return { ...graph, outputs: cut(graph.outputs, division) };
  }
  return wasm < onnx ? graph : null;
}

/** What it costs that WebAssembly reads an input: a copy, but for state. */
function copiesOf({ inputs, donated }: Graph): (node: Node) => number {
  const state = new Set(donated.values());
  const prices = new Map(inputs.map((x, i) => [x, state.has(i) ? 0 : perCopied.wasm * sizeOf(x.shape)]));
  return (node) => prices.get(node) ?? 0;
}

/** What it costs that WebAssembly writes outputs: a copy, but for state. */
function copiedOutputs({ outputs, donated }: Graph, { block }: Division): number {
  return outputs.reduce((sum, x, i) => {
    const isDirect = donated.has(i) || block.ways[block.placeOf(x) ?? -1] === "onnx";
    return isDirect ? sum : sum + perCopied.wasm * sizeOf(x.shape);
  }, 0);
}
