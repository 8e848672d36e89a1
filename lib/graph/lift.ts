/** How an operation takes one more axis in front, along which it is done as often: for steps of a loop, and for batches. */

import { makeNode, type Node, type NodeOf } from "./node.ts";
import { full, iota } from "./ops.ts";
import { type Kind, type OpName, primitives } from "./primitives.ts";

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

/** Whether the operation takes an axis in front. */
export function hasLift(op: OpName): boolean {
  return elementwise.has(primitives[op].kind) || lifts[op] !== undefined;
}

/** The operation of `node` on inputs that all have an axis of `length` in front. */
export function lift(node: Node, x: readonly Node[], length: number): Node {
  if (elementwise.has(primitives[node.op].kind)) return makeNode(node.op, x, node.attrs as never);
  return (lifts[node.op] as Lift<OpName>)(node as unknown as NodeOf<OpName>, x, length);
}
