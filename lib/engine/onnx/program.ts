/** What a graph becomes: a part for the host, a model for ONNX Runtime, and the order in which they meet. */

import { type Node, topological } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import type { Graph } from "../engine.ts";
import { Builder, declare, type Value } from "./builder.ts";
import { hostNodes } from "./host.ts";
import { reduceLoops } from "./loops.ts";
import { lower } from "./lower.ts";
import type { OnnxGraph, OnnxValue } from "./proto.ts";

/** A named input or output of the model and the node that it stands for. */
export interface Port {
  readonly name: string;
  readonly node: Node;
}

/** A graph in two stages. */
export interface Program {
  /** Computed on the host, in this order, from inputs. */
  readonly host: readonly Node[];
  /** The graph's outputs, with smaller loops. */
  readonly outputs: readonly Node[];
  /** The model's inputs: inputs of the graph or nodes of the host stage. */
  readonly feeds: readonly Port[];
  /** The model's outputs; `index` is the place in the graph's outputs. */
  readonly fetches: readonly (Port & { readonly index: number })[];
  /** `null` where there is nothing to run. */
  readonly model: OnnxGraph | null;
  /** Which node an ONNX operation came from, by the operation's name. */
  readonly origins: ReadonlyMap<string, Node>;
}

const declared = ({ name, node }: Port): OnnxValue => declare(name, node);

/** Nodes of `candidates` that the rest of the graph, or its outputs, read. */
function frontier(outputs: readonly Node[], candidates: ReadonlySet<Node>): Node[] {
  return topological(outputs, (x) => candidates.has(x)).filter((x) => candidates.has(x));
}

/** Writes the model whose outputs are `outputs`, from values for `leaves`. */
export function writeModel(b: Builder, leaves: readonly Port[], outputs: readonly Port[]): OnnxGraph {
  const known = new Map<Node, Value>(
    leaves.map(({ name, node }) => [node, { name, dtype: node.dtype, shape: node.shape }]),
  );
  const nodes = outputs.map((x) => x.node);
  const valueOf = lower(b, nodes, known);
  outputs.forEach(({ name, node }) => b.append("Identity", [b.materialize(valueOf(node), node.shape).name], [name]));
  return b.finish("plumbline", leaves.map(declared), outputs.map(declared));
}

/** Divides a graph into its stages and writes the model, to be run by `threads` threads. */
export function writeProgram(graph: Graph, threads: number): Program {
  const listed = new Set(graph.inputs);
  const reduced = reduceLoops(graph.outputs);
  const hosted = hostNodes(reduced);
  const computed = reduced.flatMap((node, index) =>
    hosted.has(node) || sizeOf(node.shape) === 0 ? [] : [{ node, index }]
  );
  const outputs = computed.map((x) => x.node);
  const cut = frontier(outputs, new Set([...hosted, ...listed]));
  const b = new Builder({ parallel: threads > 1 });
  const feeds = cut.map((node, i) => ({ name: `x${i}`, node }));
  const known = new Map<Node, Value>(
    feeds.map(({ name, node }) => [node, { name, dtype: node.dtype, shape: node.shape }]),
  );
  const names = b.outputs(outputs, lower(b, outputs, known));
  const fetches = computed.map(({ node, index }, i) => ({ name: names[i]!, node, index }));
  const hostOutputs = reduced.filter((x) => hosted.has(x));
  return {
    host: topological([...cut, ...hostOutputs], (x) => !hosted.has(x)).filter((x) => hosted.has(x) && x.op !== "input"),
    outputs: reduced,
    feeds,
    fetches,
    model: fetches.length === 0 ? null : b.finish("plumbline", feeds.map(declared), fetches.map(declared)),
    origins: b.origins,
  };
}
