/** Nodes: one application of a primitive to other nodes. Immutable, except that a computed value may be kept. */

import { useCondition } from "./conditions.ts";
import { currentSite, type Site } from "./site.ts";
import { type Attrs, type LoopAttrs, type OpName, type Primitive, primitives } from "./primitives.ts";
import { calledHere, PlumblineError } from "./error.ts";
import { bytesText } from "./memory.ts";
import { type Aval, describe, type Shape } from "./types.ts";
import type { Storage } from "./storage.ts";

/** The attributes of a scan, whose body is made of nodes. */
export type ScanAttrs = LoopAttrs<Subgraph>;

/** The attributes of a node: those of the table. */
export type NodeAttrs<K extends OpName> = K extends "scan" ? ScanAttrs : Attrs<K>;

/** One application of primitive `K`. */
export interface NodeOf<K extends OpName> extends Aval {
  readonly id: number;
  readonly op: K;
  readonly inputs: readonly Node[];
  readonly attrs: NodeAttrs<K>;
  /** The user's line. */
  readonly site: Site;
  /** Whether it depends on a placeholder, so that its value is unknown while a function is traced. */
  readonly traced: boolean;
  /** Whether a parameter is behind it. */
  learns: boolean;
  /** Who owns this node as its current value: a Variable. */
  owner: object | null;
  /** The computed numbers, if they are known. */
  value: Storage | null;
  /** Of a `full`: the one that it was written from without an operation. A gradient goes on there. */
  origin: Node | null;
}

/** One application of any primitive. */
export type Node = { [K in OpName]: NodeOf<K> }[OpName];

/** A function from values to values, closed over nothing. */
export interface Subgraph {
  /** Placeholders. */
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
}

let nextId = 0;

/** How many nodes were made: those that are made from now on have this number, or a greater one. */
export function nodeCount(): number {
  return nextId;
}

/** The nodes that `fn` makes for itself, and forgets, are not counted: their numbers are given once more. */
export function uncounted<T>(fn: () => T): T {
  const first = nextId;
  try {
    return fn();
  } finally {
    nextId = first;
  }
}

/** Inside {@linkcode withoutGradient}: what an operation takes in the place of an input. */
let gate: ((input: Node) => Node) | null = null;

/** Operations inside `fn` that take a value from outside take what `stop` makes of it: a stopGradient. */
export function withoutGradient<T>(stop: (input: Node) => Node, fn: () => T): T {
  const outer = gate;
  const first = nextId;
  const stops = new Map<Node, Node>();
  gate = (x) => {
    const isOutside = x.dtype === "float32" && (x.owner !== null || (x.id < first && x.inputs.length > 0));
    if (!isOutside || x.op === "stopGradient" && x.owner === null) return x;
    const known = stops.get(x) ?? stop(x);
    stops.set(x, known);
    return known;
  };
  try {
    return fn();
  } finally {
    gate = outer;
  }
}

/** Whether `owner` is a parameter: one that is frozen now may learn later. */
export function canLearn(owner: object | null): owner is object {
  return owner !== null && Object.hasOwn(owner, "requiresGrad");
}

/** Whether `node` is a parameter's value, or has one behind it. */
export function hasLearner({ owner, learns }: Node): boolean {
  return learns || canLearn(owner);
}

function refuseShape(op: OpName, shape: Shape): never {
  throw new PlumblineError({
    code: "G301",
    message: `the result of ${op} would have the shape [${shape}]; sizes are whole numbers of at least 0.`,
  });
}

/** Of one tensor: 128 TB, which no memory holds. */
const mostNumbers = 2 ** 45;

function refuseSize(aval: Aval, size: number): never {
  throw new PlumblineError({
    code: "G301",
    message: `${calledHere("an operation")} would make ${describe(aval)}, which takes ${
      bytesText(4 * size)
    }: no memory holds that.`,
  });
}

/** Applies a primitive. Throws a {@linkcode PlumblineError} when the inputs do not fit. */
export function makeNode<K extends OpName>(op: K, given: readonly Node[], attrs: NodeAttrs<K>): Node {
  const inputs = gate === null || op === "stopGradient" ? given : given.map(gate);
  const primitive = primitives[op] as unknown as Primitive<NodeAttrs<K>>;
  for (const x of inputs) if (x.dtype === "bool") useCondition(x);
  const { dtype, shape, axes } = primitive.infer(inputs, attrs);
  let size = 1;
  for (const n of shape) {
    if (!Number.isInteger(n) || n < 0) refuseShape(op, shape);
    size *= n;
  }
  if (size > mostNumbers) refuseSize({ dtype, shape, axes }, size);
  const placeholder = op === "input" && (attrs as Attrs<"input">).placeholder;
  const node: NodeOf<K> = {
    id: nextId++,
    op,
    inputs,
    attrs,
    dtype,
    shape,
    axes,
    site: currentSite(makeNode, op),
    traced: placeholder || inputs.some((x) => x.traced),
    learns: inputs.some(hasLearner),
    owner: null,
    value: null,
    origin: null,
  };
  return node as unknown as Node;
}

/** A leaf that stands for a value to come. */
export function placeholder(aval: Aval, name: string | null = null): Node {
  return makeNode("input", [], {
    aval: { dtype: aval.dtype, shape: aval.shape, axes: aval.axes },
    placeholder: true,
    name,
  });
}

/** A leaf whose numbers are here, or will be. */
export function constant(aval: Aval, value: Storage | null, name: string | null = null): Node {
  const node = makeNode("input", [], {
    aval: { dtype: aval.dtype, shape: aval.shape, axes: aval.axes },
    placeholder: false,
    name,
  });
  node.value = value;
  return node;
}

/** Forgets how a node whose value is known was made: it becomes a leaf. Only for nodes that pass no gradient. */
export function forget(node: Node): void {
  const { dtype, shape, axes, site } = node;
  site.settle();
  Object.assign(node, {
    op: "input",
    inputs: [],
    attrs: { aval: { dtype, shape, axes }, placeholder: false, name: null },
    learns: false,
  });
}

/** The nodes that `outputs` need, inputs before users; `stop` nodes are listed but not entered. */
export function topological(outputs: readonly Node[], stop: (node: Node) => boolean = () => false): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  const enter = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: stop(node) ? node.inputs.length : 0 });
  };
  for (const output of outputs) {
    enter(output);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const input = top.node.inputs[top.next++];
      if (input) enter(input);
      else order.push(stack.pop()!.node);
    }
  }
  return order;
}

/** Rebuilds `outputs` with some nodes replaced; nodes that depend on none of them are shared. Sites are kept. */
export function substitute(outputs: readonly Node[], replaced: ReadonlyMap<Node, Node>): Node[] {
  const image = new Map<Node, Node>(replaced);
  for (const node of topological(outputs, (n) => replaced.has(n))) {
    if (image.has(node)) continue;
    const inputs = node.inputs.map((x) => image.get(x)!);
    image.set(node, inputs.every((x, i) => x === node.inputs[i]) ? node : rebuild(node, inputs));
  }
  return outputs.map((x) => image.get(x)!);
}

/** The same operation, line and attributes, of other inputs. */
export function rebuild(node: Node, inputs: readonly Node[]): Node {
  const traced = inputs.some((x) => x.traced);
  return { ...node, id: nextId++, inputs, traced, learns: inputs.some(hasLearner), owner: null, value: null } as Node;
}

/** Attributes as text that tells every two apart; JSON alone would write infinities and NaN as null, and -0 as 0. */
export function attributeText(attrs: unknown): string {
  return JSON.stringify(attrs, (_, value) => {
    const plain = typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0));
    return plain ? value : Object.is(value, -0) ? "-0" : String(value);
  });
}
