/**
 * Builds one ONNX graph: operations in order, constants written once. Broadcasting is lazy: a {@linkcode Value} may have a
 * smaller shape than the node that it stands for, as long as it broadcasts to it, so that `expand` costs nothing until
 * somebody needs the whole.
 */

import type { Node } from "../../graph/node.ts";
import { allocate, type Aval, type DType, sameShape, type Shape, sizeOf, type TypedArray } from "../../graph/types.ts";
import type { ElementType, OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from "./proto.ts";

/** The result of an ONNX operation. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  /** Its shape in ONNX, which broadcasts (aligned at the right) to the shape of the node. */
  readonly shape: Shape;
  /** The number, if it is one that is known. */
  readonly number?: number;
}

/** Attributes of an ONNX operation. */
export type Attributes = Readonly<Record<string, OnnxAttribute>>;

/** What the whole file is written for. */
export interface Settings {
  /** Names that the caller gives to inputs and outputs. */
  readonly reserved?: readonly string[];
  /** Whether several threads will share the work of large operations. */
  readonly parallel?: boolean;
}

/** Names are unique in the whole file, bodies included. */
interface Shared {
  count: number;
  readonly settings: Settings;
  /** Which node an ONNX operation came from, by the operation's name. */
  readonly origins: Map<string, Node>;
}

function bytesOf(data: TypedArray | BigInt64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Whole numbers as ONNX wants them where they are inputs. */
function int64s(values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, BigInt);
}

/** A graph being written. */
export class Builder {
  readonly #shared: Shared;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxTensor>();
  readonly #made = new Set<string>();
  /** The node that is being lowered. */
  origin: Node | null = null;

  /** An empty graph; `parent` is for {@linkcode child}. */
  constructor(settings: Settings = {}, parent?: Builder) {
    this.#shared = parent ? parent.#shared : { count: 0, settings, origins: new Map() };
  }

  /** Whether several threads will share the work of large operations. */
  get parallel(): boolean {
    return this.#shared.settings.parallel ?? false;
  }

  /** Which node an ONNX operation came from, by the operation's name. */
  get origins(): ReadonlyMap<string, Node> {
    return this.#shared.origins;
  }

  /** The body of a loop inside of this graph. */
  child(): Builder {
    return new Builder({}, this);
  }

  /** A name that nothing else has. */
  fresh(prefix: string): string {
    const name = `${prefix}${this.#shared.count++}`;
    return this.#shared.settings.reserved?.includes(name) ? this.fresh(prefix) : name;
  }

  /** Appends an operation with one output. */
  op(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = this.fresh("v");
    this.append(op, inputs, [output], attributes);
    return output;
  }

  /** Appends an operation. */
  append(op: string, inputs: readonly string[], outputs: readonly string[], attributes: Attributes = {}): void {
    const name = `${op}_${outputs[0]}`;
    if (this.origin) this.#shared.origins.set(name, this.origin);
    this.#nodes.push({ name, op, inputs, outputs, attributes });
    for (const output of outputs) this.#made.add(output);
  }

  #initializer(key: string, type: ElementType, dims: readonly number[], bytes: () => Uint8Array): string {
    let tensor = this.#initializers.get(key);
    if (!tensor) this.#initializers.set(key, tensor = { name: this.fresh("c"), type, dims, bytes: bytes() });
    return tensor.name;
  }

  /** Sizes, axes and the like: int64 `[n]`. */
  sizes(values: readonly number[]): string {
    return this.#initializer(`[${values}]`, "int64", [values.length], () => bytesOf(int64s(values)));
  }

  /** An int64 scalar. */
  int64(value: number): string {
    return this.#initializer(`int64 ${value}`, "int64", [], () => bytesOf(int64s([value])));
  }

  /** A number, as a tensor of `rank` axes of size 1. */
  scalar(dtype: DType, value: number, rank = 0): Value {
    const shape = new Array<number>(rank).fill(1);
    const key = `${dtype} ${Object.is(value, -0) ? "-0" : value} ${rank}`;
    const name = this.#initializer(key, dtype, shape, () => bytesOf(allocate(dtype, 1).fill(value)));
    return { name, dtype, shape, number: value };
  }

  /** A constant; the same one for the same `key`. */
  tensor(dtype: DType, shape: Shape, data: TypedArray, key: string = this.fresh("tensor")): Value {
    return { name: this.#initializer(key, dtype, shape, () => bytesOf(data)), dtype, shape };
  }

  /** `x` in exactly `shape`, which it broadcasts to. */
  materialize(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    if (sizeOf(x.shape) === sizeOf(shape)) return this.reshape(x, shape);
    return { name: this.op("Expand", [x.name, this.sizes(shape)]), dtype: x.dtype, shape };
  }

  /** The same numbers in another shape. */
  reshape(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    // 0 would mean "as the input" without `allowzero`.
    const attributes: Attributes = shape.includes(0) ? { allowzero: 1 } : {};
    return { name: this.op("Reshape", [x.name, this.sizes(shape)], attributes), dtype: x.dtype, shape };
  }

  /** `x` with as many axes as `rank`, still to be broadcast. */
  aligned(x: Value, rank: number): Value {
    return this.reshape(x, [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape]);
  }

  /** Makes each of `outputs` whole, under a name of its own that an operation of this graph made. */
  outputs(outputs: readonly Node[], valueOf: (node: Node) => Value): string[] {
    const given = new Set<string>();
    return outputs.map((node) => {
      const { name } = this.materialize(valueOf(node), node.shape);
      const own = this.#made.has(name) && !given.has(name) ? name : this.op("Identity", [name]);
      given.add(own);
      return own;
    });
  }

  /**
   * Names of operands of an element-wise operation. ONNX Runtime works in runs along the last axis of the longer shape, also
   * where that has one element, if the other operand has fewer axes and one element: then it must have as many axes.
   */
  operands(x: readonly Value[]): string[] {
    const rank = Math.max(0, ...x.map((v) => v.shape.length));
    const slow = x.some((v) => v.shape.length === rank && v.shape.slice(v.shape.findIndex((n) => n > 1)).includes(1));
    return x.map((v) => {
      if (v.number !== undefined) return this.scalar(v.dtype, v.number, rank).name;
      return slow && sizeOf(v.shape) === 1 ? this.aligned(v, rank).name : v.name;
    });
  }

  /** Converts between ONNX's element types. */
  cast(name: string, type: number): string {
    return this.op("Cast", [name], { to: type });
  }

  /** The graph. Constants that nothing reads in the end are left out: ONNX Runtime warns of them. */
  finish(name: string, inputs: readonly OnnxValue[], outputs: readonly OnnxValue[]): OnnxGraph {
    const read = namesRead(this.#nodes);
    const initializers = [...this.#initializers.values()].filter((x) => read.has(x.name));
    return { name, nodes: this.#nodes, initializers, inputs, outputs };
  }
}

/** The declaration of a value of a graph. */
export function declare(name: string, { dtype, shape }: Aval): OnnxValue {
  return { name, type: dtype, dims: shape };
}

/** The shape that `shapes` broadcast to together, aligned at the right. */
export function broadcastShapes(shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((x) => x.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((x) => x[axis - rank + x.length] ?? 1);
    return sizes.find((n) => n !== 1) ?? 1;
  });
}

/** What operations read, those in bodies of loops too. */
function namesRead(nodes: readonly OnnxNode[], names = new Set<string>()): Set<string> {
  for (const { inputs, attributes } of nodes) {
    for (const name of inputs) names.add(name);
    for (const value of Object.values(attributes)) {
      if (typeof value === "object" && "nodes" in value) namesRead(value.nodes, names);
    }
  }
  return names;
}
