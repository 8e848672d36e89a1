/**
 * Which operations become one ONNX operation: patterns over nodes, matched from the outputs inwards, each as large as
 * possible. Where none fits, a node is lowered by its row of the table.
 */

import { type Node, type NodeOf, topological } from "../../graph/node.ts";
import type { OpName } from "../../graph/primitives.ts";
import { sizeOf } from "../../graph/types.ts";
import type { Builder, Value } from "./builder.ts";
import { type Choice, choicesOf, usersOf } from "./choices.ts";
import { convolution, isWhole } from "./convolution.ts";
import { matmul, summedProduct } from "./matmul.ts";
import { sumOfSizes } from "./reduce.ts";
import { type Row, rows } from "./rows.ts";

/** How a node is computed: from which nodes, and with which ONNX operations. */
export interface Tile {
  readonly inputs: readonly Node[];
  readonly emit: (b: Builder, x: readonly Value[]) => Value;
}

/** Whether a node has one user only and is not an output, so that its user may swallow it. */
type Single = (node: Node) => boolean;
type Pattern = (node: Node, single: Single) => Tile | null;

/** x w + bias. */
const biased: Pattern = (node, single) => {
  if (node.op !== "add") return null;
  const [a, b] = node.inputs as [Node, Node];
  if (a === b) return null;
  const swallow = (x: Node): x is NodeOf<"matmul"> & Node => x.op === "matmul" && single(x);
  const [product, bias] = swallow(a) ? [a, b] : swallow(b) ? [b, a] : [null, null];
  if (!product) return null;
  return { inputs: [...product.inputs, bias], emit: (b, [x, y, c]) => matmul(b, product, x!, y!, c!) };
};

/** A convolution and a number for each of its channels. */
const biasedConvolution: Pattern = (node, single) => {
  if (node.op !== "add") return null;
  const [a, b] = node.inputs as [Node, Node];
  const [whole, repeated] = a.op === "convolution" ? [a, b] : [b, a];
  if (whole.op !== "convolution" || !single(whole) || !isWhole(whole) || repeated.op !== "expand") return null;
  const bias = repeated.inputs[0]!;
  const channels = whole.shape[1]!;
  if (`${bias.shape}` !== `1,${channels},1,1`) return null;
  return {
    inputs: [...whole.inputs, bias],
    emit: (b, [x, w, c]) => convolution(b, whole, [x!, w!], b.reshape(b.materialize(c!, bias.shape), [channels])),
  };
};

/** The sum over the batch of products: the gradient of a weight that all of the batch shares. */
const summed: Pattern = (node, single) => {
  const [x] = node.inputs;
  if (node.op !== "sum" || x?.op !== "matmul" || !single(x)) return null;
  const batch = x.shape.length - 2;
  const all = node.attrs.axes.length === batch && node.attrs.axes.every((axis) => axis < batch);
  if (!all || batch === 0 || !x.attrs.transA || x.attrs.transB || sizeOf(x.inputs[0]!.shape) === 0) return null;
  return { inputs: x.inputs, emit: (b, [left, right]) => summedProduct(b, x, left!, right!) };
};

/** A sum of squares or of absolute values. */
const norms: Pattern = (node, single) => {
  const [x] = node.inputs;
  if (node.op !== "sum" || !x || !single(x) || x.dtype !== "float32") return null;
  const op = x.op === "abs" ? "ReduceL1" : x.op === "mul" && x.inputs[0] === x.inputs[1] ? "ReduceSumSquare" : null;
  return op && { inputs: [x.inputs[0]!], emit: (b, [value]) => sumOfSizes(b, op, node, value!) };
};

/** The gradients of several slices of one vector: zeros around each, added up, are one Concat. */
const joined: Pattern = (node, single) => {
  if (node.op !== "add") return null;
  const parts = paddedParts(node, single);
  const axis = parts && commonAxis(parts);
  if (!parts || axis === null || axis === undefined) return null;
  const from = (x: NodeOf<"pad">): number => x.attrs.before[axis]!;
  const to = (x: NodeOf<"pad">): number => from(x) + x.inputs[0]!.shape[axis]!;
  parts.sort((a, b) => from(a) - from(b));
  if (parts.some((x, i) => i > 0 && to(parts[i - 1]!) > from(x))) return null;
  return {
    inputs: parts.map((x) => x.inputs[0]!),
    emit: (b, x) => {
      const pieces: string[] = [];
      let end = 0;
      const zeros = (until: number): void => {
        const gap = node.shape.map((n, i) => i === axis ? until - end : n);
        if (until > end) pieces.push(b.materialize(b.scalar(node.dtype, 0), gap).name);
      };
      parts.forEach((part, i) => {
        zeros(from(part));
        pieces.push(b.materialize(x[i]!, part.inputs[0]!.shape).name);
        end = to(part);
      });
      zeros(node.shape[axis]!);
      return { name: b.op("Concat", pieces, { axis }), dtype: node.dtype, shape: node.shape };
    },
  };
};

/** The pads by zeros that a tree of additions adds up; `null` if it adds anything else. */
function paddedParts(root: Node, single: Single): NodeOf<"pad">[] | null {
  const parts: NodeOf<"pad">[] = [];
  const stack = [...root.inputs];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (!single(node)) return null;
    if (node.op === "add") stack.push(...node.inputs);
    else if (node.op === "pad" && node.attrs.value === 0) parts.push(node);
    else return null;
  }
  return parts;
}

/** The one axis along which all of the pads extend. */
function commonAxis(parts: readonly NodeOf<"pad">[]): number | null {
  const axes = new Set<number>();
  for (const { attrs } of parts) {
    attrs.before.forEach((n, axis) => {
      if (n > 0 || attrs.after[axis]! > 0) axes.add(axis);
    });
  }
  return axes.size === 1 ? [...axes][0]! : null;
}

const viewed = (x: Node): Node => x.op === "expand" || x.op === "stopGradient" ? viewed(x.inputs[0]!) : x;

/** exp(x - s) over its sum along the last axis, where s is the largest x: it goes through memory once. */
const softmax: Pattern = (node) => {
  if (node.op !== "div") return null;
  const [e, total] = [node.inputs[0]!, viewed(node.inputs[1]!)];
  const [difference] = e.inputs;
  if (e.op !== "exp" || difference?.op !== "sub" || total.op !== "sum" || total.inputs[0] !== e) return null;
  const [x, shift] = [difference.inputs[0]!, viewed(difference.inputs[1]!)];
  const top = shift.op === "where" ? viewed(shift.inputs[1]!) : shift;
  const last = x.shape.length - 1;
  const isLast = (axes: readonly number[]): boolean => axes.length === 1 && axes[0] === last;
  if (top.op !== "max" || top.inputs[0] !== x || !isLast(top.attrs.axes) || !isLast(total.attrs.axes)) return null;
  return {
    inputs: [x],
    emit: (b, [value]) => {
      const name = b.op("Softmax", [b.materialize(value!, x.shape).name], { axis: last });
      return { name, dtype: node.dtype, shape: node.shape };
    },
  };
};

const patterns: readonly Pattern[] = [biased, biasedConvolution, joined, summed, norms, softmax];

function byRow(node: Node): Tile {
  if (node.op === "scan" || node.op === "output") throw new Error(`${node.op} has no row.`);
  const row = rows[node.op] as unknown as Row<OpName>;
  return { inputs: node.inputs, emit: (b, x) => row(b, node as unknown as NodeOf<OpName>, x) };
}

function match(node: Node, single: Single): Tile {
  for (const pattern of patterns) {
    const tile = pattern(node, single);
    if (tile) return tile;
  }
  return byRow(node);
}

/** A scan and the results of it that somebody takes. */
export interface TakenScan {
  readonly node: NodeOf<"scan"> & Node;
  /** Indices of outputs. */
  readonly taken: number[];
}

/** A choice and the results of it that somebody needs. */
export interface TakenChoice {
  readonly choice: Choice;
  readonly taken: readonly NodeOf<"where">[];
}

/** What computes `outputs`, in order; `known` nodes have values already. */
export interface Cover {
  readonly order: readonly Node[];
  readonly tiles: ReadonlyMap<Node, Tile>;
  readonly scans: ReadonlyMap<Node, TakenScan>;
  /** By the last of their members, at whose place they are computed. The others have no place of their own. */
  readonly choices: ReadonlyMap<Node, TakenChoice>;
}

/** Chooses tiles for everything that `outputs` need and is not `known`. */
export function cover(
  outputs: readonly Node[],
  known: (node: Node) => boolean,
  scanInputs: (scan: TakenScan) => readonly Node[],
): Cover {
  const order = topological(outputs, known);
  const users = usersOf(order, outputs, known);
  const single: Single = (node) => users.get(node) === 1 && !known(node);
  const needed = new Set<Node>(outputs);
  const decided = new Map<Node, Choice>();
  for (const choice of choicesOf(order, users, known)) for (const x of choice.members) decided.set(x, choice);
  const choices = new Map<Node, TakenChoice>();
  const tiles = new Map<Node, Tile>();
  const scans = new Map<Node, TakenScan>();
  for (const node of order.toReversed()) {
    const choice = decided.get(node);
    if (choice?.members.at(-1) === node) {
      // All that uses one of them comes behind the last.
      const taken = choice.members.filter((x) => needed.has(x));
      if (taken.length === 0) continue;
      choices.set(node, { choice, taken });
      for (const x of [node, choice.condition, ...choice.inputs]) needed.add(x);
    }
    if (choice || !needed.has(node) || known(node)) continue;
    if (node.op === "output") {
      const scan = node.inputs[0]! as NodeOf<"scan"> & Node;
      if (!scans.has(scan)) scans.set(scan, { node: scan, taken: [] });
      scans.get(scan)!.taken.push(node.attrs.index);
      needed.add(scan);
    } else if (node.op === "scan") {
      for (const x of scanInputs(scans.get(node)!)) needed.add(x);
    } else {
      const tile = match(node, single);
      tiles.set(node, tile);
      for (const x of tile.inputs) needed.add(x);
    }
  }
  return { order: order.filter((x) => needed.has(x) && !known(x)), tiles, scans, choices };
}
