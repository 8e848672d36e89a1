/**
 * What a loop's body computes from its xs alone, not from what it carries, is computed for all steps at once, outside. Small
 * operations cost their launch, not their arithmetic, so a hundred steps of one cost little more than one.
 */

import { hasLift, lift } from "../../graph/lift.ts";
import { type Node, type NodeOf, topological } from "../../graph/node.ts";
import { expand, reshape } from "../../graph/ops.ts";
import { sizeOf } from "../../graph/types.ts";
import { receive } from "./fission.ts";

/** Above this many elements an operation costs its arithmetic, and a stack of all steps leaves the cache. */
const smallOperation = 2 ** 13;
/** The most elements that a stack may have. */
const largestStack = 2 ** 24;

function canLift(node: Node): boolean {
  if (sizeOf(node.shape) > smallOperation) return false;
  return hasLift(node.op);
}

/** Nodes of a body that depend on xs, and on nothing else but constants. */
function ofXs({ attrs: { body, carries, xs } }: NodeOf<"scan">): Set<Node> {
  const found = new Set<Node>();
  const free = new Set<Node>(body.inputs.slice(carries + xs));
  const slices = new Set(body.inputs.slice(carries, carries + xs));
  for (const node of topological(body.outputs)) {
    if (node.op === "input") continue;
    const able = canLift(node) && node.inputs.every((x) => found.has(x) || free.has(x) || slices.has(x));
    if (!able) continue;
    (node.inputs.some((x) => found.has(x) || slices.has(x)) ? found : free).add(node);
  }
  return found;
}

/** The values of `nodes` at every step. */
function liftAll(scan: NodeOf<"scan">, nodes: readonly Node[]): Node[] {
  const { body, carries, xs, length } = scan.attrs;
  const lifted = new Map<Node, Node>();
  body.inputs.forEach((x, i) => {
    const outer = scan.inputs[i]!;
    if (i >= carries + xs) lifted.set(x, expand(reshape(outer, [1, ...x.shape]), [length, ...x.shape]));
    else if (i >= carries) lifted.set(x, outer);
  });
  for (const node of topological(nodes, (x) => lifted.has(x))) {
    if (!lifted.has(node)) lifted.set(node, lift(node, node.inputs.map((x) => lifted.get(x)!), length));
  }
  return nodes.map((x) => lifted.get(x)!);
}

/** Nodes of `found` that the rest of the body reads. Copies are not worth a stack: they stay in the body. */
function borderOf(outputs: readonly Node[], found: Set<Node>): Node[] {
  for (;;) {
    const border = topological(outputs, (x) => found.has(x)).filter((x) => found.has(x));
    const copies = border.filter((x) => x.op === "expand" || x.op === "reshape");
    if (copies.length === 0) return border;
    for (const x of copies) found.delete(x);
  }
}

/** Moves out of a loop what only its xs decide: the loop's outputs, or null if there is nothing to move. */
export function liftScan(scan: NodeOf<"scan">): Node[] | null {
  const { body, carries, length } = scan.attrs;
  if (length === 0) return null;
  const border = borderOf(body.outputs, ofXs(scan));
  const stacked = border.reduce((sum, x) => sum + sizeOf(x.shape), 0) * length;
  if (border.length === 0 || stacked > largestStack) return null;
  const values = liftAll(scan, border);
  const outputs = receive(scan, body.inputs.map(() => true), { nodes: border, values });
  const at = new Map(border.map((x, i) => [x, values[i]!]));
  return outputs.map((x, i) => i < carries ? x : at.get(body.outputs[i]!) ?? x);
}
