/** What splitting a loop and lifting out of it share: a loop that receives, as xs, what somebody else computes for every step. */

import { makeNode, type Node, type NodeOf, placeholder, substitute } from "../../graph/node.ts";
import type { ScanAttrs } from "../../graph/node.ts";
import { scanOutputs } from "../../graph/primitives.ts";

/** Nodes of a body, and their values at every step, computed elsewhere. */
export interface Received {
  readonly nodes: readonly Node[];
  /** Stacked along a leading axis. */
  readonly values: readonly Node[];
}

/** Every output of a loop. */
export function loopOutputs(inputs: readonly Node[], attrs: ScanAttrs): Node[] {
  const node = makeNode("scan", inputs, attrs);
  return scanOutputs(attrs).map(({ dtype, shape, axes }, index) =>
    makeNode("output", [node], { index, aval: { dtype, shape, axes } })
  );
}

/** The outputs of `scan` without the carries that `keep` drops, receiving what is computed elsewhere. */
export function receive(scan: NodeOf<"scan">, keep: readonly boolean[], { nodes, values }: Received): Node[] {
  const { body, carries, xs, length, reverse } = scan.attrs;
  const kept = <T>(items: readonly T[]): T[] => items.filter((_, i) => i >= carries || keep[i]);
  const first = kept(body.inputs).length - body.inputs.length + carries;
  const insert = (items: readonly Node[], more: readonly Node[]): Node[] => {
    const rest = kept(items);
    return [...rest.slice(0, first + xs), ...more, ...rest.slice(first + xs)];
  };
  const received = nodes.map((x) => placeholder(x));
  const outputs = substitute(kept(body.outputs), new Map(nodes.map((x, i) => [x, received[i]!])));
  return loopOutputs(insert(scan.inputs, values), {
    body: { inputs: insert(body.inputs, received), outputs },
    carries: first,
    xs: xs + nodes.length,
    length,
    reverse,
  });
}
