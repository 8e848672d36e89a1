/**
 * The host stage: random bits whose keys come from inputs are drawn before the session runs. In a graph Threefry is two
 * hundred operations; here it is a loop.
 */

import { type Node, topological } from "../../graph/node.ts";
import { randomBits } from "../../graph/threefry.ts";
import { type Shape, sizeOf, type TypedArray } from "../../graph/types.ts";

const movement: ReadonlySet<Node["op"]> = new Set(["slice", "reshape", "concat", "permute", "expand", "take"]);

/** The nodes of `outputs` that can be computed here: uint32, and made from inputs by movement and random bits only. */
export function hostNodes(outputs: readonly Node[]): Set<Node> {
  const found = new Set<Node>();
  for (const node of topological(outputs)) {
    const able = node.op === "input" || node.op === "randomBits" || movement.has(node.op);
    const leaf = node.op === "input" && (node.dtype === "uint32" || node.dtype === "int32");
    if (leaf || (able && node.dtype === "uint32" && node.inputs.every((x) => found.has(x)))) found.add(node);
  }
  return found;
}

/** The strides of a dense row-major array. */
function stridesOf(shape: Shape): number[] {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** Reads `x` at start + sum of index * stride, for every index of `shape`. */
function gather(x: TypedArray, shape: Shape, start: number, strides: readonly number[]): Uint32Array {
  const out = new Uint32Array(sizeOf(shape));
  const index = shape.map(() => 0);
  let at = start;
  for (let i = 0; i < out.length; i++) {
    out[i] = x[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** Blocks of each input in turn, for every position in front of the axis. */
function join(node: Node, axis: number, x: readonly TypedArray[]): Uint32Array {
  const out = new Uint32Array(sizeOf(node.shape));
  const blocks = node.inputs.map((input) => sizeOf(input.shape.slice(axis)));
  const outer = sizeOf(node.shape.slice(0, axis));
  let at = 0;
  for (let i = 0; i < outer; i++) {
    x.forEach((data, k) => {
      out.set(data.subarray(i * blocks[k]!, (i + 1) * blocks[k]!), at);
      at += blocks[k]!;
    });
  }
  return out;
}

function pick(node: Node, axis: number, [data, indices]: readonly TypedArray[]): Uint32Array {
  const shape = node.inputs[0]!.shape;
  const block = sizeOf(shape.slice(axis + 1));
  const size = shape[axis]!;
  const out = new Uint32Array(sizeOf(node.shape));
  let at = 0;
  for (let i = 0; i < sizeOf(shape.slice(0, axis)); i++) {
    for (const index of indices!) {
      if (index < 0 || index >= size) throw new RangeError(`indices element out of data bounds: ${index} of ${size}`);
      const from = (i * size + index) * block;
      out.set(data!.subarray(from, from + block), at);
      at += block;
    }
  }
  return out;
}

/** The numbers of a node of {@linkcode hostNodes}, from those of its inputs. */
export function evaluateHost(node: Node, x: readonly TypedArray[]): Uint32Array {
  const data = x[0]!;
  const strides = stridesOf(node.inputs[0]!.shape);
  switch (node.op) {
    case "randomBits":
      return randomBits(data as Uint32Array, sizeOf(node.shape));
    case "reshape":
      return data as Uint32Array;
    case "slice": {
      const { starts, steps } = node.attrs;
      const start = starts.reduce((sum, n, i) => sum + n * strides[i]!, 0);
      return gather(data, node.shape, start, strides.map((n, i) => n * steps[i]!));
    }
    case "permute":
      return gather(data, node.shape, 0, node.attrs.perm.map((p) => strides[p]!));
    case "expand":
      return gather(data, node.shape, 0, strides.map((n, i) => node.inputs[0]!.shape[i] === 1 ? 0 : n));
    case "concat":
      return join(node, node.attrs.axis, x);
    case "take":
      return pick(node, node.attrs.axis, x);
    default:
      throw new Error(`the host stage cannot compute ${node.op}.`);
  }
}
