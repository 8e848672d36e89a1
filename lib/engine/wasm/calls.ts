/**
 * Each element-wise operation on vectors of four lanes (v128): float32 as f32x4, int32 and uint32 as i32x4, bool as a mask,
 * all bits or none. Lanes do not know of each other, and whatever is in them, nothing traps. The same bits everywhere, so
 * nothing of relaxed SIMD.
 */

import { type BinaryName, castLimits, type UnaryName } from "../../graph/primitives.ts";
import type { DType } from "../../graph/types.ts";
import type { Code, Instruction } from "./encoder.ts";
import { type HelperName, makeHelper, type Need } from "./math/helpers.ts";
import { Floats, Vector, Writer } from "./math/value.ts";

export { type HelperName, makeHelper, type Need };

/** What an operation is asked of. */
interface Call {
  readonly dtype: DType;
  readonly args: readonly Vector[];
  readonly argTypes: readonly DType[];
  /** The arguments that are known when the program is made, and no NaN. */
  readonly isNumber: readonly boolean[];
  readonly need: Need;
}

type Row = (call: Call) => Vector;

/** What is one instruction: for float32, and for the others. */
interface Plain {
  readonly float: Instruction;
  readonly other: Instruction;
}

const plain = (float: Instruction, other = float): Plain => ({ float, other });

/** One instruction, as a formula. */
const instruction = (float: Instruction, other = float): Row => ({ args, argTypes }) =>
  Vector.op(argTypes[0] === "float32" ? float : other, args);

const helper = (name: HelperName): Row => ({ args, need }) => Vector.call(need(name), args);

const byType = (float: Row, other: Row): Row => (call) => (call.argTypes[0] === "float32" ? float : other)(call);

/** A formula of float32. */
const formula = (f: (...args: Floats[]) => Vector): Row => ({ args }) => f(...args.map((x) => x.floats()));

const same: Row = ({ args }) => args[0]!;

/** The larger or smaller of two, NaN if one is: all bits are a NaN. Three instructions where f32x4.max takes eight of a processor. */
const extreme = (name: "atLeast" | "atMost"): Row => ({ args, isNumber }) => {
  const [a, b] = args.map((x) => x.floats()) as [Floats, Floats];
  if (isNumber[1]) return a[name](b);
  if (isNumber[0]) return b[name](a);
  return a[name](b).bits().or(b.notEqual(b));
};

/** From float32, held to what the type can say; NaN is 0. */
const held = (dtype: keyof typeof castLimits, convert: Instruction): Row =>
  formula((x) => Vector.op(convert, [x!.atMost(castLimits[dtype][1])]));

const isNot0: Row = byType(
  formula((x) => x!.notEqual(0)),
  ({ args }) => args[0]!.bits().equal(0).not(),
);

/** From a mask to 0 or 1. */
const bit: Row = ({ args }) => args[0]!.bits().down(31);

const casts: { readonly [From in DType]: { readonly [To in DType]: Row } } = {
  float32: {
    float32: same,
    int32: held("int32", "i32x4.trunc_sat_f32x4_s"),
    uint32: held("uint32", "i32x4.trunc_sat_f32x4_u"),
    bool: isNot0,
  },
  int32: { float32: instruction("f32x4.convert_i32x4_s"), int32: same, uint32: same, bool: isNot0 },
  uint32: { float32: instruction("f32x4.convert_i32x4_u"), int32: same, uint32: same, bool: isNot0 },
  bool: { float32: ({ args }) => args[0]!.bits().and(Floats.of(1).bits()), int32: bit, uint32: bit, bool: same },
};

/** The table. */
const rows = {
  neg: plain("f32x4.neg", "i32x4.neg"),
  abs: plain("f32x4.abs", "i32x4.abs"),
  // Every number but 0 is 1 or more in size after the products, and NaN stays.
  sign: byType(
    formula((x) => x!.mul(2 ** 127).mul(2 ** 127).atMost(1).atLeast(-1)),
    ({ args }) => args[0]!.bits().downSigned(31).sub(args[0]!.bits().greater(0)),
  ),
  exp: helper("exp"),
  exp2: helper("exp2"),
  expm1: helper("expm1"),
  log: helper("log"),
  log1p: helper("log1p"),
  sqrt: plain("f32x4.sqrt"),
  sin: helper("sin"),
  cos: helper("cos"),
  tan: helper("tan"),
  asin: helper("asin"),
  acos: helper("acos"),
  atan: helper("atan"),
  tanh: helper("tanh"),
  erf: helper("erf"),
  sigmoid: helper("sigmoid"),
  softplus: helper("softplus"),
  relu: formula((x) => x!.atLeast(0)),
  floor: plain("f32x4.floor"),
  ceil: plain("f32x4.ceil"),
  round: plain("f32x4.nearest"),
  not: plain("v128.not"),
  isNaN: formula((x) => x!.notEqual(x!)),
  cast: (call) => casts[call.argTypes[0]!][call.dtype](call),
  add: plain("f32x4.add", "i32x4.add"),
  sub: plain("f32x4.sub", "i32x4.sub"),
  mul: plain("f32x4.mul", "i32x4.mul"),
  div: byType(instruction("f32x4.div"), helper("divide")),
  pow: helper("pow"),
  maximum: byType(extreme("atLeast"), instruction("i32x4.max_s")),
  minimum: byType(extreme("atMost"), instruction("i32x4.min_s")),
  and: plain("v128.and"),
  or: plain("v128.or"),
  bitAnd: plain("v128.and"),
  bitOr: plain("v128.or"),
  bitXor: plain("v128.xor"),
  shiftLeft: helper("shiftLeft"),
  shiftRight: helper("shiftRight"),
  less: plain("f32x4.lt", "i32x4.lt_s"),
  lessEqual: plain("f32x4.le", "i32x4.le_s"),
  equal: plain("f32x4.eq", "i32x4.eq"),
  where: ({ args: [condition, a, b] }) => condition!.bits().choose(a!, b!),
  /** 0 <= x < n, int32. */
  inside: ({ args: [x, n] }) => n!.bits().greater(x!.bits()).and(x!.bits().greater(-1)),
  /** Word `word` of block `block` of Threefry with a key of two words. */
  threefry: helper("threefry"),
} satisfies Record<UnaryName | BinaryName | "cast" | "where" | "inside" | "threefry", Row | Plain>;

/** The name of an operation of the table. */
export type CallName = keyof typeof rows;

/**
 * Appends the operation `name` on the v128 locals `args`, and leaves a v128 on the stack. `dtype` is the result's, `argTypes`
 * those of `args`; `isNumber` says which are known and no NaN. Throws for a name that the table has not.
 */
export function emitCall(
  code: Code,
  name: string,
  dtype: DType,
  args: readonly number[],
  argTypes: readonly DType[],
  need: Need,
  isNumber: readonly boolean[] = [],
): void {
  const row: Row | Plain | undefined = (rows as { readonly [name: string]: Row | Plain })[name];
  if (!row) throw new Error(`The WebAssembly engine does not know the operation ${name}.`);
  if (typeof row !== "function") {
    for (const local of args) code.get(local);
    code.op(argTypes[0] === "float32" ? row.float : row.other);
    return;
  }
  const value = row({ dtype, args: args.map((local) => Vector.at(local)), argTypes, isNumber, need });
  new Writer(code, [value]).push(value);
}
