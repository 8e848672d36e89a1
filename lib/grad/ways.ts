/**
 * Ways of a gradient that are no edges of the graph. A `full` is written in another shape or dtype without an operation, and
 * stands in the body of a loop without being an input of it. Who asks for the gradient of no `full` pays nothing for that.
 */

import { makeNode, type Node, type NodeOf, placeholder, rebuild, substitute, topological } from "../graph/node.ts";
import { withSite } from "../graph/site.ts";
import type { Loop } from "./scan.ts";

/** A graph as a gradient goes through it. */
export interface Ways {
  /** Its nodes, inputs before users. */
  readonly order: readonly Node[];
  /** What a gradient of a node goes on to: its inputs, or more. */
  readonly inputsOf: (node: Node) => readonly Node[];
  /** A loop with its constants that are asked for as inputs. */
  readonly loopOf: (node: NodeOf<"scan">) => Loop;
}

type Test = (node: Node) => boolean;

/** A constant, what it was written from, and so on. */
function lineage(node: Node): Node[] {
  return node.origin ? [node, ...lineage(node.origin)] : [node];
}

/** `outputs`, in whose loops the constants of `isAsked` are inputs. */
function withOpenLoops(outputs: readonly Node[], isAsked: Test): Node[] {
  const image = new Map<Node, Node>();
  for (const node of topological(outputs)) {
    const inputs = node.inputs.map((x) => image.get(x)!);
    const copy = inputs.every((x, i) => x === node.inputs[i]) ? node : rebuild(node, inputs);
    const loop = copy.op === "scan" ? opened(copy, isAsked) : null;
    image.set(node, loop ? withSite(node.site, () => makeNode("scan", loop.inputs, loop.attrs)) : copy);
  }
  return outputs.map((x) => image.get(x)!);
}

/** The loop with those constants of its body, and of the loops in it, as inputs; `null` if there are none. */
function opened(loop: NodeOf<"scan">, isAsked: Test): Loop | null {
  const { body } = loop.attrs;
  const outputs = withOpenLoops(body.outputs, isAsked);
  const constants = topological(outputs).filter(isAsked);
  if (constants.length === 0) return null;
  const places = constants.map((x) => placeholder(x));
  const open = {
    inputs: [...body.inputs, ...places],
    outputs: substitute(outputs, new Map(constants.map((x, i) => [x, places[i]!]))),
  };
  return { inputs: [...loop.inputs, ...constants], attrs: { ...loop.attrs, body: open } };
}

/** The ways to `wrt` through the nodes of `order`. */
export function waysTo(wrt: readonly Node[], order: readonly Node[]): Ways {
  const asked = new Set<Node>(wrt.filter((x) => x.op === "full"));
  if (asked.size === 0) return { order, inputsOf: (x) => x.inputs, loopOf: (x) => x };
  const isAsked: Test = (node) => lineage(node).some((x) => asked.has(x));
  const loops = new Map<Node, Loop>();
  for (const node of order) {
    const loop = node.op === "scan" ? opened(node, isAsked) : null;
    if (loop) loops.set(node, loop);
  }
  const used = [...order, ...[...loops.values()].flatMap((x) => x.inputs)].filter(isAsked);
  const constants = new Set(used.flatMap(lineage));
  return {
    order: [...[...constants].sort((a, b) => a.id - b.id), ...order.filter((x) => !constants.has(x))],
    inputsOf: (x) => loops.get(x)?.inputs ?? (x.origin ? [x.origin] : x.inputs),
    loopOf: (x) => loops.get(x as Node) ?? x,
  };
}
