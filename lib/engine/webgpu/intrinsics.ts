/** How WGSL says each element-wise operation, and numbers of each type. */

import type { DType } from "../../graph/types.ts";

/** An operand: its text and type. */
export interface Operand {
  readonly text: string;
  readonly dtype: DType;
}

/** The text of an operation, and the prelude functions that it calls. */
export interface Phrase {
  readonly text: string;
  readonly needs: readonly string[];
}

/** The type of a value in a register. */
export function registerType(dtype: DType): string {
  return { float32: "f32", int32: "i32", uint32: "u32", bool: "bool" }[dtype];
}

/** The type of an element in memory: WGSL has no bool there. */
export function memoryType(dtype: DType): string {
  return dtype === "bool" ? "u32" : registerType(dtype);
}

/** A number as WGSL writes it. */
export function literal(dtype: DType, value: number): Phrase {
  const needs: string[] = [];
  let text: string;
  if (dtype === "bool") text = value !== 0 ? "true" : "false";
  else if (dtype === "uint32") text = `${value >>> 0}u`;
  else if (dtype === "int32") text = value < 0 ? `i32(${Math.trunc(value)})` : `${Math.trunc(value)}i`;
  else {
    const rounded = Math.fround(value);
    if (!Number.isFinite(rounded)) needs.push("special");
    if (Number.isNaN(rounded)) text = "nan()";
    else if (rounded === Infinity) text = "inf()";
    else if (rounded === -Infinity) text = "(-inf())";
    else text = rounded < 0 || Object.is(rounded, -0) ? `(-${-rounded}f)` : `${rounded}f`;
  }
  return { text, needs };
}

type Writer = (...args: Operand[]) => string | Phrase;

const helper = (name: string): Writer => (...args) => ({
  text: `${name}(${args.map((x) => x.text).join(", ")})`,
  needs: [name],
});
const builtin = (name: string): Writer => (...args) => `${name}(${args.map((x) => x.text).join(", ")})`;
const infix = (sign: string): Writer => (a, b) => `(${a!.text} ${sign} ${b!.text})`;
const byType = (float: Writer, other: Writer): Writer => (...args) =>
  (args[0]!.dtype === "float32" ? float : other)(...args);

/** What is added to the sign of a factor by a zero that is written out. */
const signOfZero: Readonly<Record<string, string>> = {
  [literal("float32", 0).text]: "0u",
  [literal("float32", -0).text]: "0x80000000u",
};

/** Compilers take a product with a zero that is written out for zero, whatever the other factor is. */
const product: Writer = (a, b) => {
  const [zero, other] = Object.hasOwn(signOfZero, b!.text) ? [b!, a!] : [a!, b!];
  const sign = signOfZero[zero.text];
  if (sign === undefined) return `(${a!.text} * ${b!.text})`;
  return { text: `times_zero(${other.text}, ${sign})`, needs: ["times_zero"] };
};

const writers: { readonly [name: string]: Writer } = {
  neg: (x) => `(-${x!.text})`,
  abs: builtin("abs"),
  // A chain of selects gives NaN for NaN, which sign() need not.
  sign: byType((x) => `select(select(${x!.text}, -1f, ${x!.text} < 0f), 1f, ${x!.text} > 0f)`, builtin("sign")),
  exp: helper("exp_f32"),
  exp2: helper("exp2_f32"),
  expm1: helper("expm1_f32"),
  log: helper("log_f32"),
  log1p: helper("log1p_f32"),
  sqrt: builtin("sqrt"),
  sin: helper("sin_f32"),
  cos: helper("cos_f32"),
  tan: helper("tan_f32"),
  asin: helper("asin_f32"),
  acos: helper("acos_f32"),
  atan: helper("atan_f32"),
  tanh: helper("tanh_f32"),
  erf: helper("erf_f32"),
  sigmoid: helper("sigmoid_f32"),
  softplus: helper("softplus_f32"),
  relu: (x) => `select(${x!.text}, 0f, ${x!.text} < 0f)`,
  floor: builtin("floor"),
  ceil: builtin("ceil"),
  round: builtin("round"),
  not: (x) => `(!${x!.text})`,
  isNaN: helper("is_nan"),
  add: infix("+"),
  sub: infix("-"),
  mul: byType(product, infix("*")),
  div: byType(infix("/"), helper("div_i32")),
  pow: helper("pow_f32"),
  maximum: byType(helper("max_f32"), builtin("max")),
  minimum: byType(helper("min_f32"), builtin("min")),
  and: infix("&&"),
  or: infix("||"),
  bitAnd: infix("&"),
  bitOr: infix("|"),
  bitXor: infix("^"),
  shiftLeft: (a, b) => `(${a!.text} << (${b!.text} & 31u))`,
  shiftRight: (a, b) => `(${a!.text} >> (${b!.text} & 31u))`,
  less: infix("<"),
  lessEqual: infix("<="),
  equal: infix("=="),
  where: (condition, a, b) => `select(${b!.text}, ${a!.text}, ${condition!.text})`,
  inside: (x, n) => `(${x!.text} >= 0 && ${x!.text} < ${n!.text})`,
  threefry: helper("threefry"),
};

/** The text of operation `name`. */
export function phrase(name: string, dtype: DType, args: readonly Operand[]): Phrase {
  if (name === "cast") return cast(args[0]!, dtype);
  const writer = writers[name];
  if (!writer) throw new Error(`The WebGPU engine does not know the operation ${name}.`);
  const result = writer(...args);
  return typeof result === "string" ? { text: result, needs: [] } : result;
}

function cast(x: Operand, dtype: DType): Phrase {
  const isHeld = x.dtype === "float32" && (dtype === "int32" || dtype === "uint32");
  if (!isHeld) return { text: converted(x, dtype), needs: [] };
  const name = `to_${registerType(dtype)}`;
  return { text: `${name}(${x.text})`, needs: [name] };
}

/** `x` in the register type of `dtype`. */
export function converted(x: Operand, dtype: DType): string {
  if (x.dtype === dtype) return x.text;
  if (dtype !== "bool") return `${registerType(dtype)}(${x.text})`;
  // Not `!=`, which is false for NaN where the compiler takes it for an ordered comparison.
  return `!(${x.text} == ${literal(x.dtype, 0).text})`;
}
