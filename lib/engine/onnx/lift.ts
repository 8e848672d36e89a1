/**
 * What a loop's body computes from its xs alone, not from what it carries, is computed for all steps at once, outside. Small
 * operations cost their launch, not their arithmetic, so a hundred steps of one cost little more than one.
 */

import { makeNode, type Node, type NodeOf, topological } from "../../graph/node.ts";
import { expand, full, iota, reshape } from "../../graph/ops.ts";
import { type Kind, type OpName, primitives } from "../../graph/primitives.ts";
import { sizeOf } from "../../graph/types.ts";
import { receive } from "./fission.ts";

/** Above this many elements an operation costs its arithmetic, and a stack of all steps leaves the cache. */
const smallOperation = 2 ** 13;
/** The most elements that a stack may have. */
const largestStack = 2 ** 24;

const elementwise: ReadonlySet<Kind> = new Set(["unary", "binary", "compare", "select"]);

/** Applies a node's operation to inputs with a leading axis of `length` steps. */
type Lift<K extends OpName> = (node: NodeOf<K>, x: readonly Node[], length: number) => Node;

const up = (axes: readonly number[]): number[] => axes.map((axis) => axis + 1);
const reduction = <K extends "sum" | "max" | "min" | "flip">(): Lift<K> => (node, x) =>
  makeNode(node.op as "sum", x, { axes: up((node.attrs as { axes: readonly number[] }).axes) });
const along = <K extends "argmax" | "concat" | "takeAlongAxis" | "scatterAdd">(): Lift<K> => (node, x) =>
  makeNode(node.op as "concat", x, { axis: (node.attrs as { axis: number }).axis + 1 });

/** How operations that are not element-wise take a leading axis. Those without a row stay in the loop. */
const lifts: { readonly [K in OpName]?: Lift<K> } = {
  full: ({ dtype, shape, attrs }, _, length) => full(dtype, [length, ...shape], attrs.value),
  iota: ({ attrs }, _, length) => iota([length, ...attrs.shape], attrs.axis + 1),
  sum: reduction(),
  max: reduction(),
  min: reduction(),
  flip: reduction(),
  argmax: along(),
  concat: along(),
  takeAlongAxis: along(),
  scatterAdd: along(),
  argsort: ({ attrs }, x) => makeNode("argsort", x, { ...attrs, axis: attrs.axis + 1 }),
  cumsum: ({ attrs }, x) => makeNode("cumsum", x, { ...attrs, axis: attrs.axis + 1 }),
  reshape: ({ attrs: { shape, axes } }, x, length) =>
    makeNode("reshape", x, { shape: [length, ...shape], axes: [null, ...axes] }),
  expand: ({ attrs: { shape, axes } }, x, length) =>
    makeNode("expand", x, { shape: [length, ...shape], axes: [null, ...axes] }),
  permute: ({ attrs }, x) => makeNode("permute", x, { perm: [0, ...up(attrs.perm)] }),
  slice: ({ attrs: { starts, ends, steps } }, x, length) =>
    makeNode("slice", x, { starts: [0, ...starts], ends: [length, ...ends], steps: [1, ...steps] }),
  pad: ({ attrs: { before, after, value } }, x) =>
    makeNode("pad", x, { before: [0, ...before], after: [0, ...after], value }),
  matmul: ({ attrs }, x) => makeNode("matmul", x, attrs),
};

function canLift(node: Node): boolean {
  if (sizeOf(node.shape) > smallOperation) return false;
  return elementwise.has(primitives[node.op].kind) || lifts[node.op] !== undefined;
}

function lift(node: Node, x: readonly Node[], length: number): Node {
  if (elementwise.has(primitives[node.op].kind)) return makeNode(node.op, x, node.attrs as never);
  return (lifts[node.op] as Lift<OpName>)(node as unknown as NodeOf<OpName>, x, length);
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
