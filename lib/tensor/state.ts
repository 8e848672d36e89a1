/** Variables while a function is traced: nodes stand in for their values, and everything is as before afterwards. */

import type { Node } from "../graph/node.ts";
import { Parameter, rootVariables, type Stateful, type Variable } from "./variable.ts";

/** The variables of some stateful things. */
export class State {
  /** Those that hold the numbers, each once. */
  readonly roots: readonly Variable[];
  readonly #parameters: readonly Parameter[];

  /** What was named as state: nothing, one thing or several. */
  constructor(named: Stateful | readonly Stateful[] = []) {
    const list = Array.isArray(named) ? named as readonly Stateful[] : [named as Stateful];
    this.roots = rootVariables(list);
    const own = list.flatMap((x) => x.variables()).filter((x) => x instanceof Parameter);
    this.#parameters = [...new Set([...own, ...this.roots.flatMap((x) => x.parts)])];
  }

  /** The nodes of the values, in the order of `roots`. */
  nodes(): Node[] {
    return this.roots.map((x) => x.node);
  }

  /** Runs `fn` with `nodes` in the place of the values, and without gradients from before. */
  during<R>(nodes: readonly Node[], fn: () => R): R {
    const before = this.roots.map((x, i) => {
      nodes[i]!.owner = x;
      return x.replace(nodes[i]!);
    });
    const grads = this.#parameters.map((x) => x.grad);
    for (const x of this.#parameters) x.grad = null;
    try {
      return fn();
    } finally {
      this.roots.forEach((x, i) => x.replace(before[i]!));
      this.#parameters.forEach((x, i) => x.grad = grads[i]!);
    }
  }
}
