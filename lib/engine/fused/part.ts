/**
 * A part of a graph that something else than kernels computes, as one node: what it reads and gives is in memory, as that of a
 * scan, and nobody looks into it. It is written as a scan of one step that carries nothing; its body has a placeholder for each
 * thing that it is given, which may be a piece of a value: an output of the part has the shape that it has in the body.
 */

import { makeNode, type Node, type NodeOf, type ScanAttrs, type Subgraph } from "../../graph/node.ts";

/** Where a part finds the value of a placeholder: in an input of its node, from an element on. */
export interface Source {
  readonly input: number;
  readonly offset: number;
}

/** The attributes of a part's node. */
export interface PartAttrs extends ScanAttrs {
  /** One for each input of the body. */
  readonly sources: readonly Source[];
  /** Why it is one, for a listing. */
  readonly why: string;
}

/** A part's node. */
export type PartNode = NodeOf<"scan"> & { readonly attrs: PartAttrs };

/** What a placeholder of a body stands for. */
export interface Given {
  readonly root: Node;
  readonly offset: number;
}

/** The values of the outputs of `body`, whose inputs are `given`, computed as a part. */
export function makePart(body: Subgraph, given: readonly Given[], why: string): Node[] {
  const roots = [...new Set(given.map((x) => x.root))];
  const sources = given.map(({ root, offset }): Source => ({ input: roots.indexOf(root), offset }));
  const attrs: PartAttrs = { body, carries: 0, xs: 0, length: 1, reverse: false, sources, why };
  const node = makeNode("scan", roots, attrs);
  return body.outputs.map(({ dtype, shape, axes }, index) =>
    makeNode("output", [node], { index, aval: { dtype, shape, axes } })
  );
}

/** Whether a node is a part. */
export function isPart(node: Node): node is PartNode & Node {
  return node.op === "scan" && "sources" in node.attrs;
}
