/** How much work a graph is, roughly: what decides about threads and about what is worth an operation of its own. */

import { type Node, topological } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";

/** What an element of any operation costs beside a multiply-add of a product. */
const elementCost = 16;

/** Work, and among how many operations it is divided. */
export interface Work {
  /** Multiply-adds, or what costs as much. */
  total: number;
  operations: number;
}

/** How many products an element of a product or convolution is the sum of; null for other operations. */
export function termsOf(node: Node): number | null {
  if (node.op === "matmul") return node.inputs[0]!.shape.at(node.attrs.transA ? -2 : -1)!;
  return node.op === "convolution" ? sizeOf(node.inputs[1]!.shape.slice(1)) : null;
}

/** The work of these nodes, loops with all of their steps. */
export function workOf(nodes: Iterable<Node>): Work {
  const work: Work = { total: 0, operations: 0 };
  for (const node of nodes) {
    if (node.op === "input" || node.op === "full" || node.op === "output") continue;
    if (node.op === "scan") {
      const body = workOf(topological(node.attrs.body.outputs));
      work.total += body.total * node.attrs.length;
      work.operations += body.operations * node.attrs.length;
    } else {
      const cost = termsOf(node) ?? elementCost;
      work.total += sizeOf(node.shape) * cost;
      work.operations += 1;
    }
  }
  return work;
}
