/** What one kernel computes, as expressions, before it is known where the values live. */

import type { Node, NodeOf } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import type { Expr } from "./expr.ts";
import { add, constant, type Ix, scale, unflatten, variable } from "./ix.ts";
import { Lowering } from "./lower.ts";

/** What a kernel does before its element-wise part. */
export type CoreKind = "map" | "reduce" | "cumsum" | "matmul";

/** The reductions. */
export type ReduceNode = NodeOf<"sum"> | NodeOf<"max"> | NodeOf<"min"> | NodeOf<"argmax">;

/** The sizes of a matrix product. */
export interface Extent {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** The core of a node's kernel. */
export function coreOf(node: Node): CoreKind {
  switch (node.op) {
    case "sum":
    case "max":
    case "min":
    case "argmax":
      return "reduce";
    case "cumsum":
    case "matmul":
      return node.op;
    default:
      return "map";
  }
}

/** The axes that a reduction removes. */
export function reducedAxes(node: ReduceNode): readonly number[] {
  return node.op === "argmax" ? [node.attrs.axis] : node.attrs.axes;
}

/** How many values a reduction or running sum goes through for one result; 1 for other nodes. */
export function lengthOf(node: Node): number {
  const shape = node.inputs[0]?.shape ?? [];
  switch (coreOf(node)) {
    case "reduce":
      return sizeOf(reducedAxes(node as ReduceNode).map((axis) => shape[axis]!));
    case "cumsum":
      return shape[(node as NodeOf<"cumsum">).attrs.axis]!;
    default:
      return 1;
  }
}

/** The sizes of a matrix product. */
export function extentOf(node: NodeOf<"matmul">): Extent {
  const [m, n] = node.shape.slice(-2);
  const k = node.inputs[0]!.shape.at(node.attrs.transA ? -2 : -1)!;
  return { batch: sizeOf(node.shape.slice(0, -2)), m: m!, n: n!, k };
}

/** One node of a kernel. */
export interface Part {
  readonly node: Node;
  /** Its value at the kernel's element. */
  readonly result: Expr;
  /** Reductions and running sums: what is accumulated, at every inner index. */
  readonly item: Expr | null;
  /** Reductions that need the results of others come in a later stage. */
  readonly stage: number;
  /** Elements of values in memory that it reads; in an element-wise kernel those that no part before it does. */
  readonly loads: readonly { readonly node: Node; readonly ix: Ix }[];
  /** What it is made of; in an element-wise kernel what no part before it is. */
  readonly exprs: ReadonlySet<Expr>;
}

/** The factors of a matrix product, at (b, m, k) and (b, k, n). */
export interface Product {
  readonly node: Node;
  readonly a: Expr;
  readonly b: Expr;
  readonly extent: Extent;
}

/** What a kernel computes, once that is asked for. */
interface Content {
  readonly lowering: Lowering;
  readonly product: Product | null;
  readonly parts: Part[];
}

/** A kernel that may still take up more nodes. That of a node which another kernel takes up is never lowered. */
export class Draft {
  readonly kind: CoreKind;
  /** Elements of each result. */
  readonly size: number;
  /** Reductions and running sums: how many values one result is made of. */
  readonly length: number;
  readonly #members: Set<Node>;
  /** What the parts of an element-wise kernel are made of. */
  readonly #taken = new Set<Expr>();
  #content: Content | null = null;

  /** The kernel of one node. `held` says which nodes are in memory. */
  constructor(readonly node: Node, readonly held: (node: Node) => boolean) {
    this.kind = coreOf(node);
    this.size = sizeOf(node.shape);
    this.length = lengthOf(node);
    this.#members = new Set([node]);
  }

  #lowered(): Content {
    if (this.#content) return this.#content;
    const { node, kind, size, length, held } = this;
    const rows = kind === "cumsum" ? size / length : size;
    const outer = node.op === "matmul" ? productIndex(extentOf(node)) : variable("i", 0, rows - 1);
    const lowering = new Lowering(held, this.#members, outer);
    const product = node.op === "matmul" ? { node, ...lowerFactors(node, lowering), extent: extentOf(node) } : null;
    this.#content = { lowering, product, parts: [] };
    this.take(this.lower(node));
    return this.#content;
  }

  /** Lowers the nodes of the kernel. */
  get lowering(): Lowering {
    return this.#lowered().lowering;
  }

  /** The factors of a matrix product. */
  get product(): Product | null {
    return this.#lowered().product;
  }

  /** The nodes of the kernel, lowered. */
  get parts(): readonly Part[] {
    return this.#lowered().parts;
  }

  /** The nodes that the kernel computes, in topological order. */
  get members(): ReadonlySet<Node> {
    return this.#members;
  }

  /** Held nodes that it reads. */
  reads(): Set<Node> {
    const behind = this.#content ? null : heldBehind(this.node, this.held);
    return behind ?? new Set(this.parts.flatMap((part) => part.loads.map((x) => x.node)));
  }

  /** The parts that accumulate. */
  items(): (Part & { readonly item: Expr })[] {
    return this.parts.filter((part): part is Part & { readonly item: Expr } => part.item !== null);
  }

  /** `node` as a part of this kernel; it becomes one by `take`. */
  lower(node: Node): Part {
    const { lowering } = this;
    const result = lowering.inside(node, unflatten(lowering.outer, node.shape));
    const accumulates = coreOf(node) === "reduce" || coreOf(node) === "cumsum";
    const inner = variable("r", 0, Math.max(0, this.length - 1));
    const item = accumulates ? lowering.at(node.inputs[0]!, innerIndex(node, lowering.outer, inner)) : null;
    const factors = this.product?.node === node ? [this.product.a, this.product.b] : [];
    const exprs = lowering.exprs.reached([result, ...factors, ...(item ? [item] : [])], this.#taken);
    const loads: Part["loads"][number][] = [];
    let stage = 0;
    for (const { form } of exprs) {
      if (form.kind === "load") loads.push(form);
      if (!item || form.kind !== "core" || form.node === node) continue;
      const other = this.parts.find((part) => part.node === form.node);
      stage = Math.max(stage, 1 + (other?.stage ?? 0));
    }
    return { node, result, item, stage, loads, exprs };
  }

  /** Makes a part one of this kernel's. */
  take(part: Part): void {
    if (this.kind === "map") { for (const x of part.exprs) this.#taken.add(x); }
    this.#lowered().parts.push(part);
    this.#members.add(part.node);
  }
}

/** The held nodes behind `node`; null where not all of them may be read, since an index chooses among them. */
function heldBehind(node: Node, held: (node: Node) => boolean): Set<Node> | null {
  const found = new Set<Node>();
  const seen = new Set<Node>();
  const visit = (x: Node): boolean => {
    if (x.op === "concat" || x.op === "pad") return false;
    return x.inputs.every((input) => {
      if (sizeOf(input.shape) === 0 || seen.has(input)) return true;
      seen.add(input);
      if (!held(input)) return visit(input);
      found.add(input);
      return true;
    });
  };
  return visit(node) ? found : null;
}

/** Which element of its input a reduction or running sum reads at step `inner` for the result (the row) `outer`. */
export function innerIndex(node: Node, outer: Ix, inner: Ix): Ix[] {
  const shape = node.inputs[0]!.shape;
  if (node.op === "cumsum") {
    const { axis, reverse } = node.attrs;
    const rows = shape.map((n, i) => i === axis ? 1 : n);
    const last = add(constant(shape[axis]! - 1), scale(inner, -1));
    return unflatten(outer, rows).map((ix, i) => i === axis ? (reverse ? last : inner) : ix);
  }
  const axes = [...reducedAxes(node as ReduceNode)].sort((a, b) => a - b);
  const along = unflatten(inner, axes.map((axis) => shape[axis]!));
  return unflatten(outer, node.shape).map((ix, i) => axes.includes(i) ? along[axes.indexOf(i)]! : ix);
}

function productIndex({ batch, m, n }: Extent): Ix {
  const row = add(scale(variable("b", 0, batch - 1), m), variable("m", 0, m - 1));
  return add(scale(row, n), variable("n", 0, n - 1));
}

function lowerFactors(node: NodeOf<"matmul">, lowering: Lowering): { a: Expr; b: Expr } {
  const { batch, m, n, k } = extentOf(node);
  const lead = unflatten(variable("b", 0, batch - 1), node.shape.slice(0, -2));
  const [row, column, depth] = [variable("m", 0, m - 1), variable("n", 0, n - 1), variable("k", 0, Math.max(0, k - 1))];
  const { transA, transB } = node.attrs;
  return {
    a: lowering.at(node.inputs[0]!, [...lead, ...(transA ? [depth, row] : [row, depth])]),
    b: lowering.at(node.inputs[1]!, [...lead, ...(transB ? [column, depth] : [depth, column])]),
  };
}
