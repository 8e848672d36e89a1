/** Derivatives of graphs by central differences of the float64 oracle, and their comparison with the derivative rules. */

import { ok } from "node:assert";
import { vjpNodes } from "../../lib/grad/vjp.ts";
import { type Node, placeholder } from "../../lib/graph/node.ts";
import { aval, type DType, type Shape, sizeOf } from "../../lib/graph/types.ts";
import { interpretNodes } from "../oracle.ts";
import { Random } from "../random.ts";

/** Numbers for one input of a function. */
export interface Argument {
  readonly shape: Shape;
  readonly data: readonly number[];
  /** float32 unless given. Only float32 arguments are differentiated. */
  readonly dtype?: DType;
}

/** A function of nodes with the point at which it is differentiated. */
export interface Differentiable {
  readonly arguments: readonly Argument[];
  readonly of: (...inputs: Node[]) => Node | readonly Node[];
}

const step = 1e-5;

function list(x: Node | readonly Node[]): readonly Node[] {
  return "op" in x ? [x] : x;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

interface Problem {
  readonly inputs: readonly Node[];
  readonly point: readonly (readonly number[])[];
  readonly outputs: readonly Node[];
}

/** The scalar `sum_i <weights[i], outputs[i]>` at a point, by the oracle. */
function weighted(
  { inputs, outputs }: Problem,
  point: readonly ArrayLike<number>[],
  weights: readonly number[][],
): number {
  const values = interpretNodes(outputs, new Map(inputs.map((x, i) => [x, point[i]!])));
  return values.reduce((sum, value, i) => sum + dot(value, weights[i]!), 0);
}

function centralDifferences(problem: Problem, input: number, weights: readonly number[][]): number[] {
  return problem.point[input]!.map((x, element) => {
    const h = step * Math.max(1, Math.abs(x));
    const moved = (by: number): number => {
      const value = problem.point[input]!.with(element, x + by);
      return weighted(problem, problem.point.with(input, value), weights);
    };
    return (moved(h) - moved(-h)) / (2 * h);
  });
}

function compare(actual: ArrayLike<number>, expected: readonly number[], tolerance: number, what: string): void {
  expected.forEach((e, i) => {
    const error = Math.abs(actual[i]! - e) / Math.max(1, Math.abs(e));
    ok(error <= tolerance, `${what}[${i}] is ${actual[i]} by the rule and ${e} by finite differences.`);
  });
}

/** The graph of the gradient of `sum <weights, outputs>`; inputs that get none get zeros. */
function differentiate(
  problem: Problem,
  wrt: readonly number[],
  random: Random,
): { derived: Problem; present: number[] } {
  const weights = problem.outputs.map((y) => placeholder(aval("float32", y.shape)));
  const gradients = vjpNodes(problem.outputs, weights, wrt.map((i) => problem.inputs[i]!));
  const present = wrt.filter((_, k) => gradients[k] !== null);
  return {
    present,
    derived: {
      inputs: [...problem.inputs, ...weights],
      point: [...problem.point, ...weights.map((w) => random.floats(sizeOf(w.shape)))],
      outputs: gradients.filter((g) => g !== null),
    },
  };
}

function checkOrder(problem: Problem, wrt: readonly number[], random: Random, what: string): Problem {
  const { derived, present } = differentiate(problem, wrt, random);
  const weights = derived.point.slice(problem.inputs.length).map((w) => [...w]);
  const values = interpretNodes(derived.outputs, new Map(derived.inputs.map((x, i) => [x, derived.point[i]!])));
  for (const input of wrt) {
    const expected = centralDifferences(problem, input, weights);
    const value = present.includes(input) ? values[present.indexOf(input)]! : expected.map(() => 0);
    compare(value, expected, 1e-6, `${what} derivative for input ${input}`);
  }
  return derived;
}

/**
 * Compares the derivative rules with central differences: of the function for the first derivative, of the first
 * derivative (a function of the inputs and of the weights of the outputs) for the second.
 */
export function checkDerivatives({ arguments: args, of }: Differentiable, seed: number): void {
  const random = new Random(seed);
  const inputs = args.map((x) => placeholder(aval(x.dtype ?? "float32", x.shape)));
  const problem = { inputs, point: args.map((x) => x.data), outputs: list(of(...inputs)) };
  const wrt = inputs.flatMap((x, i) => x.dtype === "float32" ? [i] : []);
  const first = checkOrder(problem, wrt, random, "first");
  if (first.outputs.length === 0) return;
  const both = first.inputs.flatMap((x, i) => x.dtype === "float32" ? [i] : []);
  checkOrder(first, both, random, "second");
}
