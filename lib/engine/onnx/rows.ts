/**
 * The table of lowerings: one row a primitive, from values to ONNX operations. Formulations are chosen for ONNX Runtime's
 * CPU kernels: what they lack is cast around, what they do slowly or inaccurately is written otherwise.
 */

import type { NodeOf } from "../../graph/node.ts";
import { castLimits, type OpName } from "../../graph/primitives.ts";
import type { DType } from "../../graph/types.ts";
import { broadcastShapes, type Builder, type Value } from "./builder.ts";
import { convolution } from "./convolution.ts";
import { matmul } from "./matmul.ts";
import * as move from "./move.ts";
import { elementTypes } from "./proto.ts";
import { emitRandomBits } from "./random.ts";
import * as reduce from "./reduce.ts";

/** Emits the operations of `node`, given the values of its inputs. */
export type Row<K extends OpName> = (b: Builder, node: NodeOf<K>, x: readonly Value[]) => Value;

/** Operands of an element-wise operation, and numbers that go with them. */
interface Operands {
  readonly x: readonly string[];
  readonly dtype: DType;
  /** A float32 number. */
  readonly number: (value: number) => string;
}

/** Element-wise: any expression whose shape is what its inputs broadcast to. */
function elementwise<K extends OpName>(emit: (b: Builder, operands: Operands, to: DType) => string): Row<K> {
  return (b, node, inputs) => {
    const shape = broadcastShapes(inputs.map((v) => v.shape));
    const number = (value: number): string => b.scalar("float32", value, shape.length).name;
    const operands = { x: b.operands(inputs), dtype: inputs[0]!.dtype, number };
    return { name: emit(b, operands, node.dtype), dtype: node.dtype, shape };
  };
}

/** An ONNX operation of the same meaning. */
const same = <K extends OpName>(op: string): Row<K> => elementwise((b, { x }) => b.op(op, x));

/** Converts names to int32: where an ONNX operation has no kernel for uint32, the same bits serve as well. */
const asInt32 = (b: Builder, x: readonly string[]): string[] => x.map((name) => b.cast(name, elementTypes.int32));

const largest = 3.4028234663852886e38;

/** exp(x) - 1 = tanh(x / 2) (exp(x) + 1): no cancellation near 0. */
function expm1(b: Builder, { x: [x], number }: Operands): string {
  const half = b.op("Tanh", [b.op("Mul", [x!, number(0.5)])]);
  return b.op("Mul", [half, b.op("Add", [b.op("Exp", [x!]), number(1)])]);
}

/** log(u) x / (u - 1) with u = 1 + x: the error of u cancels (Kahan). `largest` keeps infinity from giving NaN. */
function log1p(b: Builder, { x: [x], number }: Operands): string {
  const top = number(largest);
  const u = b.op("Add", [x!, number(1)]);
  const rounded = b.op("Sub", [b.op("Min", [u, top]), number(1)]);
  const ratio = b.op("Div", [b.op("Min", [x!, top]), rounded]);
  const exact = b.op("Equal", [rounded, number(0)]);
  return b.op("Where", [exact, x!, b.op("Mul", [b.op("Log", [u]), ratio])]);
}

/** ONNX Runtime's Sigmoid is clamped at -18: this one keeps its relative accuracy. */
function sigmoid(b: Builder, { x: [x], number }: Operands): string {
  return b.op("Reciprocal", [b.op("Add", [b.op("Exp", [b.op("Neg", [x!])]), number(1)])]);
}

/**
 * max(x, 0) + log(1 + t) with t = exp(-|x|), and log(1 + t) = log(u) + (t - (u - 1)) / u to second order in the rounding of
 * u = 1 + t. ONNX Runtime's Softplus is scalar, several times slower, and 0 below -17.
 */
function softplus(b: Builder, { x: [x], number }: Operands): string {
  const t = b.op("Exp", [b.op("Neg", [b.op("Abs", [x!])])]);
  const u = b.op("Add", [t, number(1)]);
  const lost = b.op("Sub", [t, b.op("Sub", [u, number(1)])]);
  const log = b.op("Add", [b.op("Log", [u]), b.op("Div", [lost, u])]);
  return b.op("Add", [b.op("Relu", [x!]), log]);
}

/** Held to what the dtype can say: what a C++ cast gives beyond it depends on the machine. */
function cast(b: Builder, { x: [x], dtype, number }: Operands, to: DType): string {
  if (dtype !== "float32" || to === "float32" || to === "bool") return b.cast(x!, elementTypes[to]);
  const [least, most] = castLimits[to];
  const held = b.op("Min", [b.op("Max", [x!, number(least)]), number(most)]);
  return b.cast(b.op("Where", [b.op("IsNaN", [x!]), number(0), held]), elementTypes[to]);
}

/** By 0, and of the least int32 by -1, the processor's division would end the process. */
function div(b: Builder, node: NodeOf<"div">, inputs: readonly Value[]): Value {
  const shape = broadcastShapes(inputs.map((v) => v.shape));
  const known = inputs[1]!.number;
  const [x, by] = b.operands(inputs) as [string, string];
  const result = (name: string): Value => ({ name, dtype: node.dtype, shape });
  if (node.dtype === "float32" || (known !== undefined && known !== 0 && known !== -1)) {
    return result(b.op("Div", [x, by]));
  }
  const number = (value: number): string => b.scalar("int32", value, shape.length).name;
  const [none, minus] = [b.op("Equal", [by, number(0)]), b.op("Equal", [by, number(-1)])];
  const quotient = b.op("Div", [x, b.op("Where", [b.op("Or", [none, minus]), number(1), by])]);
  const defined = b.op("Where", [none, number(0), quotient]);
  return result(b.op("Where", [minus, b.op("Neg", [x]), defined]));
}

function equal(b: Builder, { x, dtype }: Operands): string {
  return b.op("Equal", dtype === "uint32" ? asInt32(b, x) : x);
}

function where(b: Builder, [condition, yes, no]: readonly Value[]): string {
  const [c, y, n] = b.operands([condition!, yes!, no!]) as [string, string, string];
  switch (yes!.dtype) {
    case "bool":
      return b.op("Or", [b.op("And", [c, y]), b.op("And", [b.op("Not", [c]), n])]);
    case "uint32":
      return b.cast(b.op("Where", [c, ...asInt32(b, [y, n])]), elementTypes.uint32);
    default:
      return b.op("Where", [c, y, n]);
  }
}

/** Whole inputs in, the whole result out. */
function indexing<K extends "take" | "takeAlongAxis" | "scatterAdd">(op: string, reduction?: string): Row<K> {
  return (b, node, x) => {
    const whole = x.map((v, i) => b.materialize(v, node.inputs[i]!.shape).name);
    const { axis } = node.attrs as { axis: number };
    const name = b.op(op, whole, reduction ? { axis, reduction } : { axis });
    return { name, dtype: node.dtype, shape: node.shape };
  };
}

function input(b: Builder, node: NodeOf<"input">): Value {
  const numbers = node.value?.host;
  if (!numbers) {
    throw new Error(`the graph uses an input (${node.attrs.name ?? "unnamed"}) that is neither listed nor known.`);
  }
  return b.tensor(node.dtype, node.shape, numbers);
}

function iota(b: Builder, { attrs: { shape, axis } }: NodeOf<"iota">): Value {
  const length = shape[axis]!;
  return b.tensor("int32", [length, ...shape.slice(axis + 1).map(() => 1)], Int32Array.from({ length }, (_, i) => i));
}

/** The table. `scan` and `output` are in `scan.ts`. */
export const rows: { readonly [K in Exclude<OpName, "scan" | "output">]: Row<K> } = {
  input,
  full: (b, { dtype, attrs }) => b.scalar(dtype, attrs.value),
  iota,
  randomBits: (b, { attrs }, [key]) => emitRandomBits(b, key!, attrs.shape),

  neg: same("Neg"),
  abs: same("Abs"),
  sign: same("Sign"),
  exp: same("Exp"),
  exp2: elementwise((b, { x: [x], number }) => b.op("Pow", [number(2), x!])),
  expm1: elementwise(expm1),
  log: same("Log"),
  log1p: elementwise(log1p),
  sqrt: same("Sqrt"),
  sin: same("Sin"),
  cos: same("Cos"),
  tan: same("Tan"),
  asin: same("Asin"),
  acos: same("Acos"),
  atan: same("Atan"),
  tanh: same("Tanh"),
  erf: same("Erf"),
  sigmoid: elementwise(sigmoid),
  softplus: elementwise(softplus),
  relu: same("Relu"),
  floor: same("Floor"),
  ceil: same("Ceil"),
  round: same("Round"),
  not: same("Not"),
  isNaN: same("IsNaN"),
  cast: elementwise(cast),
  stopGradient: (_, __, [x]) => x!,

  add: same("Add"),
  sub: same("Sub"),
  mul: same("Mul"),
  div,
  pow: same("Pow"),
  maximum: same("Max"),
  minimum: same("Min"),
  and: same("And"),
  or: same("Or"),
  bitAnd: same("BitwiseAnd"),
  bitOr: same("BitwiseOr"),
  bitXor: same("BitwiseXor"),
  shiftLeft: elementwise((b, { x }) => b.op("BitShift", x, { direction: "LEFT" })),
  shiftRight: elementwise((b, { x }) => b.op("BitShift", x, { direction: "RIGHT" })),
  less: same("Less"),
  lessEqual: same("LessOrEqual"),
  equal: elementwise(equal),
  where: (b, node, x) => ({ name: where(b, x), dtype: node.dtype, shape: broadcastShapes(x.map((v) => v.shape)) }),

  sum: (b, node, [x]) => reduce.sum(b, node, x!),
  max: (b, node, [x]) => reduce.extremum(b, node, x!),
  min: (b, node, [x]) => reduce.extremum(b, node, x!),
  argmax: (b, node, [x]) => reduce.argmax(b, node, x!),
  argsort: (b, node, [x]) => reduce.argsort(b, node, x!),
  cumsum: (b, node, [x]) => reduce.cumsum(b, node, x!),

  reshape: (b, node, [x]) => move.reshape(b, x!, node.inputs[0]!.shape, node.shape),
  permute: (b, node, [x]) => move.permute(b, x!, node.attrs.perm),
  expand: (_, __, [x]) => x!,
  slice: (b, node, [x]) => move.slice(b, x!, node),
  pad: (b, node, [x]) => move.pad(b, x!, node),
  concat: (b, node, x) => move.concat(b, node, x),
  flip: (b, node, [x]) => move.flip(b, x!, node),

  unfold: (b, node, [x]) => move.unfold(b, x!, node),

  take: indexing("Gather"),
  takeAlongAxis: indexing("GatherElements"),
  scatterAdd: indexing("ScatterElements", "add"),

  matmul: (b, node, [x, y]) => matmul(b, node, x!, y!, null),
  convolution: (b, node, x) => convolution(b, node, x),
};
