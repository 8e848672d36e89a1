/**
 * A model whose inputs have one size that is free. Graphs have sizes; so the model is written for three sizes, and what differs
 * between the three, numbers in shapes and the like, becomes what it is of the size that an input has when the model runs. What
 * two sizes would suggest the third has to confirm.
 */

import { PlumblineError } from "../../graph/error.ts";
import type { Node } from "../../graph/node.ts";
import { allocate } from "../../graph/types.ts";
import {
  type ElementType,
  elementTypes,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from "./proto.ts";

/** The sizes that the model is written for: such as no other axis is likely to have. */
export const sampleSizes = [13, 17, 19] as const;

/** The axis whose size is free. */
export interface FreeAxis {
  /** What it is called in the file. */
  readonly name: string;
  /** An input that has it. */
  readonly input: string;
  /** Where. */
  readonly axis: number;
}

/** What the models come from. */
export interface Sources {
  /** A name that nothing in the file has. */
  readonly fresh: (prefix: string) => string;
  /** Which node an operation came from. */
  readonly origins: ReadonlyMap<string, Node>;
}

/** offset + factor times the size. */
interface Affine {
  readonly offset: number;
  readonly factor: number;
}

/** What three numbers are of the three sizes; null if it is no such. */
function affine(values: readonly number[], type: ElementType = "int64"): Affine | null {
  const [a, b, c] = sampleSizes;
  const factor = (values[1]! - values[0]!) / (b - a);
  const offset = values[0]! - factor * a;
  const isWhole = type === "float32" || Number.isInteger(factor);
  const last = offset + factor * c;
  return isWhole && (type === "float32" ? Math.fround(last) : last) === values[2] ? { offset, factor } : null;
}

function numbersOf({ type, bytes }: OnnxTensor): number[] {
  const { buffer } = bytes.slice();
  switch (type) {
    case "float32":
      return [...new Float32Array(buffer)];
    case "int32":
      return [...new Int32Array(buffer)];
    case "uint32":
      return [...new Uint32Array(buffer)];
    case "bool":
      return [...bytes];
    default:
      return [...new BigInt64Array(buffer)].map(Number);
  }
}

function tensorOf(
  name: string,
  type: "int64" | "float32" | "int32" | "uint32" | "bool",
  dims: readonly number[],
  numbers: readonly number[],
): OnnxTensor {
  const array = type === "int64" ? BigInt64Array.from(numbers, BigInt) : allocate(type, numbers.length);
  if (!(array instanceof BigInt64Array)) array.set(numbers);
  return { name, type, dims, bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength) };
}

/** Whether two lists hold the same; weights are long. */
function same(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

type Numeric = "int64" | "float32" | "int32" | "uint32" | "bool";

class Merge {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  #size: string | null = null;

  constructor(private readonly free: FreeAxis, private readonly sources: Sources) {}

  /** One graph for the three. */
  graph(graphs: readonly OnnxGraph[]): OnnxGraph {
    const [first] = graphs as [OnnxGraph];
    const nodes = first.nodes.map((node, i) => this.#node(node, graphs.map((x) => x.nodes[i])));
    if (graphs.some((x) => x.nodes.length !== first.nodes.length)) this.#refuse(first.nodes.at(-1));
    const initializers = first.initializers.filter((tensor, i) =>
      this.#isKept(tensor, graphs.map((x) => x.initializers[i]), first)
    );
    const values = (of: (x: OnnxGraph) => readonly OnnxValue[]): OnnxValue[] =>
      of(first).map((value, i) => ({
        ...value,
        dims: this.#dims(graphs.map((x) => of(x)[i]!.dims as readonly number[])),
      }));
    return {
      name: first.name,
      nodes,
      initializers,
      inputs: values((x) => x.inputs),
      outputs: values((x) => x.outputs),
    };
  }

  #refuse(node?: OnnxNode): never {
    const origin = node && this.sources.origins.get(node.name);
    const { name } = this.free;
    throw new PlumblineError({
      code: "G301",
      message: `exportOnnx() cannot leave the size of \`${name}\` free: the program is another for another size${
        origin ? `, at ${origin.op}` : ""
      }.`,
      ...(origin ? { made: [origin] } : {}),
      help: "without dynamicAxes the file has the sizes of the inputs that are given.",
    });
  }

  #node(node: OnnxNode, all: readonly (OnnxNode | undefined)[]): OnnxNode {
    const isSame = all.every((x) =>
      x?.op === node.op && same(x.inputs, node.inputs) && same(x.outputs, node.outputs) &&
      same(Object.keys(x.attributes), Object.keys(node.attributes))
    );
    if (!isSame) this.#refuse(node);
    const attributes = Object.entries(node.attributes).map(([key, value]) => {
      const others = all.map((x) => x!.attributes[key]!);
      if (typeof value === "object" && "nodes" in value) return [key, this.graph(others as OnnxGraph[])] as const;
      const isEqual = others.every((x) => Array.isArray(value) ? same(x as number[], value) : x === value);
      if (!isEqual) this.#refuse(node);
      return [key, value] as const;
    });
    return { ...node, attributes: Object.fromEntries(attributes) };
  }

  /** The sizes of a declaration: those that differ have a name, or are unknown. */
  #dims(dims: readonly (readonly number[])[]): (number | string)[] {
    return dims[0]!.map((n, i) => {
      const values = dims.map((x) => x[i]!);
      return values.every((x) => x === n) ? n : same(values, sampleSizes) ? this.free.name : "";
    });
  }

  /** Whether a constant is one; if not, what computes it is written before all else. */
  #isKept(tensor: OnnxTensor, all: readonly (OnnxTensor | undefined)[], graph: OnnxGraph): boolean {
    const isSame = all.every((x) =>
      x && x.name === tensor.name && x.type === tensor.type && same(x.dims, tensor.dims) && same(x.bytes, tensor.bytes)
    );
    if (isSame) return true;
    const reader = graph.nodes.find((node) => node.inputs.includes(tensor.name));
    const isLike = all.every((x) =>
      x?.name === tensor.name && x.type === tensor.type && x.dims.length === tensor.dims.length
    );
    if (!isLike || !this.#compute(tensor.name, all as OnnxTensor[])) this.#refuse(reader);
    return false;
  }

  #compute(name: string, all: readonly OnnxTensor[]): boolean {
    const [{ dims, type }] = all as [OnnxTensor];
    const numbers = all.map(numbersOf);
    if (all.every((x) => same(x.dims, dims))) {
      const each = numbers[0]!.map((_, i) => affine(numbers.map((x) => x[i]!), type));
      if (each.includes(null)) return false;
      this.#affine(each as Affine[], type as Numeric, dims, name);
      return true;
    }
    const shape = dims.map((_, i) => affine(all.map((x) => x.dims[i]!)));
    if (shape.includes(null)) return false;
    const target = this.#affine(shape as Affine[], "int64", [dims.length]);
    const value = numbers[0]![0]!;
    if (numbers.every((x) => x.every((y) => Object.is(y, value)))) {
      this.#op("Expand", [this.#constant(type as Numeric, [], [value]), target], name);
      return true;
    }
    if (!numbers.every((x) => x.every((y, i) => y === i))) return false;
    const count = this.#affine([affine(numbers.map((x) => x.length))!], "int32", []);
    const range = this.#op("Range", [this.#constant("int32", [], [0]), count, this.#constant("int32", [], [1])]);
    this.#op("Reshape", [range, target], name);
    return true;
  }

  /** Numbers of the size, in the shape `dims`. */
  #affine(each: readonly Affine[], type: Numeric, dims: readonly number[], name?: string): string {
    const size = type === "int64"
      ? this.#sizeName()
      : this.#op("Cast", [this.#sizeName()], undefined, { to: elementTypes[type] });
    const wide = dims.length === 0 ? [1] : dims;
    const scaled = this.#op("Mul", [size, this.#constant(type, wide, each.map((x) => x.factor))]);
    const offset = this.#constant(type, wide, each.map((x) => x.offset));
    if (dims.length > 0) return this.#op("Add", [scaled, offset], name);
    return this.#op("Squeeze", [this.#op("Add", [scaled, offset])], name);
  }

  /** The size, int64 [1]. */
  #sizeName(): string {
    if (this.#size !== null) return this.#size;
    const { input, axis } = this.free;
    const shape = this.#op("Shape", [input]);
    return this.#size = this.#op("Gather", [shape, this.#constant("int64", [1], [axis])], undefined, { axis: 0 });
  }

  #constant(type: Numeric, dims: readonly number[], numbers: readonly number[]): string {
    const name = this.sources.fresh("c");
    this.initializers.push(tensorOf(name, type, dims, numbers));
    return name;
  }

  #op(
    op: string,
    inputs: readonly string[],
    name = this.sources.fresh("v"),
    attributes: OnnxNode["attributes"] = {},
  ): string {
    this.nodes.push({ name: `${op}_${name}`, op, inputs, outputs: [name], attributes });
    return name;
  }
}

/**
 * One model for the three that were written for {@linkcode sampleSizes}.
 *
 * @throws PlumblineError G301 if they differ in more than numbers that follow from the size.
 */
export function withFreeAxis(models: readonly OnnxGraph[], free: FreeAxis, sources: Sources): OnnxGraph {
  const merge = new Merge(free, sources);
  const graph = merge.graph(models);
  return {
    ...graph,
    nodes: [...merge.nodes, ...graph.nodes],
    initializers: [...merge.initializers, ...graph.initializers],
  };
}
