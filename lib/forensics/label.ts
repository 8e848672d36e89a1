/** Nodes as a person reads them, and which of them are declared stops. */

import type { Node } from "../graph/node.ts";
import { isLearner } from "./edges.ts";

/** Library functions whose name says less than the operation's. */
const general = new Set(["forward", "run", "backward", "step", "scan", "assign", "Module", "tensor", "constant"]);

/** `mean#17`: what the user called, or the operation. */
export function labelOf({ op, id, site, owner }: Pick<Node, "op" | "id" | "site"> & { owner?: object | null }): string {
  if (isLearner(owner ?? null)) return (owner as { label: string }).label;
  const { called } = site;
  return `${called !== null && !general.has(called) && /^[a-z]\w+$/.test(called) ? called : op}#${id}`;
}

const internal = /^(the value of |a shift that cancels$|a step is not differentiated$|values of the group$)/;
const sampled = /^sample\(\)/;

/** The note of a stop that noGrad() made without a reason. */
export const unreasoned = "noGrad()";

/** Whether a node is a stop with a reason of the user: `stopGradient(t, "why")`. */
export function isDeclared(node: Node): boolean {
  if (node.op !== "stopGradient" || isLearner(node.owner)) return false;
  const { why } = node.attrs;
  return why !== null && why !== unreasoned && !internal.test(why) && !sampled.test(why);
}

/** Whether a node is the stop inside of a distribution's sample(). */
export function isSampled(node: Node): boolean {
  return node.op === "stopGradient" && sampled.test(node.attrs.why ?? "");
}

/** How a value left the graph at `node`, for a sentence: `detach()`, `argmax()`, `greater()`. */
export function howCut(node: Node): string {
  if (node.op === "stopGradient") {
    const { why } = node.attrs;
    return why === unreasoned ? why : sampled.test(why ?? "") ? "sample()" : "detach()";
  }
  if (node.op === "cast") return `cast("${node.attrs.dtype}")`;
  const { called } = node.site;
  return called !== null && !general.has(called) && /^[a-z]\w+$/.test(called) ? `${called}()` : `${node.op}()`;
}
