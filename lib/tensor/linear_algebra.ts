/** Linear algebra as functions of tensors, as torch.linalg has it. */

import { signature } from "../graph/arguments.ts";
import { atCaller } from "../graph/site.ts";
import * as kind from "./kinds.ts";
import { Tensor } from "./tensor.ts";
import * as triangular from "./triangular.ts";

const takesCholesky = signature("cholesky()", { x: kind.tensor });

/**
 * The lower triangular factor L of a symmetric positive definite matrix `[.., n, n]` = L L' (torch.linalg.cholesky); its lower part
 * is read. Where it is not positive definite the factor is NaN. It takes n steps; the derivative is that of Murray (2016).
 *
 * @throws PlumblineError G301 for what is no square float32 matrix.
 *
 * @example
 * ```ts
 * import { cholesky, tensor } from "@plumbline/plumbline";
 *
 * console.log(await cholesky(tensor([[4, 2], [2, 5]])).toList()); // [[2, 0], [1, 2]]
 * ```
 */
export function cholesky(x: Tensor): Tensor {
  takesCholesky(arguments);
  return atCaller(() => new Tensor(triangular.cholesky(x.node)));
}

const takesSolve = signature("solveTriangular()", {
  a: kind.tensor,
  b: kind.tensor,
  options: kind.options<triangular.TriangularOptions>({
    upper: kind.boolean,
    left: kind.boolean,
    unitriangular: kind.boolean,
  }),
});

/**
 * The x with a x = b for a triangular a `[.., n, n]` and b `[.., n, m]` (torch.linalg.solve_triangular): a lower one, unless
 * `upper`; the other part is not read. With `left: false` it is the x with x a = b. It takes n steps.
 *
 * @throws PlumblineError G301 for shapes that do not fit.
 *
 * @example
 * ```ts
 * import { solveTriangular, tensor } from "@plumbline/plumbline";
 *
 * const lower = tensor([[2, 0], [1, 2]]);
 * console.log(await solveTriangular(lower, tensor([[2], [5]])).toList()); // [[1], [2]]
 * ```
 */
export function solveTriangular(a: Tensor, b: Tensor, options: triangular.TriangularOptions = {}): Tensor {
  takesSolve(arguments);
  return atCaller(() => new Tensor(triangular.solveTriangular(a.node, b.node, options)));
}
