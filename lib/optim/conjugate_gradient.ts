/**
 * Conjugate gradients (Hestenes and Stiefel 1952) on flat vectors: solves A x = b where only products A v are known. One loop
 * of the graph, so that ten products cost one compile.
 */

import { signature } from "../graph/arguments.ts";
import { zerosLike } from "../tensor/creation.ts";
import { where } from "../tensor/functions.ts";
import * as kind from "../tensor/kinds.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { FlatVector } from "./group.ts";

/** Settings of {@linkcode conjugateGradient}. */
export interface ConjugateGradientOptions {
  /** Products with the matrix. Default: 10, as TRPO takes them. */
  iterations?: number;
  /** The solution stays as it is once the squared length of what is left is below this share of that of `b`. Default: 1e-10. */
  tolerance?: number;
}

/** The solution so far, what is left of `b`, the direction of search, and the squared length of what is left. */
type Search = { x: Tensor; left: Tensor; along: Tensor; size: Tensor };

const takesConjugate = signature("conjugateGradient()", {
  product: kind.callable,
  b: kind.instance("a flat vector of a parameter group", FlatVector),
  options: kind.options<ConjugateGradientOptions>({ iterations: kind.count(0), tolerance: kind.finite }),
});

/**
 * Solves A x = b for a symmetric positive definite A, given as `product`: v to A v. No gradient flows through the solution.
 *
 * @example
 * ```ts
 * import { conjugateGradient, FlatVector, tensor } from "@plumbline/plumbline";
 *
 * const b = new FlatVector("w", tensor([2, 6]));
 * const twice = (v: FlatVector) => v.mul(2);
 * console.log(await conjugateGradient(twice, b).tensor.toList()); // [1, 3]
 * ```
 */
export function conjugateGradient<G extends string>(
  product: (v: FlatVector<G>) => FlatVector<G>,
  b: FlatVector<G>,
  options: ConjugateGradientOptions = {},
): FlatVector<G> {
  takesConjugate(arguments);
  const { iterations = 10, tolerance = 1e-10 } = options;
  const goal = b.tensor;
  const whole = goal.square().sum();
  const step = ({ x, left, along, size }: Search): readonly [Search, readonly []] => {
    const image = product(new FlatVector(b.group, along)).tensor;
    const goesOn = size.greater(whole.mul(tolerance));
    // Where nothing is left, 0 / 0 must not reach the values that stay.
    const ratio = (a: Tensor, c: Tensor): Tensor => where(goesOn, a.div(where(goesOn, c, 1)), 0);
    const by = ratio(size, along.mul(image).sum());
    const rest = left.sub(image.mul(by));
    const now = rest.square().sum();
    const next = where(goesOn.expand(rest.size), rest.add(along.mul(ratio(now, size))), along);
    return [{ x: x.add(along.mul(by)), left: rest, along: next, size: now }, []];
  };
  const [{ x }] = scan(step, { x: zerosLike(goal), left: goal, along: goal, size: whole }, [], { length: iterations });
  return new FlatVector(b.group, x.detach("the solution of a linear system"));
}
