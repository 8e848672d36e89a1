/**
 * Triangular systems and the Cholesky factor, as functions of nodes: a loop over rows or columns each, whose derivative is written
 * with triangular systems again, so that it keeps nothing of the loop.
 */

import { setCustomRule } from "../grad/custom.ts";
import { moveAxis } from "../graph/arrange.ts";
import { broadcastShape } from "../graph/broadcast.ts";
import { PlumblineError } from "../graph/error.ts";
import { ofOne } from "../graph/methods.ts";
import type { Node, NodeOf } from "../graph/node.ts";
import * as ops from "../graph/ops.ts";
import { makeScan } from "../graph/scan.ts";
import { describe, sameShape } from "../graph/types.ts";

/** How {@linkcode solveTriangular} reads its matrix. */
export interface TriangularOptions {
  /** The entries above the diagonal, not those below it. */
  upper?: boolean;
  /** x a = b in the place of a x = b, unless true. */
  left?: boolean;
  /** The diagonal is taken to be 1. */
  unitriangular?: boolean;
}

const { tril } = ofOne;
const swapped = (x: Node): Node => moveAxis(x, x.shape.length - 1, x.shape.length - 2);
const half = (x: Node): Node => ops.mul(x, ops.fullLike(x, 0.5));

/** Rows, or columns, along the leading axis: what a loop goes along. */
const along = (x: Node, fromEnd: number): Node => moveAxis(x, x.shape.length - fromEnd, 0);

/** The identity matrix, whose row j tells step j which row it is. */
function identity(n: number): Node {
  return ops.cast(ops.binary("equal", ops.iota([n, n], 0), ops.iota([n, n], 1)), "float32");
}

/** `x` with one more axis, of size 1, at its end or before the last one. */
function row(x: Node): Node {
  return ops.reshape(x, [...x.shape.slice(0, -1), 1, x.shape.at(-1)!]);
}
/** With as many axes as `like`. */
const aligned = (x: Node, like: Node): Node =>
  ops.reshape(x, [...new Array<number>(like.shape.length - x.shape.length).fill(1), ...x.shape]);
const column = (x: Node): Node => ops.reshape(x, [...x.shape, 1]);

/** Solves a x = b for a lower triangular a `[.., n, n]` and b `[.., n, m]` by forward substitution. */
function solveLower(a: Node, b: Node, isUnit: boolean): Node {
  const n = a.shape.at(-1)!;
  const [result] = makeScan({
    init: [ops.full("float32", b.shape, 0)],
    xs: [along(a, 2), along(b, 2), identity(n)],
    length: n,
    reverse: false,
    step: ([x], [weights, target, place]) => {
      const rest = ops.sub(row(target!), ops.matmul(row(weights!), x!));
      const last = [weights!.shape.length - 1];
      const pivot = isUnit ? null : ops.sum(ops.mul(weights!, aligned(place!, weights!)), last);
      const found = pivot ? ops.div(rest, column(pivot)) : rest;
      return { carries: [ops.add(x!, ops.mul(aligned(column(place!), x!), found))], ys: [] };
    },
  }).carries as [Node];
  setCustomRule(result.inputs[0] as NodeOf<"scan"> & Node, ([g]) => {
    const ofB = solveUpper(swapped(a), g ?? ops.fullLike(result, 0), isUnit);
    const ofA = tril(ops.neg(ops.matmul(ofB, result, false, true)), isUnit ? -1 : 0);
    return [null, along(ofA, 2), along(ofB, 2), null];
  });
  return result;
}

/** The same for an upper triangular a: from the last row to the first. */
function solveUpper(a: Node, b: Node, isUnit: boolean): Node {
  const [rows, columns] = [a.shape.length - 2, a.shape.length - 1];
  return ops.flip(solveLower(ops.flip(a, [rows, columns]), ops.flip(b, [rows]), isUnit), [rows]);
}

function checkSquare(x: Node, what: string): void {
  if (x.dtype === "float32" && x.shape.length >= 2 && x.shape.at(-1) === x.shape.at(-2)) return;
  throw new PlumblineError({
    code: "G301",
    message: `${what} takes square float32 matrices [.., n, n], not ${describe(x)}.`,
    made: [x],
  });
}

function inBatch(x: Node, lead: readonly number[]): Node {
  const shape = [...lead, ...x.shape.slice(-2)];
  return sameShape(shape, x.shape) ? x : ops.expand(x, shape);
}

/** Solves a x = b, or x a = b, for a triangular a; what is on the other side of its diagonal is not read. */
export function solveTriangular(a: Node, b: Node, options: TriangularOptions = {}): Node {
  const { upper = false, left = true, unitriangular = false } = options;
  checkSquare(a, "solveTriangular()");
  const n = a.shape.at(-1)!;
  if (b.shape.length < 2 || b.dtype !== "float32" || b.shape.at(left ? -2 : -1) !== n) {
    const wanted = left ? `[.., ${n}, m]` : `[.., m, ${n}]`;
    throw new PlumblineError({
      code: "G301",
      message: `solveTriangular() takes a right side ${wanted} for ${describe(a)}, not ${describe(b)}.`,
      made: [a, b],
      help: "a vector is a matrix of one column: b.unsqueeze(-1).",
    });
  }
  if (!left) return swapped(solveTriangular(swapped(a), swapped(b), { upper: !upper, unitriangular }));
  const lead = broadcastShape([a, b], 2);
  const [matrix, side] = [inBatch(a, lead), inBatch(b, lead)];
  return upper ? solveUpper(ofOne.triu(matrix), side, unitriangular) : solveLower(tril(matrix), side, unitriangular);
}

/** The lower part of a matrix with half of its diagonal. */
function lowerHalf(x: Node): Node {
  return half(ops.add(tril(x), tril(x, -1)));
}

/** The lower triangular L with L L' = x, for a symmetric positive definite x `[.., n, n]`, of which the lower part is read. */
export function cholesky(x: Node): Node {
  checkSquare(x, "cholesky()");
  const n = x.shape.at(-1)!;
  const below = ofOne.triu(ops.full("float32", [n, n], 1));
  const [factor] = makeScan({
    init: [ops.full("float32", x.shape, 0)],
    xs: [along(x, 1), identity(n), below],
    length: n,
    reverse: false,
    step: ([l], [given, place, isBelow]) => {
      const own = ops.matmul(row(place!), l!);
      const rest = ops.sub(column(given!), ops.matmul(l!, own, false, true));
      const pivot = ops.sum(ops.mul(rest, aligned(column(place!), l!)), [rest.shape.length - 2]);
      const found = ops.mul(ops.div(rest, ops.unary("sqrt", pivot)), aligned(column(isBelow!), l!));
      return { carries: [ops.add(l!, ops.mul(found, aligned(row(place!), l!)))], ys: [] };
    },
  }).carries as [Node];
  // Murray (2016), "Differentiation of the Cholesky decomposition", equation 10.
  setCustomRule(factor.inputs[0] as NodeOf<"scan"> & Node, ([g]) => {
    const inner = lowerHalf(ops.matmul(factor, tril(g ?? ops.fullLike(factor, 0)), true, false));
    const turned = swapped(factor);
    const left = solveUpper(turned, inner, false);
    const whole = solveUpper(turned, swapped(left), false);
    return [null, along(half(ops.add(whole, swapped(whole))), 1), null, null];
  });
  return factor;
}
