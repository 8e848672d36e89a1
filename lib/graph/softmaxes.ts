/**
 * Which quotients are a softmax, and of what. Its derivative is y (g - sum(g y)), a fraction of what exponentials, sum and quotient
 * take one by one: it is written so where nobody asks for the gradient of what lies between.
 */

import type { Node } from "./node.ts";

/** A softmax: what goes in, along which axis, and what lies between. */
export interface Softmax {
  readonly x: Node;
  readonly axis: number;
  readonly between: readonly Node[];
}

const known = new WeakMap<Node, Softmax>();

/** From now on `y` is known to be the softmax of `x`; gives `y`. */
export function rememberSoftmax(y: Node, softmax: Softmax): Node {
  known.set(y, softmax);
  return y;
}

/** What `y` is the softmax of, if it is known to be one. */
export function knownSoftmax(y: Node): Softmax | null {
  return known.get(y) ?? null;
}
