/**
 * Vectors in expressions, with which functions are written as formulas: {@linkcode Floats} (four float32),
 * {@linkcode Integers} (four int32, four uint32, or a mask) and {@linkcode Doubles} (two float64). An expression is a graph of
 * instructions; a {@linkcode Writer} appends it to a function, with a local for what is used more than once.
 */

import type { Code, Instruction } from "../encoder.ts";

/** What computes a vector. */
interface Node {
  /** Appends the instruction, which finds `args` on the stack. */
  readonly append: (code: Code) => void;
  readonly args: readonly Node[];
  /** Two nodes that say the same here are the same constant. */
  readonly constant?: string;
  /** The local that it is in already. */
  readonly local?: number;
}

/** What a node is kept under. */
const identity = (node: Node): Node | string => node.constant ?? node;

/** Appends expressions to a function. What is used more than once is computed once, constants too, and kept in a local. */
export class Writer {
  readonly #uses = new Map<Node | string, number>();
  readonly #kept = new Map<Node | string, number>();

  /** For `values`, in any order. */
  constructor(readonly code: Code, values: readonly Vector[]) {
    for (const { node } of values) this.#count(node);
  }

  #count(node: Node): void {
    const uses = this.#uses.get(identity(node)) ?? 0;
    this.#uses.set(identity(node), uses + 1);
    if (uses === 0) { for (const arg of node.args) this.#count(arg); }
  }

  /** Leaves one of the values on the stack. */
  push(value: Vector): void {
    this.#push(value.node);
  }

  #push(node: Node): void {
    const kept = node.local ?? this.#kept.get(identity(node));
    if (kept !== undefined) {
      this.code.get(kept);
      return;
    }
    for (const arg of node.args) this.#push(arg);
    node.append(this.code);
    if (this.#uses.get(identity(node))! < 2 || (node.constant !== undefined && this.code.constants)) return;
    const local = this.code.local("v128");
    this.#kept.set(identity(node), local);
    this.code.tee(local);
  }
}

const node = (append: (code: Code) => void, args: readonly Vector[]): Node => ({
  append,
  args: args.map((x) => x.node),
});

/** The same number in all lanes. */
const constant = (shape: "f32x4" | "f64x2" | "i32x4", value: number): Node => ({
  append: (code) => code[shape](value),
  args: [],
  constant: `${shape} ${Object.is(value, -0) ? "-0" : value}`,
});

type Quad = readonly [number, number, number, number];

/** 128 bits. */
export class Vector {
  constructor(readonly node: Node) {}

  /** The vector in a local of the function. */
  static at(local: number): Vector {
    return new Vector({ append: (code) => code.get(local), args: [], local });
  }

  /** An instruction on vectors. */
  static op(name: Instruction, args: readonly Vector[]): Vector {
    return new Vector(node((code) => code.op(name), args));
  }

  /** What a function gives, by its index. */
  static call(index: number, args: readonly Vector[]): Vector {
    return new Vector(node((code) => code.op("call", index), args));
  }

  /** An instruction on this and others. */
  protected op(name: Instruction, ...others: readonly Vector[]): Node {
    return Vector.op(name, [this, ...others]).node;
  }

  /** An instruction that moves the bits of each lane, all by `places`. */
  protected shift(name: Instruction, places: number): Node {
    return node((code) => code.i32(places).op(name), [this]);
  }

  /** Lanes of 32 bits: 0 to 3 of this vector, 4 to 7 of the other. */
  lanes(other: Vector, ...lanes: Quad): Vector {
    return new Vector(node((code) => code.lanes(...lanes), [this, other]));
  }

  /** The same bits as float32. */
  floats(): Floats {
    return new Floats(this.node);
  }

  /** The same bits as integers. */
  bits(): Integers {
    return new Integers(this.node);
  }
}

/** Numbers with a point. */
abstract class Reals<T extends Reals<T>> extends Vector {
  protected abstract readonly shape: "f32x4" | "f64x2";
  protected abstract made(node: Node): T;
  protected abstract constant(value: number): T;

  #with(name: "add" | "sub" | "mul" | "div" | "pmin" | "pmax", other: T | number): T {
    return this.made(this.op(`${this.shape}.${name}`, typeof other === "number" ? this.constant(other) : other));
  }

  #compared(name: "lt" | "le" | "gt" | "eq" | "ne", other: T | number): Integers {
    return new Integers(this.op(`${this.shape}.${name}`, typeof other === "number" ? this.constant(other) : other));
  }

  add(other: T | number): T {
    return this.#with("add", other);
  }

  sub(other: T | number): T {
    return this.#with("sub", other);
  }

  mul(other: T | number): T {
    return this.#with("mul", other);
  }

  div(other: T | number): T {
    return this.#with("div", other);
  }

  /** `other` where that is less, else this; so it stays NaN. */
  atMost(other: T | number): T {
    return this.#with("pmin", other);
  }

  /** `other` where that is greater, else this; so it stays NaN. */
  atLeast(other: T | number): T {
    return this.#with("pmax", other);
  }

  less(other: T | number): Integers {
    return this.#compared("lt", other);
  }

  lessEqual(other: T | number): Integers {
    return this.#compared("le", other);
  }

  greater(other: T | number): Integers {
    return this.#compared("gt", other);
  }

  equal(other: T | number): Integers {
    return this.#compared("eq", other);
  }

  notEqual(other: T | number): Integers {
    return this.#compared("ne", other);
  }

  sqrt(): T {
    return this.made(this.op(`${this.shape}.sqrt`));
  }

  floor(): T {
    return this.made(this.op(`${this.shape}.floor`));
  }

  /** The nearest whole number, halves to even. */
  nearest(): T {
    return this.made(this.op(`${this.shape}.nearest`));
  }

  trunc(): T {
    return this.made(this.op(`${this.shape}.trunc`));
  }

  /**
   * The polynomial with these coefficients, that of the lowest power first. Those after it are summed with even and odd powers
   * apart, so that no sum waits long; the first, which is the largest as a rule, comes last, so that it is rounded once.
   */
  polynomial(...coefficients: readonly number[]): T {
    const [first, ...others] = coefficients;
    const x = this.made(this.node);
    const [even, odd] = [0, 1].map((parity) => others.filter((_, i) => i % 2 === parity));
    const square = x.mul(x);
    const rest = others.length < 4 ? x.#horner(others) : square.#horner(odd!).mul(x).add(square.#horner(even!));
    return rest.mul(x).add(first!);
  }

  #horner(coefficients: readonly number[]): T {
    const [highest, ...others] = coefficients.toReversed();
    return others.reduce((sum, c) => sum.mul(this.made(this.node)).add(c), this.constant(highest!));
  }
}

/** Four float32. */
export class Floats extends Reals<Floats> {
  protected readonly shape = "f32x4";

  static of(value: number): Floats {
    return new Floats(constant("f32x4", value));
  }

  protected made(node: Node): Floats {
    return new Floats(node);
  }

  protected constant(value: number): Floats {
    return Floats.of(value);
  }

  neg(): Floats {
    return new Floats(this.op("f32x4.neg"));
  }

  abs(): Floats {
    return new Floats(this.op("f32x4.abs"));
  }

  /** The sign bits alone. */
  signs(): Integers {
    return this.bits().and(-(2 ** 31));
  }

  /** With the sign turned round where `signs` has that bit. */
  turned(signs: Integers): Floats {
    return this.bits().xor(signs).floats();
  }

  /** The first two numbers. */
  low(): Doubles {
    return new Doubles(this.op("f64x2.promote_low_f32x4"));
  }

  /** The last two numbers. */
  high(): Doubles {
    return this.lanes(this, 2, 3, 0, 1).floats().low();
  }
}

/** Two float64. */
export class Doubles extends Reals<Doubles> {
  protected readonly shape = "f64x2";

  static of(value: number): Doubles {
    return new Doubles(constant("f64x2", value));
  }

  protected made(node: Node): Doubles {
    return new Doubles(node);
  }

  protected constant(value: number): Doubles {
    return Doubles.of(value);
  }

  /** The bits of each lane moved up. */
  up(places: number): Doubles {
    return new Doubles(this.shift("i64x2.shl", places));
  }

  /** The numbers of two vectors, rounded to float32. */
  static floats(low: Doubles, high: Doubles): Floats {
    const half = (x: Doubles) => new Floats(x.op("f32x4.demote_f64x2_zero"));
    return half(low).lanes(half(high), 0, 1, 4, 5).floats();
  }

  /** The lower halves of the bits of the numbers of two vectors. */
  static lowBits(low: Doubles, high: Doubles): Integers {
    return low.lanes(high, 0, 2, 4, 6).bits();
  }
}

/** Four int32 or uint32; as a mask, all bits or none in each lane. */
export class Integers extends Vector {
  static of(value: number): Integers {
    return new Integers(constant("i32x4", value));
  }

  #with(name: Instruction, other: Integers | number): Integers {
    return new Integers(this.op(name, typeof other === "number" ? Integers.of(other) : other));
  }

  add(other: Integers | number): Integers {
    return this.#with("i32x4.add", other);
  }

  sub(other: Integers | number): Integers {
    return this.#with("i32x4.sub", other);
  }

  and(other: Integers | number): Integers {
    return this.#with("v128.and", other);
  }

  or(other: Integers | number): Integers {
    return this.#with("v128.or", other);
  }

  xor(other: Integers | number): Integers {
    return this.#with("v128.xor", other);
  }

  equal(other: Integers | number): Integers {
    return this.#with("i32x4.eq", other);
  }

  greater(other: Integers | number): Integers {
    return this.#with("i32x4.gt_s", other);
  }

  not(): Integers {
    return new Integers(this.op("v128.not"));
  }

  /** The bits of each lane moved up. */
  up(places: number): Integers {
    return new Integers(this.shift("i32x4.shl", places));
  }

  /** The bits of each lane moved down, below zeros. */
  down(places: number): Integers {
    return new Integers(this.shift("i32x4.shr_u", places));
  }

  /** The bits of each lane moved down, below copies of the highest. */
  downSigned(places: number): Integers {
    return new Integers(this.shift("i32x4.shr_s", places));
  }

  /** The bits of all lanes moved up by what one lane of `places` says, modulo 32. */
  upBy(places: Integers, lane: number): Integers {
    return this.#shiftBy("i32x4.shl", places, lane);
  }

  /** The bits of all lanes moved down, below zeros, by what one lane of `places` says, modulo 32. */
  downBy(places: Integers, lane: number): Integers {
    return this.#shiftBy("i32x4.shr_u", places, lane);
  }

  #shiftBy(name: Instruction, places: Integers, lane: number): Integers {
    return new Integers(node((code) => code.op("i32x4.extract_lane", lane).op(name), [this, places]));
  }

  /** The bits of each lane moved round. */
  round(places: number): Integers {
    return this.up(places).or(this.down(32 - places));
  }

  /** The numbers (int32), rounded to float32. */
  toFloats(): Floats {
    return new Floats(this.op("f32x4.convert_i32x4_s"));
  }

  /** The first two numbers (int32). */
  low(): Doubles {
    return new Doubles(this.op("f64x2.convert_low_i32x4_s"));
  }

  /** The last two numbers (int32). */
  high(): Doubles {
    return this.lanes(this, 2, 3, 0, 1).bits().low();
  }

  /** This being a mask: `yes` where it is set, else `no`. */
  choose<T extends Vector>(yes: T, no: T): T {
    return new (yes.constructor as new (node: Node) => T)(Vector.op("v128.bitselect", [yes, no, this]).node);
  }
}
