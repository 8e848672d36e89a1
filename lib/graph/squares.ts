/**
 * Squares of what is a root or a size already: |x| |x| is x x, and the square of a norm the sum below it. Their second
 * derivatives at 0 are right, where that of a root times a root, each with the gradient 0 there, would be 0.
 */

import { makeNode, type Node } from "./node.ts";

const radicands = new WeakMap<Node, Node>();

/** Remembers that `root` is the square root of `radicand`, wherever that is not negative. Gives the root. */
export function rememberRoot(root: Node, radicand: Node): Node {
  radicands.set(root, radicand);
  return root;
}

/** The square of `x`, if it can be had without one; a node of its own. */
export function knownSquare(x: Node): Node | null {
  const [inner] = x.inputs;
  if (x.op === "abs") return makeNode("mul", [inner!, inner!], {});
  const radicand = radicands.get(x) ?? (x.op === "reshape" ? radicands.get(inner!) : undefined);
  return radicand ? makeNode("reshape", [radicand], { shape: x.shape, axes: x.axes }) : null;
}
