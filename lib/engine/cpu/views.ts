/** Values that are a piece of another, in the same memory: who reads memory needs no copy of them. */

import type { Node, NodeOf } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";

/** Elements of `root`, one after another, from `offset` on. */
export interface Piece {
  readonly root: Node;
  readonly offset: number;
}

/** What a node is a piece of, going back as far as possible; of itself, if of nothing else. */
export function rootOf(node: Node): Piece {
  let offset = 0;
  for (let x = node;;) {
    const start = x.op === "reshape" ? 0 : x.op === "slice" ? startOf(x) : null;
    const [from] = x.inputs;
    if (start === null || from === undefined || from.op === "full" || from.op === "iota") return { root: x, offset };
    offset += start;
    x = from;
  }
}

/** The first element of a slice whose elements lie one after another; null for others. */
function startOf({ inputs, shape, attrs: { starts, steps } }: NodeOf<"slice">): number | null {
  const whole = inputs[0]!.shape;
  const first = shape.findIndex((n) => n > 1);
  const isDense = steps.every((n, i) => n === 1 || shape[i]! <= 1) &&
    shape.every((n, i) => i <= first || n === whole[i]);
  if (!isDense && first >= 0) return null;
  return starts.reduce((sum, n, i) => sum + n * sizeOf(whole.slice(i + 1)), 0);
}
