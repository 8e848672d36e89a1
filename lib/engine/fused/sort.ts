/**
 * Orders by comparisons, where a machine has no sort of its own. A short row is ranked: each entry counts those before it. A long
 * one goes through Batcher's bitonic network (Batcher 1968), as a loop whose step exchanges each entry with one partner.
 */

import { makeNode, type Node, type NodeOf } from "../../graph/node.ts";
import {
  binary,
  cast,
  expand,
  full,
  fullLike,
  iota,
  neg,
  permute,
  reshape,
  slice,
  sub,
  sum,
  takeAlongAxis,
  unary,
  where,
} from "../../graph/ops.ts";
import { scanOutputs } from "../../graph/primitives.ts";
import { makeScan } from "../../graph/scan.ts";
import { aval } from "../../graph/types.ts";

type Scan = NodeOf<"scan"> & Node;

/** The longest row that is ranked. */
export const mostRanked = 256;

/** The places of the first entries in order, in operations that kernels have; long sums and loops are given on. */
export function sortByComparing(
  node: NodeOf<"argsort">,
  reduce: (sum: Node) => Node,
  loop: (scan: Scan) => Node,
): Node {
  const { axis, k, descending } = node.attrs;
  const [x] = node.inputs;
  const rank = x!.shape.length;
  // The axis comes last.
  const order = [...x!.shape.keys()].filter((i) => i !== axis).concat(axis);
  const rows = permute(ascending(x!, descending), order);
  const n = rows.shape[rank - 1]!;
  const places = n <= mostRanked ? ranked(rows, k, reduce) : exchanged(rows, k, loop);
  return reshape(permute(places, order.map((_, i) => order.indexOf(i))), node.shape, node.axes);
}

/** Whether the indices are those of a whole row in order. */
export function isPermutation(index: Node): index is NodeOf<"argsort"> & Node {
  return index.op === "argsort" && index.attrs.k === index.inputs[0]!.shape[index.attrs.axis];
}

/** Numbers whose ascending order is meant; NaN is as Infinity. */
function ascending(x: Node, descending: boolean): Node {
  const held = x.dtype === "float32" ? where(unary("isNaN", x), fullLike(x, Infinity), x) : x;
  if (!descending) return held;
  // -1 - x has no overflow, as -x has.
  return x.dtype === "int32" ? sub(fullLike(x, -1), x) : neg(held);
}

/** Whether `a` at place `i` comes before `b` at place `j`. */
function isBefore(a: Node, i: Node, b: Node, j: Node): Node {
  return binary("or", binary("less", a, b), binary("and", binary("equal", a, b), binary("less", i, j)));
}

function ranked(rows: Node, k: number, reduce: (sum: Node) => Node): Node {
  const lead = rows.shape.slice(0, -1);
  const n = rows.shape.at(-1)!;
  const square = [...lead, n, n];
  const [self, other] = [lead.length, lead.length + 1];
  const mine = expand(reshape(rows, [...lead, n, 1]), square);
  const theirs = expand(reshape(rows, [...lead, 1, n]), square);
  const before = isBefore(theirs, iota(square, other), mine, iota(square, self));
  const ranks = reduce(sum(cast(before, "int32"), [other]));
  const wide = [...lead, n, k];
  const hit = binary("equal", expand(ranks, wide), iota(wide, other));
  const places = reduce(sum(where(hit, iota(wide, self), full("int32", wide, 0)), [self]));
  return reshape(places, [...lead, k]);
}

function exchanged(rows: Node, k: number, loop: (scan: Scan) => Node): Node {
  const lead = rows.shape.slice(0, -1);
  const n = rows.shape.at(-1)!;
  const size = 2 ** Math.ceil(Math.log2(n));
  const last = lead.length;
  const none = rows.shape.map(() => 0);
  const fill = rows.dtype === "float32" ? Infinity : 2 ** 31 - 1;
  const missing = none.with(last, size - n);
  const padded = size === n ? rows : makeNode("pad", [rows], { before: none, after: missing, value: fill });
  const whole = padded.shape;
  const levels = Math.log2(size);
  const number = (value: number): Node => full("uint32", [1], value);
  const at = (scalar: Node): Node => expand(reshape(scalar, whole.map(() => 1)), whole);
  const { carries } = makeScan({
    // The distance between partners, and the length of the blocks that are in order after all distances within them.
    init: [padded, iota(whole, last), number(1), number(2)],
    xs: [],
    length: levels * (levels + 1) / 2,
    reverse: false,
    step: ([keys, places, distance, block]) => {
      const here = cast(iota(whole, last), "uint32");
      const partner = cast(binary("bitXor", here, at(distance!)), "int32");
      const [theirs, their] = [takeAlongAxis(keys!, partner, last), takeAlongAxis(places!, partner, last)];
      const isZero = (bits: Node): Node => binary("equal", bits, fullLike(bits, 0));
      const isLower = isZero(binary("bitAnd", here, at(distance!)));
      const isUpward = isZero(binary("bitAnd", here, at(block!)));
      const wantsFirst = binary("equal", isLower, isUpward);
      const keeps = binary("equal", isBefore(keys!, places!, theirs, their), wantsFirst);
      const isDone = binary("equal", distance!, number(1));
      const next = where(isDone, block!, binary("shiftRight", distance!, number(1)));
      const wider = where(isDone, binary("shiftLeft", block!, number(1)), block!);
      return { carries: [where(keeps, keys!, theirs), where(keeps, places!, their), next, wider], ys: [] };
    },
  });
  const scan = loop(carries[1]!.inputs[0] as Scan) as Scan;
  const [, result] = scanOutputs(scan.attrs);
  const places = makeNode("output", [scan], { index: 1, aval: aval("int32", result!.shape) });
  return slice(places, none, [...lead, k]);
}
