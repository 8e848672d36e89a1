/**
 * A node at an index, as an expression: movement operations become index arithmetic, element-wise ones calls, values
 * that are in memory loads. What several users need at the same index is computed once.
 */

import type { Node, NodeOf } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import { type Expr, Interner } from "./expr.ts";
import { add, constant, div, flatten, type Ix, mod, scale, unflatten, zero } from "./ix.ts";

/** Lowers nodes for one kernel. */
export class Lowering {
  /** All expressions made so far. */
  readonly exprs: Interner = new Interner();
  readonly #memo = new Map<Node, Map<string, Expr>>();
  /** The texts of indices: element-wise operations hand theirs on as it is. */
  readonly #texts = new WeakMap<readonly Ix[], string>();

  /**
   * `held` says which nodes are in memory; those of `members` are computed here instead, where they are needed at
   * `outer`, the flat index of the element that the kernel is at.
   */
  constructor(
    readonly held: (node: Node) => boolean,
    readonly members: ReadonlySet<Node>,
    readonly outer: Ix,
  ) {}

  /** The value of `node`, a member of the kernel or not, at the kernel's own element. */
  here(node: Node): Expr {
    return this.at(node, unflatten(this.outer, node.shape));
  }

  /** The value of `node` at `index`. */
  at(node: Node, index: readonly Ix[]): Expr {
    let known = this.#memo.get(node);
    if (!known) this.#memo.set(node, known = new Map());
    const text = this.#textOf(index);
    let expr = known.get(text);
    if (!expr) known.set(text, expr = this.#at(node, index));
    return expr;
  }

  #textOf(index: readonly Ix[]): string {
    let text = this.#texts.get(index);
    if (text === undefined) this.#texts.set(index, text = index.map((x) => x.key).join());
    return text;
  }

  #at(node: Node, index: readonly Ix[]): Expr {
    if (sizeOf(node.shape) === 0) return this.#number(node, 0);
    if (!this.held(node)) return this.inside(node, index);
    const flat = flatten(index, node.shape);
    const inline = this.members.has(node) && flat.key === this.outer.key;
    return inline ? this.inside(node, index) : this.exprs.make(node.dtype, { kind: "load", node, ix: flat });
  }

  /** The computation of `node` at `index`, even if it is in memory. */
  inside(node: Node, index: readonly Ix[]): Expr {
    switch (node.op) {
      case "full":
        return this.#number(node, node.attrs.value);
      case "iota":
        return this.exprs.make("int32", { kind: "index", ix: index[node.attrs.axis]! });
      case "stopGradient":
        return this.at(node.inputs[0]!, index);
      case "cast":
        return this.#cast(node, index);
      case "randomBits":
        return this.#random(node, index);
      case "pad":
        return this.#pad(node, index);
      case "concat":
        return this.#concat(node, index);
      case "take":
      case "takeAlongAxis":
        return this.#gather(node, index);
      case "sum":
      case "max":
      case "min":
      case "argmax":
      case "cumsum":
      case "matmul":
        return this.exprs.make(node.dtype, { kind: "core", node });
      case "input":
      case "scatterAdd":
      case "convolution":
      case "scan":
      case "output":
        throw new Error(`There is no expression for ${node.op}: it should be in memory.`);
      default: {
        const moved = sourceIndex(node, index);
        if (moved) return this.at(node.inputs[0]!, moved);
        return this.#call(node, node.op, node.inputs.map((x) => this.at(x, index)));
      }
    }
  }

  #number(node: Node, value: number): Expr {
    return this.exprs.make(node.dtype, { kind: "const", value });
  }

  #call(node: Node, name: string, args: readonly Expr[]): Expr {
    return this.exprs.make(node.dtype, { kind: "call", name, args });
  }

  #cast(node: NodeOf<"cast">, index: readonly Ix[]): Expr {
    const x = this.at(node.inputs[0]!, index);
    return x.dtype === node.dtype ? x : this.#call(node, "cast", [x]);
  }

  #select(node: Node, condition: Expr, a: Expr, b: Expr): Expr {
    if (condition.form.kind === "const") return condition.form.value !== 0 ? a : b;
    return this.#call(node, "where", [condition, a, b]);
  }

  #within(ix: Ix, from: number, to: number): Expr {
    if (ix.lo >= from && ix.hi < to) return this.exprs.make("bool", { kind: "const", value: 1 });
    if (ix.hi < from || ix.lo >= to) return this.exprs.make("bool", { kind: "const", value: 0 });
    return this.exprs.make("bool", { kind: "within", ix, from, to });
  }

  #random(node: NodeOf<"randomBits">, index: readonly Ix[]): Expr {
    const key = node.inputs[0]!;
    const words = [0, 1].map((i) => this.at(key, [constant(i)]));
    const flat = flatten(index, node.shape);
    const block = this.exprs.make("int32", { kind: "index", ix: div(flat, 2) });
    const word = this.exprs.make("int32", { kind: "index", ix: mod(flat, 2) });
    return this.#call(node, "threefry", [...words, block, word]);
  }

  #pad(node: NodeOf<"pad">, index: readonly Ix[]): Expr {
    const x = node.inputs[0]!;
    const shifted = index.map((ix, axis) => add(ix, constant(-node.attrs.before[axis]!)));
    let value = this.at(x, shifted);
    shifted.forEach((ix, axis) => {
      value = this.#select(node, this.#within(ix, 0, x.shape[axis]!), value, this.#number(node, node.attrs.value));
    });
    return value;
  }

  #concat(node: NodeOf<"concat">, index: readonly Ix[]): Expr {
    const { axis } = node.attrs;
    let end = node.shape[axis]!;
    let value: Expr | null = null;
    for (const piece of [...node.inputs].reverse()) {
      const start = end - piece.shape[axis]!;
      if (start < end) {
        const own = this.at(piece, index.map((ix, i) => i === axis ? add(ix, constant(-start)) : ix));
        value = value ? this.#select(node, this.#within(index[axis]!, 0, end), own, value) : own;
      }
      end = start;
    }
    return value!;
  }

  #gather(node: NodeOf<"take"> | NodeOf<"takeAlongAxis">, index: readonly Ix[]): Expr {
    const [x, places] = node.inputs;
    const { axis } = node.attrs;
    const n = x!.shape[axis]!;
    const place = this.at(places!, node.op === "take" ? [index[axis]!] : index);
    const target = this.exprs.dynamic(place, n);
    const value = this.at(x!, index.map((ix, i) => i === axis ? target : ix));
    const valid = this.exprs.make("bool", {
      kind: "call",
      name: "inside",
      args: [place, this.exprs.make("int32", { kind: "const", value: n })],
    });
    return this.#select(node, valid, value, this.#number(node, node.dtype === "float32" ? NaN : 0));
  }
}

/** Which element of its one input a movement operation reads for `index`; null for other operations. */
function sourceIndex(node: Node, index: readonly Ix[]): Ix[] | null {
  switch (node.op) {
    case "reshape":
      return unflatten(flatten(index, node.shape), node.inputs[0]!.shape);
    case "permute": {
      const source: Ix[] = [];
      node.attrs.perm.forEach((p, i) => source[p] = index[i]!);
      return source;
    }
    case "expand":
      return index.map((ix, i) => node.inputs[0]!.shape[i] === 1 ? zero : ix);
    case "slice":
      return index.map((ix, i) => add(scale(ix, node.attrs.steps[i]!), constant(node.attrs.starts[i]!)));
    case "unfold": {
      const { axis, step, dilation } = node.attrs;
      const inner = scale(index.at(-1)!, dilation);
      return index.slice(0, -1).map((ix, i) => i === axis ? add(scale(ix, step), inner) : ix);
    }
    case "flip":
      return index.map((ix, i) => node.attrs.axes.includes(i) ? add(constant(node.shape[i]! - 1), scale(ix, -1)) : ix);
    default:
      return null;
  }
}
