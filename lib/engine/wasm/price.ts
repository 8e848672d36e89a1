/** What it costs to go through the elements of a kernel in a certain order, in vector operations. */

import type { Expr, Form, Interner } from "../fused/expr.ts";
import { type Ix, variables } from "../fused/ix.ts";
import { costly } from "../fused/target.ts";
import { isRow, type LaneIndex, laneIndex, patternOf, type View } from "./lanes.ts";
import type { Block } from "./nest.ts";
import { chosenArgument } from "./values.ts";

/** What is to be computed at each element. */
export interface Work {
  readonly exprs: Interner;
  readonly roots: readonly Expr[];
  /** Whether the program runs once: then it is not worth a search. */
  readonly brief: boolean;
  /** How often, within one element: the length of a reduction. Its variable is `r`. */
  readonly repeats: number;
}

/** The price of a block; Infinity if it is more than `most`. What does not depend on the inner loops is computed outside of them. */
export function priceOf(block: Block, work: Work, most = Infinity, outer: readonly Block[] = []): number {
  const around = [...outer, block];
  let price = around.reduce((product, x) => product * x.count, 1);
  for (const inner of block.inner) {
    if (price > most) return Infinity;
    price += priceOf(inner, work, most - price, around);
  }
  const loaded = new Set<string>();
  for (const view of block.views) {
    if (price > most) return Infinity;
    price += new Pricing(view, work, around, loaded).total();
  }
  return price > most ? Infinity : price;
}

/** The price of what is computed in the lanes of one view. */
class Pricing {
  #price = 0;
  /** In how many loops an expression is computed. */
  readonly #depths = new Map<Expr, number>();
  /** How often the body of each loop runs. */
  readonly #trips: readonly number[];

  /** `loaded` are elements that other views of the block have loaded already. */
  constructor(
    readonly view: View,
    readonly work: Work,
    readonly around: readonly Block[],
    readonly loaded: Set<string>,
  ) {
    let trips = 1;
    this.#trips = [1, ...around.map((x) => trips *= x.count), trips * work.repeats];
  }

  total(): number {
    const [spread] = this.view.spreads.values();
    const stores = spread!.stride === 1 && this.view.count === 4 ? 1 : this.view.count;
    for (const root of this.work.roots) {
      this.#visit(root);
      this.#price += stores * this.#trips[this.around.length]!;
    }
    return this.#price;
  }

  #visit(expr: Expr): number {
    const known = this.#depths.get(expr);
    if (known !== undefined) return known;
    const { form } = expr;
    let depth = 0;
    if (form.kind === "call") depth = this.#call(expr, form);
    else if (form.kind === "core") depth = this.around.length;
    else if (form.kind !== "const") depth = this.#element(expr, form);
    this.#depths.set(expr, depth);
    return depth;
  }

  #call(expr: Expr, { name, args }: Extract<Form, { kind: "call" }>): number {
    const chosen = chosenArgument(expr, this.view);
    if (chosen) return this.#visit(chosen);
    const depth = Math.max(...args.map((x) => this.#visit(x)));
    this.#price += this.#trips[depth]! * (name === "threefry" ? 100 : costly.has(name) ? 12 : 1);
    return depth;
  }

  #element(expr: Expr, form: Extract<Form, { ix: Ix }>): number {
    for (const x of this.work.exprs.operands(expr)) this.#visit(x);
    const lanes = laneIndex(form.ix, this.view);
    const depth = Math.max(...lanes.map((x) => this.#depthOf(x)));
    const key = `${form.kind}${form.kind === "load" ? form.node.id : ""}:${lanes.map((x) => x.key)}`;
    if (!this.loaded.has(key)) this.#price += priceOfLanes(lanes) * this.#trips[depth]!;
    this.loaded.add(key);
    return depth;
  }

  #depthOf(ix: Ix): number {
    let depth = 0;
    for (const name of variables(ix)) {
      if (name === "r") return this.around.length + 1;
      const isComputed = this.work.exprs.behind(name) !== undefined;
      depth = Math.max(depth, isComputed ? this.around.length : 1 + this.around.findIndex((x) => x.name === name));
    }
    return depth;
  }
}

/** A vector, two that are mixed, four numbers at known distances, four anywhere; and quotients to know where. */
function priceOfLanes(lanes: LaneIndex): number {
  const pattern = patternOf(lanes);
  const isDivided = lanes[0].terms.some((t) => t.atom.kind !== "var");
  if (!pattern) return isDivided ? 22 : 14;
  const load = pattern.span === 0 || isRow(pattern) ? 1 : pattern.span < 4 ? 2 : pattern.span < 8 ? 3 : 5;
  return load + (isDivided ? 2 : 0);
}
