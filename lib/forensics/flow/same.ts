/** Computations that are the same, however often they were written: a thing less itself is 0 for ever. */

import { attributeText, type Node } from "../../graph/node.ts";
import { primitives } from "../../graph/primitives.ts";
import { sameShape, sizeOf } from "../../graph/types.ts";
import { dropOf } from "../reads/drops.ts";
import { isLearner } from "./edges.ts";

/** What to do about a thing that is compared with itself. */
export const oneIsData =
  'what one of the two was before is data: stopGradient(old, "of the policy that acted"), or read it before the update.';

/** What changes no number: other shapes, reductions of axes of one element, divisions by 1; if `stops`, stops and reads too. */
function bare(node: Node, stops: boolean): Node {
  const [x, by] = node.inputs;
  const isNothing =
    (["sum", "max", "min", "expand", "reshape"].includes(node.op) && sizeOf(x!.shape) === sizeOf(node.shape)) ||
    (node.op === "div" && by!.op === "full" && by!.attrs.value === 1) ||
    (stops && node.op === "stopGradient" && node.owner === null);
  if (isNothing) return bare(x!, stops);
  const read = stops && node.op === "input" && !isLearner(node.owner) ? dropOf(node)?.source?.deref() : undefined;
  return read && read !== node && sizeOf(read.shape) === sizeOf(node.shape) ? bare(read, stops) : node;
}

/** Whether two operations on what is the same, row-major, see it in the same shape; element by element that is no matter. */
function seeAlike(a: Node, b: Node): boolean {
  return elementwise.has(primitives[a.op].kind) ||
    a.inputs.every((x, i) => sameShape(x.shape, b.inputs[i]!.shape));
}

const elementwise: ReadonlySet<string> = new Set(["unary", "binary", "compare", "select"]);

/** How far back two computations are compared: what was unrolled from a long loop is not the same twice. */
const deepest = 400;

/** Whether two nodes are the same computation. */
function isSame(left: Node, right: Node, stops: boolean, seen = new Map<Node, Node>(), depth = 0): boolean {
  const [a, b] = [bare(left, stops), bare(right, stops)];
  const isOneLeaf = stops && isLearner(a.owner) && a.owner === b.owner;
  if (a === b || isOneLeaf || seen.get(a) === b) return true;
  const isAlike = depth < deepest && a.op === b.op && a.op !== "input" && a.op !== "scan" &&
    a.inputs.length === b.inputs.length && seeAlike(a, b) && attributeText(a.attrs) === attributeText(b.attrs) &&
    a.inputs.every((x, i) => isSame(x, b.inputs[i]!, stops, seen, depth + 1));
  if (isAlike) seen.set(a, b);
  return isAlike;
}

/** Whether two nodes are one computation, written twice perhaps. */
export const areSame = (a: Node, b: Node): boolean => isSame(a, b, false);

/** The operation of a thing with itself. */
export function withItself(nodes: readonly Node[]): Node | undefined {
  return nodes.findLast(({ op, inputs: [a, b] }) => (op === "sub" || op === "div") && isSame(a!, b!, false));
}

/** The difference of a thing and itself that `node` is, but for its sign, its shape and stops. */
export function differenceOfSame(node: Node): Node | null {
  const x = bare(node, true);
  if (x.op === "neg") return differenceOfSame(x.inputs[0]!);
  return x.op === "sub" && isSame(x.inputs[0]!, x.inputs[1]!, true) ? x : null;
}
