/**
 * Indices that may lie outside of their axis. ONNX Runtime refuses them while it runs; a kernel on a GPU cannot, so there they are
 * measured beside what is computed. What is known to lie inside by the way it is made costs nothing.
 */

import type { ErrorParts } from "./error.ts";
import { type Node, type NodeOf, topological } from "./node.ts";
import * as ops from "./ops.ts";
import { sizeOf } from "./types.ts";

/** An operation that looks up or adds by index. */
export type Indexing = NodeOf<"take"> | NodeOf<"takeAlongAxis"> | NodeOf<"scatterAdd">;

/** An operation with the indices that it is given. */
export interface IndexUse {
  readonly node: Indexing;
  readonly index: Node;
  /** The size of the axis: indices are in [-size, size). */
  readonly size: number;
}

/** What stands for an index below 0 where none may count from the end. */
const belowZero = -(2 ** 30);

type Range = readonly [least: number, most: number];

const moving = new Set<string>(["reshape", "expand", "permute", "slice", "flip", "unfold", "stopGradient"]);

const hull = (ranges: readonly (Range | null)[]): Range | null =>
  ranges.includes(null) ? null : [
    Math.min(...ranges.map((x) => x![0])),
    Math.max(...ranges.map((x) => x![1])),
  ];

/** Whether the numbers of a leaf are those of every run. */
type IsFixed = (leaf: Node) => boolean;

/** Numbers of a leaf that are looked at, at most. */
const mostNumbers = 2 ** 16;

function rangeOfNumbers({ value }: Node): Range | null {
  const numbers = value?.hostIfAny;
  if (!numbers || numbers.length > mostNumbers) return null;
  let [least, most] = [Infinity, -Infinity];
  for (const x of numbers) [least, most] = [Math.min(least, x), Math.max(most, x)];
  return [least, most];
}

/** What was found of nodes: one that is used in many ways is looked at once. */
type Ranges = Map<Node, Range | null>;

/** Between which numbers the elements of an integer node lie, as far as the graph tells; null if it does not. */
function rangeOf(node: Node, isFixed: IsFixed, known: Ranges = new Map(), depth = 0): Range | null {
  if (depth > 32) return null;
  const found = known.get(node);
  if (found !== undefined) return found;
  const range = rangeFrom(node, isFixed, (i) => rangeOf(node.inputs[i]!, isFixed, known, depth + 1));
  known.set(node, range);
  return range;
}

/** The same, where `of` gives that of an input. */
function rangeFrom(node: Node, isFixed: IsFixed, of: (input: number) => Range | null): Range | null {
  switch (node.op) {
    case "input":
      return isFixed(node) ? rangeOfNumbers(node) : null;
    case "full":
      return [node.attrs.value, node.attrs.value];
    case "iota":
      return [0, node.shape[node.attrs.axis]! - 1];
    case "argmax":
    case "argsort":
      return [0, node.inputs[0]!.shape[node.attrs.axis]! - 1];
    case "cast":
      return node.inputs[0]!.dtype === "bool" ? [0, 1] : node.inputs[0]!.dtype === "int32" ? of(0) : null;
    case "where":
      return hull([of(1), of(2)]);
    case "concat":
      return hull(node.inputs.map((_, i) => of(i)));
    case "take":
    case "takeAlongAxis":
      return of(0);
    case "add":
    case "minimum":
    case "maximum":
      return ofTwo(node.op, of(0), of(1));
    default:
      return moving.has(node.op) ? of(0) : null;
  }
}

function ofTwo(op: "add" | "minimum" | "maximum", a: Range | null, b: Range | null): Range | null {
  if (op === "add") return a && b && [a[0] + b[0], a[1] + b[1]];
  if (op === "minimum") {
    return a && b ? [Math.min(a[0], b[0]), Math.min(a[1], b[1])] : [-Infinity, (a ?? b)?.[1] ?? Infinity];
  }
  return a && b ? [Math.max(a[0], b[0]), Math.max(a[1], b[1])] : [(a ?? b)?.[0] ?? -Infinity, Infinity];
}

/** A leaf whose numbers are here, and no variable's. */
export const isGiven = (x: Node): boolean => x.op === "input" && !x.attrs.placeholder && x.owner === null;

/** Whether all of `index` are known to be in [least, size). */
export function liesWithin(index: Node, size: number, least = 0, isFixed: IsFixed = isGiven): boolean {
  if (sizeOf(index.shape) === 0) return true;
  const range = rangeOf(index, isFixed);
  return range !== null && range[0] >= least && range[1] < size;
}

/** `index`, of which what is below 0 lies outside of every axis: for labels and what PyTorch does not count from the end. */
export function fromStart(index: Node): Node {
  const range = rangeOf(index, isGiven);
  if (index.dtype !== "int32" || (range && range[0] >= 0)) return index;
  const zero = ops.fullLike(index, 0);
  return ops.where(ops.binary("less", index, zero), ops.fullLike(index, belowZero), index);
}

const isIndexing = ({ op }: Node): boolean => op === "take" || op === "takeAlongAxis" || op === "scatterAdd";

/** The same indices outside of a loop: where its body only moves what it is given. */
function outside(index: Node, given: ReadonlyMap<Node, Node>): Node | null {
  const at = given.get(index);
  if (at) return at;
  const isMoved = index.op === "reshape" || index.op === "expand" || index.op === "permute";
  return isMoved ? outside(index.inputs[0]!, given) : null;
}

/**
 * The operations behind `outputs` whose indices may lie outside, and those in loops of which that can be told outside of them.
 * Leaves of `isFixed` have the same numbers in each run.
 */
export function indexUses(outputs: readonly Node[], isFixed: IsFixed = () => false): IndexUse[] {
  return topological(outputs).flatMap((node): IndexUse[] => {
    if (node.op === "scan") {
      const { body, carries } = node.attrs;
      const given = new Map(body.inputs.slice(carries).map((x, i) => [x, node.inputs[carries + i]!]));
      return indexUses(body.outputs, isFixed).flatMap((x): IndexUse[] => {
        const index = node.attrs.length > 0 ? outside(x.index, given) : null;
        return index ? [{ ...x, index }] : [];
      });
    }
    return useOf(node, isFixed);
  });
}

/** The operations behind `outputs` whose indices may lie outside, but for those in loops. */
export function ownIndexUses(outputs: readonly Node[], isFixed: IsFixed = () => false): IndexUse[] {
  return topological(outputs).flatMap((node) => node.op === "scan" ? [] : useOf(node, isFixed));
}

/** The use that an operation makes of its indices, if they may lie outside. */
function useOf(node: Node, isFixed: IsFixed): IndexUse[] {
  if (!isIndexing(node)) return [];
  const { inputs, attrs } = node as unknown as Indexing;
  const [x, index] = inputs as readonly [Node, Node];
  const size = x.shape[attrs.axis]!;
  return liesWithin(index, size, -size, isFixed) ? [] : [{ node: node as unknown as Indexing, index, size }];
}

/** A float32 scalar: 0 if all indices are inside, else infinite. */
export function guardOf(use: IndexUse): Node {
  const { index, size } = use;
  const axes = index.shape.map((_, i) => i);
  const [most, least] = [ops.max(index, axes), ops.min(index, axes)].map((x) => ops.reshape(x, []));
  const bound = (x: number): Node => ops.full("int32", [], x);
  const isInside = ops.binary(
    "and",
    ops.binary("less", most!, bound(size)),
    ops.binary("lessEqual", bound(-size), least!),
  );
  return ops.where(isInside, ops.full("float32", [], 0), ops.full("float32", [], Infinity));
}

/** The largest and the smallest index, int32 [2]. */
export function extremesOf({ index }: IndexUse): Node {
  const axes = index.shape.map((_, i) => i);
  return ops.concat([ops.max(index, axes), ops.min(index, axes)].map((x) => ops.reshape(x, [1])), 0);
}

/** What is said of an operation that was given `index`, if it is known, of an axis of `size`. */
export function outsideParts(node: Pick<Node, "op" | "site">, index: number | null, size: number): ErrorParts {
  const name = `${node.site.called ?? node.op}()`;
  const parts = { code: "G308", sites: [{ site: node.site, note: "looked up here" }] } as const;
  if (index !== null && index <= belowZero / 2) {
    return {
      ...parts,
      message: `${name} was given an index below 0: here indices are in [0, ${size}).`,
      help: "a label that is to be ignored: look up another class for it, and take it out of the loss with where().",
    };
  }
  return {
    ...parts,
    message: `${name} was given ${index === null ? "an index" : `the index ${index}`} outside of its axis, which has ${
      size === 1 ? "1 entry" : `${size} entries`
    }.`,
    help: "look at where the index comes from: data, a label to be ignored, or a table that is too small.",
  };
}
