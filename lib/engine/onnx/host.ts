/**
 * The host stage: random bits whose keys come from inputs are drawn before the session runs. In a graph Threefry is two
 * hundred operations; here it is a loop.
 */

import { outsideParts } from "../../graph/indices.ts";
import { type Node, type NodeOf, topological } from "../../graph/node.ts";
import { scanOutputs } from "../../graph/primitives.ts";
import { randomBits } from "../../graph/threefry.ts";
import { type Shape, sizeOf, type TypedArray } from "../../graph/types.ts";
import { RunError } from "../run_error.ts";

const movement: ReadonlySet<Node["op"]> = new Set(["slice", "reshape", "concat", "permute", "expand", "take"]);

/** Whether a node may be an input of the host stage: keys, or indices of keys. */
export function isHostLeaf(node: Node): boolean {
  return node.op === "input" && (node.dtype === "uint32" || node.dtype === "int32");
}

/** Whether a node can be computed here from inputs that can: uint32, and made by movement, random bits and loops of them. */
export function isHost(node: Node, known: (x: Node) => boolean): boolean {
  if (node.op === "input" || !node.inputs.every(known)) return false;
  if (node.op === "scan") return isHostLoop(node);
  return node.dtype === "uint32" && (node.op === "randomBits" || node.op === "output" || movement.has(node.op));
}

function isHostLoop({ attrs: { body } }: NodeOf<"scan">): boolean {
  const found = new Set<Node>();
  for (const node of topological(body.outputs)) {
    const leaf = isHostLeaf(node) && body.inputs.includes(node);
    if (leaf || isHost(node, (x) => found.has(x))) found.add(node);
  }
  return body.outputs.every((x) => found.has(x) && x.dtype === "uint32");
}

/** The nodes that `outputs` need and that can be computed here. */
export function hostNodes(outputs: readonly Node[]): Set<Node> {
  const found = new Set<Node>();
  for (const node of topological(outputs)) {
    if (isHostLeaf(node) || isHost(node, (x) => found.has(x))) found.add(node);
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
      const place = index < 0 ? index + size : index;
      if (place < 0 || place >= size) throw new RunError(node, (x) => outsideParts(x, index, size));
      const from = (i * size + place) * block;
      out.set(data!.subarray(from, from + block), at);
      at += block;
    }
  }
  return out;
}

/** One pass over the steps; gives what `scanOutputs` lists. */
function loop({ attrs }: NodeOf<"scan">, x: readonly TypedArray[]): TypedArray[] {
  const { body, carries, xs, length, reverse } = attrs;
  const results = scanOutputs(attrs).map(({ shape }) => new Uint32Array(sizeOf(shape)));
  const order = topological(body.outputs).filter((node) => !body.inputs.includes(node));
  const values = new Map<Node, HostValue>(body.inputs.map((node, i) => [node, x[i]!]));
  const put = (into: TypedArray, step: number, data: TypedArray): void => into.set(data, step * data.length);
  const of = (node: Node): TypedArray => values.get(node) as TypedArray;
  for (let i = 0; i < length; i++) {
    const step = reverse ? length - 1 - i : i;
    for (let k = carries; k < carries + xs; k++) {
      const size = sizeOf(body.inputs[k]!.shape);
      values.set(body.inputs[k]!, x[k]!.subarray(step * size, (step + 1) * size));
    }
    for (let k = 0; k < carries; k++) put(results[body.outputs.length + k]!, step, of(body.inputs[k]!));
    for (const node of order) values.set(node, evaluateHost(node, node.inputs.map((input) => values.get(input)!)));
    for (let k = carries; k < body.outputs.length; k++) put(results[k]!, step, of(body.outputs[k]!));
    const next = body.outputs.slice(0, carries).map(of);
    next.forEach((data, k) => values.set(body.inputs[k]!, data));
  }
  for (let k = 0; k < carries; k++) results[k]!.set(of(body.inputs[k]!));
  return results;
}

/** The numbers of a node, or those of all outputs of a loop. */
export type HostValue = TypedArray | readonly TypedArray[];

/** The value of a node of {@linkcode hostNodes}, from those of its inputs. */
export function evaluateHost(node: Node, inputs: readonly HostValue[]): HostValue {
  if (node.op === "output") return (inputs[0] as readonly TypedArray[])[node.attrs.index]!;
  const x = inputs as readonly TypedArray[];
  if (node.op === "scan") return loop(node, x);
  return move(node, x);
}

function move(node: Node, x: readonly TypedArray[]): TypedArray {
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
