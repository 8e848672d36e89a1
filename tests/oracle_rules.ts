/**
 * The oracle's rules: a plain one for every primitive, in float64. What is kept from one call to the next is where a node finds
 * its elements, which its shape tells.
 *
 * float32 values are carried in float64 without rounding; int32 and uint32 wrap as 32-bit integers; bool is 0 or 1.
 */

import type { Node, NodeOf } from "../lib/graph/node.ts";
import type { OpName } from "../lib/graph/primitives.ts";
import { type DType, type Shape, sizeOf } from "../lib/graph/types.ts";

/** A value: its numbers, row-major, and the shape to read them with. */
export interface Value {
  data: Float64Array;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A primitive's numbers. */
export type Rule<K extends OpName> = (node: NodeOf<K>, inputs: readonly Value[]) => Float64Array;

// Indexing.

function ravel(index: readonly number[], shape: Shape): number {
  return index.reduce((flat, i, axis) => flat * shape[axis]! + i, 0);
}

function at(x: Value, index: readonly number[]): number {
  return x.data[ravel(index, x.shape)]!;
}

/** Calls `visit` with every multi-index of `shape`, in row-major order. */
function forEachIndex(shape: Shape, visit: (index: number[], flat: number) => void): void {
  const index = shape.map(() => 0);
  for (let flat = 0; flat < sizeOf(shape); flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

function build(shape: Shape, element: (index: number[]) => number): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  forEachIndex(shape, (index, flat) => out[flat] = element(index));
  return out;
}

function replaced(index: readonly number[], axis: number, i: number): number[] {
  return index.map((old, a) => a === axis ? i : old);
}

/** Places in the numbers of a node's inputs, or of its result: they do not change with the numbers. */
const known = new WeakMap<Node, Int32Array>();

function places(node: Node, find: () => Float64Array): Int32Array {
  let found = known.get(node);
  if (!found) known.set(node, found = Int32Array.from(find()));
  return found;
}

/** The elements of `data` that a node's elements are, each told by its index; `otherwise` where there is none (-1). */
function gathered(node: Node, data: Float64Array, source: (index: number[]) => number, otherwise = 0): Float64Array {
  const from = places(node, () => build(node.shape, source));
  const out = new Float64Array(from.length);
  for (let i = 0; i < out.length; i++) out[i] = from[i]! < 0 ? otherwise : data[from[i]!]!;
  return out;
}

// Numbers.

function bool(value: boolean): number {
  return value ? 1 : 0;
}

/** Wraps to the dtype's range; floats truncate on their way to integers. */
function convert(value: number, dtype: DType): number {
  switch (dtype) {
    case "float32":
      return value;
    case "int32":
      return Math.trunc(value) | 0;
    case "uint32":
      return Math.trunc(value) >>> 0;
    case "bool":
      return bool(value !== 0);
  }
}

/** A float32 number held to the range of an integer dtype; NaN is 0 there. */
function held(value: number, dtype: DType): number {
  if (dtype === "float32" || dtype === "bool") return value;
  const [least, most] = dtype === "int32" ? [-(2 ** 31), 2 ** 31 - 128] : [0, 2 ** 32 - 256];
  return Number.isNaN(value) ? 0 : Math.min(most, Math.max(least, value));
}

/** Abramowitz and Stegun 7.1.6: a series of positive terms. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function roundHalfToEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** As C and PyTorch have it: 1 to any power is 1, also to NaN. */
function power(a: number, b: number): number {
  return a === 1 ? 1 : Math.pow(a, b);
}

/**
 * Threefry-2x32 with 20 rounds: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).
 */
export function threefry2x32(key: readonly [number, number], counter: readonly [number, number]): [number, number] {
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
  const keys = [key[0], key[1], 0x1BD11BDA ^ key[0] ^ key[1]];
  let x = (counter[0] + key[0]) | 0;
  let y = (counter[1] + key[1]) | 0;
  for (let round = 0; round < 20; round++) {
    const r = rotations[round % 8]!;
    x = (x + y) | 0;
    y = ((y << r) | (y >>> (32 - r))) ^ x;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x = (x + keys[injection % 3]!) | 0;
      y = (y + keys[(injection + 1) % 3]! + injection) | 0;
    }
  }
  return [x >>> 0, y >>> 0];
}

// Rules that many primitives share.

function unary<K extends OpName>(f: (x: number, dtype: DType) => number): Rule<K> {
  return (node, [x]) => {
    const { data, dtype } = x!;
    const out = new Float64Array(data.length);
    for (let i = 0; i < out.length; i++) out[i] = f(data[i]!, dtype);
    return node.dtype === "float32" ? out : out.map((x) => convert(x, node.dtype));
  };
}

function binary<K extends OpName>(f: (a: number, b: number, dtype: DType) => number): Rule<K> {
  return (node, [a, b]) => {
    const { data, dtype } = a!;
    const out = new Float64Array(data.length);
    const other = b!.data;
    for (let i = 0; i < out.length; i++) out[i] = f(data[i]!, other[i]!, dtype);
    return node.dtype === "float32" ? out : out.map((x) => convert(x, node.dtype));
  };
}

function reduce(node: Node, x: Value, combine: (a: number, b: number) => number): Float64Array {
  const { shape } = node;
  const into = places(
    node,
    () => build(x.shape, (index) => ravel(index.map((i, axis) => shape[axis] === 1 ? 0 : i), shape)),
  );
  const out = new Float64Array(sizeOf(shape));
  const seen = new Uint8Array(out.length);
  for (let i = 0; i < into.length; i++) {
    const target = into[i]!;
    out[target] = seen[target] ? combine(out[target]!, x.data[i]!) : x.data[i]!;
    seen[target] = 1;
  }
  return out;
}

function largestIndex(x: Value, index: readonly number[], axis: number): number {
  let best = 0;
  for (let i = 1; i < x.shape[axis]!; i++) {
    const [top, other] = [at(x, replaced(index, axis, best)), at(x, replaced(index, axis, i))];
    if (other > top || (Number.isNaN(other) && !Number.isNaN(top))) best = i;
  }
  return best;
}

/** The place of the entry that `index` names in the order along `axis`. */
function placeInOrder(x: Value, index: readonly number[], axis: number, descending: boolean): number {
  const key = (i: number): number => {
    const value = at(x, replaced(index, axis, i));
    const held = Number.isNaN(value) ? Infinity : value;
    return descending ? -held : held;
  };
  const places = Array.from({ length: x.shape[axis]! }, (_, i) => i);
  return places.sort((i, j) => key(i) === key(j) ? i - j : key(i) < key(j) ? -1 : 1)[index[axis]!]!;
}

function runningSum(x: Value, axis: number, reverse: boolean): Float64Array {
  const out = new Float64Array(x.data.length);
  const visits: [number[], number][] = [];
  forEachIndex(x.shape, (index, flat) => visits.push([[...index], flat]));
  const last = reverse ? x.shape[axis]! - 1 : 0;
  for (const [index, flat] of reverse ? visits.reverse() : visits) {
    const neighbour = replaced(index, axis, index[axis]! + (reverse ? 1 : -1));
    const before = index[axis] === last ? 0 : out[ravel(neighbour, x.shape)]!;
    out[flat] = convert(before + x.data[flat]!, x.dtype);
  }
  return out;
}

function checkedIndex(i: number, size: number): number {
  if (!(i >= -size && i < size)) throw new RangeError(`index ${i} is outside [${-size}, ${size}).`);
  return i < 0 ? i + size : i;
}

// The table.

/** How each primitive makes its numbers of those of its inputs; a scan and its outputs are run by `oracle.ts`. */
export const rules: { readonly [K in OpName]: Rule<K> } = {
  input: (node) => {
    const host = node.value?.host;
    if (!host) throw new Error(`the oracle was given no numbers for input \`${node.attrs.name ?? node.id}\`.`);
    return Float64Array.from(host);
  },
  full: (node) => new Float64Array(sizeOf(node.shape)).fill(convert(node.attrs.value, node.dtype)),
  iota: (node) => build(node.shape, (index) => index[node.attrs.axis]!),
  randomBits: (node, [key]) =>
    Float64Array.from(
      { length: sizeOf(node.shape) },
      (_, i) => threefry2x32([key!.data[0]!, key!.data[1]!], [Math.floor(i / 2), 0])[i % 2]!,
    ),

  neg: unary((x) => -x),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
  exp: unary(Math.exp),
  exp2: unary((x) => 2 ** x),
  expm1: unary(Math.expm1),
  log: unary(Math.log),
  log1p: unary(Math.log1p),
  sqrt: unary(Math.sqrt),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tan: unary(Math.tan),
  asin: unary(Math.asin),
  acos: unary(Math.acos),
  atan: unary(Math.atan),
  tanh: unary(Math.tanh),
  erf: unary(erf),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  relu: unary((x) => x < 0 ? 0 : x),
  floor: unary(Math.floor),
  ceil: unary(Math.ceil),
  round: unary(roundHalfToEven),
  not: unary((x) => bool(x === 0)),
  isNaN: unary((x) => bool(Number.isNaN(x))),
  cast: (node, [x]) => x!.data.map((v) => convert(x!.dtype === "float32" ? held(v, node.dtype) : v, node.dtype)),
  stopGradient: unary((x) => x),

  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b, dtype) => dtype === "int32" ? Math.imul(a, b) : a * b),
  div: binary((a, b, dtype) => dtype === "int32" && b === 0 ? 0 : a / b),
  pow: binary(power),
  maximum: binary((a, b) => Math.max(a, b)),
  minimum: binary((a, b) => Math.min(a, b)),
  and: binary((a, b) => a * b),
  or: binary((a, b) => bool(a + b > 0)),
  bitAnd: binary((a, b) => a & b),
  bitOr: binary((a, b) => a | b),
  bitXor: binary((a, b) => a ^ b),
  shiftLeft: binary((a, b) => a << b),
  shiftRight: binary((a, b) => a >>> b),
  less: binary((a, b) => bool(a < b)),
  lessEqual: binary((a, b) => bool(a <= b)),
  equal: binary((a, b) => bool(a === b)),
  where: (_, [condition, a, b]) => condition!.data.map((c, i) => c === 1 ? a!.data[i]! : b!.data[i]!),

  sum: (node, [x]) => reduce(node, x!, (a, b) => convert(a + b, x!.dtype)),
  max: (node, [x]) => reduce(node, x!, Math.max),
  min: (node, [x]) => reduce(node, x!, Math.min),
  argmax: (node, [x]) => build(node.shape, (index) => largestIndex(x!, index, node.attrs.axis)),
  argsort: (node, [x]) => build(node.shape, (index) => placeInOrder(x!, index, node.attrs.axis, node.attrs.descending)),
  cumsum: (node, [x]) => runningSum(x!, node.attrs.axis, node.attrs.reverse),

  reshape: (_, [x]) => x!.data,
  permute: (node, [x]) =>
    gathered(node, x!.data, (index) => {
      const source: number[] = [];
      node.attrs.perm.forEach((p, i) => source[p] = index[i]!);
      return ravel(source, x!.shape);
    }),
  expand: (node, [x]) =>
    gathered(node, x!.data, (index) => ravel(index.map((i, axis) => x!.shape[axis] === 1 ? 0 : i), x!.shape)),
  slice: (node, [x]) => {
    const { starts, steps } = node.attrs;
    return gathered(
      node,
      x!.data,
      (index) => ravel(index.map((i, axis) => starts[axis]! + i * steps[axis]!), x!.shape),
    );
  },
  pad: (node, [x]) => {
    const source = (index: number[]): number => {
      const inner = index.map((i, axis) => i - node.attrs.before[axis]!);
      return inner.every((i, axis) => i >= 0 && i < x!.shape[axis]!) ? ravel(inner, x!.shape) : -1;
    };
    return gathered(node, x!.data, source, convert(node.attrs.value, node.dtype));
  },
  concat: (node, parts) => {
    const { axis } = node.attrs;
    const firsts = [0];
    for (const { data } of parts) firsts.push(firsts.at(-1)! + data.length);
    const all = new Float64Array(firsts.at(-1)!);
    parts.forEach(({ data }, i) => all.set(data, firsts[i]));
    return gathered(node, all, (index) => {
      let i = index[axis]!;
      const part = parts.findIndex((x) => i < x.shape[axis]! || (i -= x.shape[axis]!, false));
      return firsts[part]! + ravel(replaced(index, axis, i), parts[part]!.shape);
    });
  },
  flip: (node, [x]) =>
    gathered(
      node,
      x!.data,
      (index) => ravel(index.map((i, axis) => node.attrs.axes.includes(axis) ? x!.shape[axis]! - 1 - i : i), x!.shape),
    ),

  unfold: (node, [x]) => {
    const { axis, step, dilation } = node.attrs;
    return gathered(node, x!.data, (index) => {
      const inner = index.at(-1)!;
      return ravel(index.slice(0, -1).map((i, k) => k === axis ? i * step + inner * dilation : i), x!.shape);
    });
  },
  take: (node, [x, indices]) => {
    const { axis } = node.attrs;
    const [size, inner] = [x!.shape[axis]!, sizeOf(x!.shape.slice(axis + 1))];
    const rows = Array.from(indices!.data, (i) => checkedIndex(i, size) * inner);
    const out = new Float64Array(sizeOf(node.shape));
    for (let first = 0, to = 0; to < out.length; first += size * inner) {
      for (const row of rows) for (let i = 0; i < inner; i++) out[to++] = x!.data[first + row + i]!;
    }
    return out;
  },
  takeAlongAxis: (node, [x, indices]) => {
    const { axis } = node.attrs;
    return build(node.shape, (index) => {
      const i = checkedIndex(at(indices!, index), x!.shape[axis]!);
      return at(x!, replaced(index, axis, i));
    });
  },
  scatterAdd: (node, [x, indices, source]) => {
    const { axis } = node.attrs;
    const out = x!.data.slice();
    forEachIndex(indices!.shape, (index, flat) => {
      const i = checkedIndex(indices!.data[flat]!, x!.shape[axis]!);
      out[ravel(replaced(index, axis, i), x!.shape)]! += source!.data[flat]!;
    });
    return out;
  },

  convolution: (node, [x, w]) => {
    const { stride, padding, dilation, groups } = node.attrs;
    const [filters, each, height, width] = w!.shape as [number, number, number, number];
    return build(node.shape, ([image, filter, row, column]) => {
      const group = Math.floor(filter! / (filters / groups));
      let sum = 0;
      forEachIndex([each, height, width], ([channel, i, j]) => {
        const y = row! * stride[0] + i! * dilation[0] - padding[0][0];
        const z = column! * stride[1] + j! * dilation[1] - padding[1][0];
        const isPadding = y < 0 || y >= x!.shape[2]! || z < 0 || z >= x!.shape[3]!;
        // Padding is zeros that count: 0 x Infinity is NaN.
        const value = isPadding ? 0 : at(x!, [image!, group * each + channel!, y, z]);
        sum += value * at(w!, [filter!, channel!, i!, j!]);
      });
      return sum;
    });
  },
  matmul: (node, [a, b]) => {
    const { transA, transB } = node.attrs;
    const [m, n] = node.shape.slice(-2) as [number, number];
    const inner = a!.shape.at(transA ? -2 : -1)!;
    // How far elements are apart that are neighbours along an axis of a factor.
    const [row, alongA] = transA ? [1, m] : [inner, 1];
    const [alongB, column] = transB ? [1, inner] : [n, 1];
    const out = new Float64Array(sizeOf(node.shape));
    for (let at = 0; at < out.length; at++) {
      const batch = Math.floor(at / (m * n));
      const left = batch * m * inner + Math.floor(at / n) % m * row;
      const right = batch * inner * n + at % n * column;
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a!.data[left + k * alongA]! * b!.data[right + k * alongB]!;
      out[at] = sum;
    }
    return out;
  },

  scan: () => {
    throw new Error("a scan has no value of its own; its outputs have.");
  },
  output: () => {
    throw new Error("an output takes its value from its scan.");
  },
};
