/** Whether what one network gives goes through another, or only meets it: a target beside a prediction. */

import type { Node } from "../../graph/node.ts";
import { influencedBy } from "./cut.ts";
import { allNodes, isLearner, type Learner } from "./edges.ts";

/** The nodes that are made of `learners` and of nothing else. */
function ownNodes(order: readonly Node[], learners: ReadonlySet<object>): Set<Node> {
  const own = new Set<Node>();
  for (const node of order) {
    const isOf = (x: Node): boolean => own.has(x) || x.op === "full" || x.op === "iota";
    if (node.owner !== null && learners.has(node.owner)) own.add(node);
    else if (node.inputs.some((x) => own.has(x)) && node.inputs.every(isOf)) own.add(node);
  }
  return own;
}

/** Whether something of `losses` that one of `parameters` influences, though no gradient says so, is computed with one of `others`. */
export function goesInto(
  losses: readonly Node[],
  parameters: readonly Learner[],
  others: ReadonlySet<Learner>,
): boolean {
  const order = allNodes(losses);
  const own = ownNodes(order, others);
  const influenced = new Set(parameters.flatMap((x) => [...influencedBy(x, order, false)]));
  return order.some(({ inputs, owner }) =>
    !isLearner(owner) && inputs.some((x) => own.has(x)) && inputs.some((x) => influenced.has(x) && !own.has(x))
  );
}
