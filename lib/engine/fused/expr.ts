/** The expressions that a kernel computes for one element: interned, so that equal expressions are one object. */

import type { Node } from "../../graph/node.ts";
import type { DType } from "../../graph/types.ts";
import { type Ix, variable, variables } from "./ix.ts";

/** What is computed. */
export type Form =
  | { readonly kind: "const"; readonly value: number }
  /** An index as an int32. */
  | { readonly kind: "index"; readonly ix: Ix }
  /** Whether an index is inside [from, to). */
  | { readonly kind: "within"; readonly ix: Ix; readonly from: number; readonly to: number }
  /** Element `ix` of a value that is in memory. */
  | { readonly kind: "load"; readonly node: Node; readonly ix: Ix }
  /** A row of the table in `intrinsics.ts`. */
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expr[] }
  /** What the kernel's core (a reduction, a matrix product) has computed for `node`. */
  | { readonly kind: "core"; readonly node: Node };

/** An expression; `id` is its place in the order of making, arguments first. */
export interface Expr {
  readonly id: number;
  readonly dtype: DType;
  readonly form: Form;
}

function keyOf(dtype: DType, form: Form): string {
  switch (form.kind) {
    case "const":
      return `c${dtype}:${Object.is(form.value, -0) ? "-0" : form.value}`;
    case "index":
      return `i:${form.ix.key}`;
    case "within":
      return `w${form.from},${form.to}:${form.ix.key}`;
    case "load":
      return `l${form.node.id}:${form.ix.key}`;
    case "call":
      return `f${dtype}:${form.name}:${form.args.map((x) => x.id).join()}`;
    case "core":
      return `k${form.node.id}`;
  }
}

const none: ReadonlySet<Expr> = new Set();

/** The expressions of one kernel. */
export class Interner {
  readonly #known = new Map<string, Expr>();
  readonly #dynamic = new Map<string, Expr>();

  /** The number of different expressions. */
  get size(): number {
    return this.#known.size;
  }

  /** The loads among the expressions. */
  loads(): { node: Node; ix: Ix }[] {
    return [...this.#known.values()].flatMap(({ form }) => form.kind === "load" ? [form] : []);
  }

  /** The one expression of this form. */
  make(dtype: DType, form: Form): Expr {
    const key = keyOf(dtype, form);
    let expr = this.#known.get(key);
    if (!expr) this.#known.set(key, expr = { id: this.#known.size, dtype, form });
    return expr;
  }

  /** A computed int32 as an index variable in [0, n): it is clamped there. */
  dynamic(expr: Expr, n: number): Ix {
    const name = `@${expr.id}:${n}`;
    this.#dynamic.set(name, expr);
    return variable(name, 0, n - 1);
  }

  /** Whether indices are computed. */
  get hasDynamic(): boolean {
    return this.#dynamic.size > 0;
  }

  /** The computed value behind an index variable, if it is one. */
  behind(name: string): Expr | undefined {
    return this.#dynamic.get(name);
  }

  /** Some expressions and all that they are made of, but for what is among `known`, and what that is made of. */
  reached(roots: readonly Expr[], known: ReadonlySet<Expr> = none): Set<Expr> {
    const found = new Set<Expr>();
    const visit = (expr: Expr): void => {
      if (found.has(expr) || known.has(expr)) return;
      found.add(expr);
      for (const x of this.operands(expr)) visit(x);
    };
    for (const x of roots) visit(x);
    return found;
  }

  /** Expressions that must be computed before `expr`. */
  operands({ form }: Expr): readonly Expr[] {
    if (form.kind === "call") return form.args;
    if (form.kind === "const" || form.kind === "core" || this.#dynamic.size === 0) return [];
    return [...variables(form.ix)].flatMap((name) => this.#dynamic.get(name) ?? []);
  }
}
