/** The oracle against numbers worked out by hand and published tables. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import { makeNode, type Node, type NodeAttrs, placeholder } from "../lib/graph/node.ts";
import type { BinaryName, OpName, UnaryName } from "../lib/graph/primitives.ts";
import { makeScan } from "../lib/graph/scan.ts";
import { aval, type DType, type Shape } from "../lib/graph/types.ts";
import { erf, interpret, threefry2x32 } from "./oracle.ts";

interface Operand {
  readonly data: readonly number[];
  readonly shape: Shape;
  readonly dtype: DType;
}

function floats(data: readonly number[], shape: Shape = [data.length]): Operand {
  return { data, shape, dtype: "float32" };
}

function ints(data: readonly number[], shape: Shape = [data.length]): Operand {
  return { data, shape, dtype: "int32" };
}

function apply<K extends OpName>(op: K, operands: readonly Operand[], attrs: NodeAttrs<K>): number[] {
  const inputs = operands.map((x) => placeholder(aval(x.dtype, x.shape)));
  const [value] = interpret({ inputs, outputs: [makeNode(op, inputs, attrs)] }, operands.map((x) => x.data));
  return [...value!];
}

function applyUnary(op: UnaryName, data: readonly number[], dtype: DType = "float32"): number[] {
  return apply(op, [{ data, shape: [data.length], dtype }], {});
}

function applyBinary(op: BinaryName, a: readonly number[], b: readonly number[], dtype: DType = "float32"): number[] {
  return apply(op, [a, b].map((data) => ({ data, shape: [data.length], dtype })), {});
}

function near(actual: readonly number[], expected: readonly number[], tolerance = 1e-15): void {
  equal(actual.length, expected.length);
  actual.forEach((x, i) => ok(Math.abs(x - expected[i]!) <= tolerance, `element ${i}: ${x} is not ${expected[i]}`));
}

const matrix = floats([1, 2, 3, 4, 5, 6], [2, 3]);

Deno.test("the oracle's erf agrees with Abramowitz and Stegun, table 7.1", () => {
  near(
    [0, 0.02, 0.5, 1, 1.5, 2, -1, 6.5].map(erf),
    [0, 0.0225645747, 0.5204998778, 0.8427007929, 0.9661051465, 0.9953222650, -0.8427007929, 1],
    6e-11,
  );
});

Deno.test("the oracle's Threefry-2x32-20 agrees with the known answers of Random123", () => {
  equal(threefry2x32([0, 0], [0, 0]), [0x6b200159, 0x99ba4efe]);
  equal(threefry2x32([0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff]), [0x1cb996fc, 0xbb002be7]);
  equal(threefry2x32([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3]), [0xc4923a9c, 0x483df7a0]);
});

Deno.test("randomBits in the oracle uses counter words (floor(i / 2), 0) and word i % 2 of the result", () => {
  const key = { data: [7, 9], shape: [2], dtype: "uint32" } as const;
  const expected = [...threefry2x32([7, 9], [0, 0]), ...threefry2x32([7, 9], [1, 0]), threefry2x32([7, 9], [2, 0])[0]];
  equal(apply("randomBits", [key], { shape: [5] }), expected);
});

Deno.test("elementwise functions in the oracle agree with published values", () => {
  near(applyUnary("exp", [0, 1]), [1, Math.E]);
  near(applyUnary("tan", [Math.PI / 4]), [1]);
  near(applyUnary("asin", [0.5]), [Math.PI / 6]);
  near(applyUnary("acos", [0.5]), [Math.PI / 3]);
  near(applyUnary("atan", [1]), [Math.PI / 4]);
  near(applyUnary("tanh", [0.5]), [0.46211715726000975]);
  near(applyUnary("sigmoid", [0, Math.log(3)]), [0.5, 0.75]);
  near(applyUnary("softplus", [0, 1000, -1000]), [Math.LN2, 1000, 0]);
  near(applyUnary("expm1", [1e-10]), [1.00000000005e-10], 1e-25);
  near(applyUnary("log1p", [1e-10]), [9.9999999995e-11], 1e-25);
  near(applyUnary("log", [Math.E]), [1]);
  near(applyUnary("sqrt", [2]), [Math.SQRT2]);
  near(applyUnary("sin", [Math.PI / 6]), [0.5]);
  near(applyUnary("cos", [Math.PI / 3]), [0.5]);
});

Deno.test("round in the oracle takes halves to even", () => {
  near(applyUnary("round", [0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6]), [0, 2, 2, 0, -2, 2, -3]);
  near(applyUnary("floor", [1.7, -1.2]), [1, -2]);
  near(applyUnary("ceil", [1.2, -1.7]), [2, -1]);
});

Deno.test("sign, abs, neg and relu in the oracle", () => {
  near(applyUnary("sign", [-3, 0, 2]), [-1, 0, 1]);
  near(applyUnary("abs", [-3, 0, 2]), [3, 0, 2]);
  near(applyUnary("neg", [-3, 2]), [3, -2]);
  near(applyUnary("relu", [-3, 0, 2]), [0, 0, 2]);
  equal(applyUnary("neg", [-(2 ** 31)], "int32"), [-(2 ** 31)]);
});

Deno.test("arithmetic in the oracle wraps int32 and truncates its quotient", () => {
  const big = 2 ** 31 - 1;
  equal(applyBinary("add", [big], [1], "int32"), [-(2 ** 31)]);
  equal(applyBinary("sub", [-(2 ** 31)], [1], "int32"), [big]);
  equal(applyBinary("mul", [123456789], [987654321], "int32"), [-67153019]);
  equal(applyBinary("div", [7, -7, 7], [2, 2, -2], "int32"), [3, -3, -3]);
  equal(applyBinary("div", [7, -7], [2, 2]), [3.5, -3.5]);
});

Deno.test("pow, maximum and minimum in the oracle treat NaN as PyTorch does", () => {
  equal(applyBinary("pow", [2, 1, -8, -2, 0], [3, NaN, 1 / 3, 3, 0]), [8, 1, NaN, -8, 1]);
  equal(applyBinary("maximum", [1, NaN, 3], [2, 1, NaN]), [2, NaN, NaN]);
  equal(applyBinary("minimum", [1, NaN, 3], [2, 1, NaN]), [1, NaN, NaN]);
});

Deno.test("uint32 operations in the oracle stay unsigned", () => {
  equal(applyBinary("bitAnd", [0xf0f0f0f0], [0xff00ff00], "uint32"), [0xf000f000]);
  equal(applyBinary("bitOr", [0xf0f0f0f0], [0x0f000000], "uint32"), [0xfff0f0f0]);
  equal(applyBinary("bitXor", [0xffffffff], [1], "uint32"), [0xfffffffe]);
  equal(applyBinary("shiftLeft", [0xffffffff], [31], "uint32"), [0x80000000]);
  equal(applyBinary("shiftRight", [0xffffffff, 5], [31, 0], "uint32"), [1, 5]);
});

Deno.test("comparison and logic in the oracle give 0 and 1", () => {
  equal(applyBinary("less", [1, 2, NaN], [2, 2, 1]), [1, 0, 0]);
  equal(applyBinary("lessEqual", [1, 2, NaN], [2, 2, 1]), [1, 1, 0]);
  equal(applyBinary("equal", [1, 2, NaN], [2, 2, NaN]), [0, 1, 0]);
  equal(applyBinary("and", [0, 0, 1, 1], [0, 1, 0, 1], "bool"), [0, 0, 0, 1]);
  equal(applyBinary("or", [0, 0, 1, 1], [0, 1, 0, 1], "bool"), [0, 1, 1, 1]);
  equal(applyUnary("not", [0, 1], "bool"), [1, 0]);
  equal(applyUnary("isNaN", [0, NaN, Infinity]), [0, 1, 0]);
  const condition = { data: [1, 0], shape: [2], dtype: "bool" } as const;
  equal(apply("where", [condition, floats([1, NaN]), floats([NaN, 2])], {}), [1, 2]);
});

Deno.test("cast in the oracle truncates towards zero, wraps, and calls everything but 0 true", () => {
  equal(apply("cast", [floats([1.9, -1.9])], { dtype: "int32" }), [1, -1]);
  equal(apply("cast", [floats([0, -0.5, NaN])], { dtype: "bool" }), [0, 1, 1]);
  equal(apply("cast", [ints([-1])], { dtype: "uint32" }), [0xffffffff]);
  const bits = { data: [0xffffffff], shape: [1], dtype: "uint32" } as const;
  equal(apply("cast", [bits], { dtype: "int32" }), [-1]);
  equal(apply("cast", [bits], { dtype: "float32" }), [0xffffffff]);
});

Deno.test("reductions in the oracle keep the reduced axes with size 1", () => {
  equal(apply("sum", [matrix], { axes: [0] }), [5, 7, 9]);
  equal(apply("sum", [matrix], { axes: [1] }), [6, 15]);
  equal(apply("sum", [matrix], { axes: [0, 1] }), [21]);
  equal(apply("max", [floats([3, 1, NaN, 5], [2, 2])], { axes: [1] }), [3, NaN]);
  equal(apply("min", [matrix], { axes: [0, 1] }), [1]);
  equal(apply("argmax", [ints([2, 5, 5, 1, 1, 1], [2, 3])], { axis: 1 }), [1, 0]);
  equal(apply("cumsum", [matrix], { axis: 1, reverse: false }), [1, 3, 6, 4, 9, 15]);
  equal(apply("cumsum", [matrix], { axis: 0, reverse: true }), [5, 7, 9, 4, 5, 6]);
});

Deno.test("movement in the oracle", () => {
  equal(apply("reshape", [matrix], { shape: [3, 2], axes: [null, null] }), [1, 2, 3, 4, 5, 6]);
  equal(apply("permute", [matrix], { perm: [1, 0] }), [1, 4, 2, 5, 3, 6]);
  equal(apply("expand", [floats([1, 2], [2, 1])], { shape: [2, 3], axes: [null, null] }), [1, 1, 1, 2, 2, 2]);
  equal(apply("slice", [matrix], { starts: [0, 0], ends: [2, 3], steps: [1, 2] }), [1, 3, 4, 6]);
  equal(apply("pad", [matrix], { before: [0, 1], after: [0, 0], value: 9 }), [9, 1, 2, 3, 9, 4, 5, 6]);
  equal(apply("concat", [matrix, floats([7, 8], [2, 1])], { axis: 1 }), [1, 2, 3, 7, 4, 5, 6, 8]);
  equal(apply("flip", [matrix], { axes: [1] }), [3, 2, 1, 6, 5, 4]);
  equal(apply("iota", [], { shape: [2, 3], axis: 1 }), [0, 1, 2, 0, 1, 2]);
  equal(apply("full", [], { aval: aval("float32", [2]), value: 0.1 }), [0.1, 0.1]);
  const three = permuted([2, 3, 4], [2, 0, 1]);
  equal(three.slice(0, 6), [0, 4, 8, 12, 16, 20]);
});

function permuted(shape: Shape, perm: readonly number[]): number[] {
  const count = shape.reduce((a, b) => a * b, 1);
  return apply("permute", [floats(Array.from({ length: count }, (_, i) => i), shape)], { perm });
}

Deno.test("indexing in the oracle, with repeated indices", () => {
  equal(apply("take", [matrix, ints([2, 0, 2])], { axis: 1 }), [3, 1, 3, 6, 4, 6]);
  equal(apply("takeAlongAxis", [matrix, ints([2, 0], [2, 1])], { axis: 1 }), [3, 4]);
  const source = floats([10, 20, 30, 40], [2, 2]);
  equal(apply("scatterAdd", [matrix, ints([1, 1, 0, 2], [2, 2]), source], { axis: 1 }), [1, 32, 3, 34, 5, 46]);
  equal(apply("take", [matrix, ints([-1, -3, 1])], { axis: 1 }), [3, 1, 2, 6, 4, 5]);
  equal(apply("takeAlongAxis", [matrix, ints([-1, -3], [2, 1])], { axis: 1 }), [3, 4]);
  equal(apply("scatterAdd", [matrix, ints([-2, 1, -3, 2], [2, 2]), source], { axis: 1 }), [1, 32, 3, 34, 5, 46]);
  throws(() => apply("take", [matrix, ints([-4])], { axis: 1 }), RangeError);
  throws(() => apply("take", [matrix, ints([3])], { axis: 1 }), RangeError);
});

Deno.test("matmul in the oracle, with and without transposes and batches", () => {
  const right = floats([1, 0, 0, 1, 1, 1], [3, 2]);
  equal(apply("matmul", [matrix, right], { transA: false, transB: false }), [4, 5, 10, 11]);
  equal(apply("matmul", [matrix, matrix], { transA: false, transB: true }), [14, 32, 32, 77]);
  equal(apply("matmul", [matrix, matrix], { transA: true, transB: false }), [17, 22, 27, 22, 29, 36, 27, 36, 45]);
  const batch = floats([1, 2, 3, 4], [2, 1, 2]);
  equal(apply("matmul", [batch, batch], { transA: false, transB: true }), [5, 25]);
});

function cumulative(reverse: boolean, length = 3): { inputs: Node[]; outputs: Node[] } {
  const inputs = [placeholder(aval("float32", [])), placeholder(aval("float32", [length]))];
  const { carries, ys, history } = makeScan({
    init: [inputs[0]!],
    xs: [inputs[1]!],
    length,
    reverse,
    step: ([c], [x]) => {
      const next = makeNode("add", [c!, x!], {});
      return { carries: [next], ys: [makeNode("mul", [next, x!], {})] };
    },
  });
  return { inputs, outputs: [...carries, ...ys, ...history] };
}

Deno.test("scan in the oracle gives final carries, ys and the carries that each step received", () => {
  equal(interpret(cumulative(false), [[10], [1, 2, 3]]).map((x) => [...x]), [[16], [11, 26, 48], [10, 11, 13]]);
});

Deno.test("scan in the oracle runs from the last step to the first when reversed", () => {
  equal(interpret(cumulative(true), [[10], [1, 2, 3]]).map((x) => [...x]), [[16], [16, 30, 39], [15, 13, 10]]);
});

Deno.test("scan in the oracle with no steps gives its initial carries", () => {
  equal(interpret(cumulative(false, 0), [[10], []]).map((x) => [...x]), [[10], [], []]);
});

Deno.test("a scan inside a scan in the oracle, with a value captured from outside", () => {
  const [start, factor] = [placeholder(aval("float32", [])), placeholder(aval("float32", []))];
  const repeat = (init: Node, length: number, step: (x: Node) => Node): Node =>
    makeScan({ init: [init], xs: [], length, reverse: false, step: ([x]) => ({ carries: [step(x!)], ys: [] }) })
      .carries[0]!;
  const twice = (x: Node): Node => repeat(x, 2, (y) => makeNode("mul", [y, factor], {}));
  const result = repeat(start, 3, (x) => makeNode("add", [twice(x), start], {}));
  // 1 -> 1 * 9 + 1 = 10 -> 91 -> 820
  equal(interpret({ inputs: [start, factor], outputs: [result] }, [[1], [3]]).map((x) => [...x]), [[820]]);
});

Deno.test("the oracle refuses an input without numbers and numbers of the wrong size", () => {
  const x = placeholder(aval("float32", [2]), "x");
  throws(() => interpret({ inputs: [], outputs: [makeNode("neg", [x], {})] }, []), /no numbers for input `x`/);
  throws(() => interpret({ inputs: [x], outputs: [x] }, [[1, 2, 3]]), /3 numbers/);
});
