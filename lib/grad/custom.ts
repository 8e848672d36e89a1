/** Derivatives that the user gives: of a boundary, whose inside is not in the graph. */

import type { Node } from "../graph/node.ts";

/** From the gradients of a node's outputs to the gradients of its inputs; `null` where none flows. */
export type CustomRule = (parts: readonly (Node | null)[]) => readonly (Node | null)[];

const rules = new WeakMap<Node, CustomRule>();

/** From now on `rule` is the derivative of the scan `node`. */
export function setCustomRule(node: Node, rule: CustomRule): void {
  rules.set(node, rule);
}

/** The user's derivative of a node, if it has one. */
export function customRule(node: Node): CustomRule | undefined {
  return rules.get(node);
}
