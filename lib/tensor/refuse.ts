/** What a tensor refuses, in sentences: numbers that it has not yet, JavaScript's conversions, arguments of other kinds. */

import { calledHere, PlumblineError } from "../graph/error.ts";
import { tensorOf, told } from "../graph/kinds.ts";
import type { Node } from "../graph/node.ts";
import { describe } from "../graph/types.ts";
import { endTrace, isTracing } from "../graph/trace.ts";
import type { AxisOrAxes } from "./axis.ts";

/** Throws G102 if `node` is of a traced function: it has no numbers. */
export function refuseTraced(node: Node, what: string): void {
  if (!node.traced) return;
  const where = isTracing() ? "inside a traced function, where it has no numbers yet" : "after the trace that it is of";
  throw endTrace(
    new PlumblineError({
      code: "G102",
      message: `${what} was asked of ${describe(node)} ${where}.`,
      made: [node],
      help: "return the tensor from the function and read it there; to choose by its value, use where().",
    }),
  );
}

/** Throws G103: JavaScript would compute with a tensor silently and wrongly. */
export function refuseConversion(node: Node, how: string): never {
  throw new PlumblineError({
    code: "G103",
    message: `the tensor ${describe(node)} was ${how}; JavaScript cannot compute with tensors by operators.`,
    made: [node],
    help: how === "iterated"
      ? "t.unbind(0) has the entries of the first axis, as a list of tensors; await t.toList() their numbers."
      : "use the methods (a.add(b), a.less(b), where()), or read the numbers with await t.item() or await t.data().",
  });
}

/** Throws G103: the numbers of a tensor may not be there yet, and JSON does not wait. */
export function refuseJson(node: Node): never {
  throw new PlumblineError({
    code: "G103",
    message: `the tensor ${
      describe(node)
    } was made JSON of; JSON holds numbers, and a tensor's may not be computed yet.`,
    made: [node],
    help: "read them before: JSON.stringify(await t.toList()).",
  });
}

/** Throws G301 unless a matrix product of both can be: of vectors and batches as they were given, not as they are spread. */
export function refuseInner(left: Node, right: Node): void {
  const [inner, other] = [left.shape.at(-1), right.shape.at(right.shape.length === 1 ? -1 : -2)];
  if (inner === other && inner !== undefined) return;
  const [a, b] = [left, right].map(describe);
  const told = inner === undefined || other === undefined
    ? `multiplies vectors and matrices, not ${a} by ${b}.`
    : `cannot multiply ${a} by ${b}: the inner sizes are ${inner} and ${other}.`;
  throw new PlumblineError({ code: "G301", message: `${calledHere("matmul()")} ${told}`, made: [left, right] });
}

/** How a variance is taken. */
export interface SpreadOptions {
  /** Taken from the count that is divided by; 1, unbiased, unless told otherwise. */
  correction?: number;
  /** Whether the axes stay, with size 1. */
  keepDim?: boolean;
}

/** Throws G310 for one number that may be an axis as well as PyTorch's order of a norm. */
export function refuseOrder(axis: AxisOrAxes | undefined): void {
  if (typeof axis !== "number" || axis <= 0) return;
  throw new PlumblineError({
    code: "G310",
    message: `norm(${axis}) may mean the axis ${axis} or, as in PyTorch, the order of the norm.`,
    help: `the Euclidean norm along axis ${axis}: norm([${axis}]). The sum of absolute values: abs().sum().`,
  });
}

/** A number of parts. */
export function checkCount(count: number): number {
  if (Number.isInteger(count) && count >= 1) return count;
  throw new PlumblineError({
    code: "G301",
    message: `chunk() makes a whole number of parts, at least 1, not ${count}.`,
  });
}

/** Throws G310 for a Proxy of a tensor, or an object with its prototype: the numbers are not in them. */
export function refuseImitation(): never {
  throw new PlumblineError({
    code: "G310",
    message: "a tensor is needed, not a Proxy or a copy of one, nor what has its prototype only.",
    help:
      "keep tensors out of what is watched or copied (stores, Object.create(), structuredClone()); give the tensor itself.",
  });
}

/** Throws G310 for `new Tensor(numbers)`, as PyTorch's `torch.Tensor(numbers)` is written. */
export function refuseConstruction(given: unknown): never {
  throw new PlumblineError({
    code: "G310",
    message: `new Tensor() is the library's own, and was given ${told(given)}.`,
    help: `a tensor of numbers is made without new: ${tensorOf(given) ?? "tensor(numbers)"}.`,
  });
}
