/** Nodes as a person reads them, and which of them are declared stops. */

import type { Node } from "../../graph/node.ts";
import { isLearner } from "./edges.ts";

/** Library functions whose name says less than the operation's. */
const general = new Set(["forward", "run", "backward", "step", "scan", "assign", "Module", "tensor", "constant"]);

/** Whether the name of a library function says less than that of an operation in it. */
export function isGeneral(called: string): boolean {
  return general.has(called) || !/^[a-z]\w+$/.test(called);
}

/** `mean#17`: what the user called, or the operation. */
export function labelOf({ op, id, site, owner }: Pick<Node, "op" | "id" | "site"> & { owner?: object | null }): string {
  if (owner && "label" in owner) return String(owner.label);
  const { called } = site;
  // What comes out of a loop is called by the function that has the loop: run() of an LSTM.
  const isTelling = called !== null && (!general.has(called) || op === "output") && /^[a-z]\w+$/.test(called);
  return `${isTelling ? called : op}#${id}`;
}

/** A number with four digits. */
export const shortNumber = (x: number): string => String(Number(x.toPrecision(4)));

/** `a, b and c`. */
export function enumerated(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** A parameter, as the user knows it. */
export interface Named {
  readonly label: string;
  /** The module that it is in. */
  readonly group: string | null;
}

/** Parameters in a sentence: `w` and `b`; where a module has many of them, their number. */
export function listed(parameters: readonly Named[]): string {
  const groups = Map.groupBy(parameters, (x) => x.group ?? x.label);
  const told = [...groups].flatMap(([group, some]) =>
    some.length > 2 ? [`${some.length} parameters of \`${group}\``] : some.map((x) => `\`${x.label}\``)
  );
  return enumerated(told.length > 5 ? [...told.slice(0, 4), `${told.length - 4} more`] : told);
}

/** Reasons of the library itself: nobody has declared anything. */
const internal = new RegExp(
  "^(the value of |a shift that cancels$|a step is not differentiated$|values of the group$|a rounding error$|" +
    "the solution of a linear system$|the vector of a product$)",
);
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
  const { called } = node.site;
  if (node.op === "stopGradient") {
    const { why } = node.attrs;
    if (why === unreasoned) return why;
    if (sampled.test(why ?? "")) return "sample()";
    if (why?.startsWith("the value of ")) return called === "assign" ? "assign()" : `new ${called ?? "Variable"}()`;
    if (why !== null && internal.test(why) && called !== null) return `${called}()`;
    return called === "stopGradient" ? "stopGradient()" : "detach()";
  }
  if (node.op === "cast") return `cast("${node.attrs.dtype}")`;
  return called !== null && !general.has(called) && /^[a-z]\w+$/.test(called) ? `${called}()` : `${node.op}()`;
}
