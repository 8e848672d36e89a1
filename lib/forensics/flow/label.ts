/** Nodes as a person reads them, and which of them are declared stops. */

import type { Node } from "../../graph/node.ts";
import { isLearner } from "./edges.ts";

/** Library functions whose name says less than the operation's. */
const general = new Set(["forward", "run", "backward", "step", "scan", "assign", "Module", "tensor", "constant"]);

/** `mean#17`: what the user called, or the operation. */
export function labelOf({ op, id, site, owner }: Pick<Node, "op" | "id" | "site"> & { owner?: object | null }): string {
  if (isLearner(owner ?? null)) return (owner as { label: string }).label;
  const { called } = site;
  // What comes out of a loop is called by the function that has the loop: run() of an LSTM.
  const isTelling = called !== null && (!general.has(called) || op === "output") && /^[a-z]\w+$/.test(called);
  return `${isTelling ? called : op}#${id}`;
}

/** `a, b and c`. */
export function enumerated(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** Parameters in a sentence: `w` and `b`; where a module has many of them, their number. */
export function listed(labels: readonly string[]): string {
  const groups = Map.groupBy(labels, (label) => label.split(".")[0]!);
  const told = [...groups].flatMap(([root, some]) =>
    some.length > 2 ? [`${some.length} parameters of \`${root}\``] : some.map((x) => `\`${x}\``)
  );
  return enumerated(told.length > 5 ? [...told.slice(0, 4), `${told.length - 4} more`] : told);
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
