/** Matrix products: whatever can be one two-dimensional Gemm, with its transpositions and bias as flags, becomes one. */

import type { NodeOf } from "../../graph/node.ts";
import { sameShape, type Shape, sizeOf } from "../../graph/types.ts";
import { broadcastShapes, type Builder, type Value } from "./builder.ts";
import { fewTerms } from "./long_sums.ts";
import { sumOver } from "./reduce.ts";

/** `x` with its matrices whole; repetition along the batch may remain. */
function matrices(b: Builder, x: Value, full: Shape): Value {
  const matrix = full.slice(-2);
  if (x.shape.length >= 2 && sameShape(x.shape.slice(-2), matrix)) return x;
  return b.materialize(x, [...x.shape.slice(0, -2), ...matrix]);
}

const batchSize = (x: Value): number => sizeOf(x.shape.slice(0, -2));

/** All rows of all matrices under one another. */
function flatRows(b: Builder, x: Value): Value {
  const columns = x.shape.at(-1)!;
  return b.reshape(x, [x.shape.slice(0, -1).reduce((n, m) => n * m, 1), columns]);
}

/** A bias that Gemm can add to every row: one number for each column. */
function rowBias(b: Builder, bias: Value | null, columns: number): Value | null {
  if (!bias || (bias.shape.at(-1) ?? 1) !== sizeOf(bias.shape) || ![1, columns].includes(sizeOf(bias.shape))) {
    return null;
  }
  return b.reshape(bias, bias.shape.slice(-1));
}

/** Columns of a product below which the transposed product is faster, if it has that many times as many rows. */
const fewColumns = 64;
const muchTaller = 4;
const isTall = (rows: number, columns: number): boolean => columns <= fewColumns && rows >= muchTaller * columns;

/** The two-dimensional product of `x` and `y`, plus `bias`. */
function gemm(b: Builder, x: Value, y: Value, transA: boolean, transB: boolean, bias: Value | null): string {
  const [rows, columns] = [x.shape[transA ? 1 : 0]!, y.shape[transB ? 0 : 1]!];
  if (transA && !transB && !bias && isTall(rows, columns)) {
    const flipped: Value = { name: gemm(b, y, x, true, false, null), dtype: "float32", shape: [columns, rows] };
    // With a leading axis: ONNX Runtime would merge a plain transposition into the product again.
    const wide = b.reshape(flipped, [1, columns, rows]);
    const name = b.op("Transpose", [wide.name], { perm: [0, 2, 1] });
    return b.reshape({ name, dtype: "float32", shape: [1, rows, columns] }, [rows, columns]).name;
  }
  if (!transA && !transB && !bias) return b.op("MatMul", [x.name, y.name]);
  const inputs = bias ? [x.name, y.name, bias.name] : [x.name, y.name];
  return b.op("Gemm", inputs, { ...(transA ? { transA: 1 } : {}), ...(transB ? { transB: 1 } : {}) });
}

/** Elements of a product from which its bias is added by an operation of its own if there are threads for it. */
const largeProduct = 2 ** 16;

function transposed(b: Builder, x: Value, flag: boolean): Value {
  if (!flag) return x;
  const rank = x.shape.length;
  const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
  return { name: b.op("Transpose", [x.name], { perm }), dtype: x.dtype, shape: perm.map((p) => x.shape[p]!) };
}

/** Inner products of long rows: ONNX Runtime's product of a row and a column is many times slower, and drifts. */
function innerProduct(b: Builder, x: Value, y: Value, terms: number): Value {
  const rows = [x, y].map((v) => b.reshape(v, [...v.shape.slice(0, -2), terms]));
  const shape = broadcastShapes(rows.map((v) => v.shape));
  const products: Value = { name: b.op("Mul", b.operands(rows)), dtype: "float32", shape };
  return b.reshape(sumOver(b, products, [shape.length - 1]), [...shape.slice(0, -1), 1, 1]);
}

/** The product of two values, plus a bias that broadcasts to it. */
export function matmul(b: Builder, node: NodeOf<"matmul">, left: Value, right: Value, bias: Value | null): Value {
  const { transA, transB } = node.attrs;
  // ONNX Runtime refuses some products without rows, columns or terms.
  if (node.inputs.some((input) => sizeOf(input.shape) === 0)) return plus(b, b.scalar("float32", 0), bias);
  const x = matrices(b, left, node.inputs[0]!.shape);
  const y = matrices(b, right, node.inputs[1]!.shape);
  const [m, n] = node.shape.slice(-2) as [number, number];
  const dtype = "float32";
  const terms = node.inputs[0]!.shape.at(transA ? -2 : -1)!;
  if (m === 1 && n === 1 && terms > fewTerms) return plus(b, innerProduct(b, x, y, terms), bias);
  if (batchSize(y) === 1 && (batchSize(x) === 1 || !transA)) {
    const single = batchSize(x) === 1;
    const rows = single ? m : batchSize(x) * m;
    const whole = single && bias && sameShape(bias.shape, [m, n]) ? bias : null;
    // Gemm copies its bias on one thread before it starts: with several threads, adding it to a large product is faster.
    const apart = b.parallel && rows * n >= largeProduct;
    const added = apart ? null : whole ?? rowBias(b, bias, n);
    const name = gemm(b, flatRows(b, x), flatRows(b, y), transA, transB, added);
    const flat: Value = { name, dtype, shape: [rows, n] };
    const product = single ? flat : b.reshape(flat, [...x.shape.slice(0, -2), m, n]);
    return added ? product : plus(b, product, bias);
  }
  const batch = broadcastShapes([x, y].map((v) => v.shape.slice(0, -2)));
  const product = (left: Value, right: Value, rows: number, columns: number): Value => {
    return { name: b.op("MatMul", [left.name, right.name]), dtype, shape: [...batch, rows, columns] };
  };
  const isFlipped = transA && !transB && isTall(m, n);
  return plus(
    b,
    isFlipped
      ? transposed(b, product(transposed(b, y, true), x, n, m), true)
      : product(transposed(b, x, transA), transposed(b, y, transB), m, n),
    bias,
  );
}

function plus(b: Builder, x: Value, bias: Value | null): Value {
  if (!bias) return x;
  return { name: b.op("Add", b.operands([x, bias])), dtype: x.dtype, shape: broadcastShapes([x.shape, bias.shape]) };
}

/** The sum over the batch of transposed x times y: one product of all rows at once. */
export function summedProduct(b: Builder, node: NodeOf<"matmul">, left: Value, right: Value): Value {
  const [x, y] = [left, right].map((v, i) => flatRows(b, b.materialize(v, node.inputs[i]!.shape)));
  return { name: gemm(b, x!, y!, true, false, null), dtype: "float32", shape: node.shape.slice(-2) };
}
