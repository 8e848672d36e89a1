/** What the graph knows of a tensor: the numbers whose tanh it is, or that it holds probabilities. */

import { type Node, rebuild } from "../graph/node.ts";
import { sizeOf } from "../graph/types.ts";

/** Operations that only move numbers: what is true of their inputs is true of their result. */
const moving: ReadonlySet<Node["op"]> = new Set([
  "reshape",
  "permute",
  "expand",
  "slice",
  "unfold",
  "flip",
  "concat",
  "take",
  "takeAlongAxis",
  "stopGradient",
]);

/** How far back is looked. */
const depth = 32;

/** The inputs of a movement that are moved, not indices. */
function movedBy(node: Node): readonly Node[] {
  return node.op === "take" || node.op === "takeAlongAxis" ? node.inputs.slice(0, 1) : node.inputs;
}

/** The node whose tanh `x` is, if that is known: `x` may have been moved, joined and stopped since. */
export function behindTanh(x: Node, left = depth): Node | null {
  if (x.op === "tanh") return x.inputs[0]!;
  if (!moving.has(x.op) || x.owner !== null || left === 0) return null;
  const moved = movedBy(x).map((input) => behindTanh(input, left - 1));
  if (moved.includes(null)) return null;
  return rebuild(x, [...moved as Node[], ...x.inputs.slice(moved.length)]);
}

/** Without what only repeats a number or names its axes. */
function plain(x: Node): Node {
  return x.op === "expand" || x.op === "reshape" ? plain(x.inputs[0]!) : x;
}

const isSumOver = (x: Node, of: Node): boolean => {
  const last = of.shape.length - 1;
  return x.op === "sum" && x.inputs[0] === of && x.attrs.axes.length === 1 && x.attrs.axes[0] === last;
};

/** Whether `x` is divided by its own sums along the last axis, as softmax() does it, or is the exponential of logSoftmax(). */
function isNormalised(x: Node): boolean {
  const [a, b] = x.inputs;
  if (x.op === "div") {
    const total = plain(b!);
    return isSumOver(total, a!) || (total.op === "where" && isSumOver(plain(total.inputs[1]!), a!));
  }
  if (x.op !== "exp" || a!.op !== "sub") return false;
  // logSumExp() adds the largest again; logSoftmax() has taken it off before.
  const shift = plain(a!.inputs[1]!);
  const log = shift.op === "add" ? shift.inputs[0]! : shift;
  return log.op === "log" && plain(log.inputs[0]!).op === "sum";
}

/** Whether a movement keeps the entries of the last axis together. */
function keepsRows(x: Node): boolean {
  const [input] = x.inputs;
  if (!input) return false;
  const last = input.shape.length - 1;
  switch (x.op) {
    case "stopGradient":
      return x.owner === null;
    case "permute":
      return x.attrs.perm[last] === last;
    case "concat":
    case "take":
      return x.attrs.axis !== last;
    case "reshape":
    case "expand":
    case "slice":
      return x.shape.at(-1) === input.shape.at(-1);
    default:
      return false;
  }
}

/** The most numbers that are looked at. */
const mostNumbers = 2 ** 14;

/** Whether the rows of numbers that are known sum to 1, and would be another distribution as logits; [0, 1] is both. */
function sumToOne(x: Node): boolean {
  const data = x.dtype === "float32" ? x.value?.hostIfAny as Float32Array | undefined : undefined;
  const classes = x.shape.at(-1) ?? 0;
  if (!data || classes < 2 || sizeOf(x.shape) > mostNumbers) return false;
  let differs = false;
  for (let start = 0; start < data.length; start += classes) {
    const row = data.subarray(start, start + classes);
    const sum = row.reduce((a, b) => a + b, 0);
    if (Math.abs(sum - 1) > 1e-5 || row.some((p) => p < 0)) return false;
    differs ||= row.some((p) => p !== row[0]) && row.some((p) => p !== 0 && p !== 1);
  }
  return differs;
}

/** Whether the rows of `x` are probabilities, as far as that is known: by how they were made, or by their numbers. */
export function areProbabilities(x: Node, left = depth): boolean {
  if (isNormalised(x) || sumToOne(x)) return true;
  return left > 0 && keepsRows(x) && movedBy(x).every((input) => areProbabilities(input, left - 1));
}
