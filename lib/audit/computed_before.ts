/** What running a loss again cannot tell of: tensors that were there before it ran. */

import { isLearner, type Learner, liveNodes, passes } from "../forensics/flow/edges.ts";
import { labelOf } from "../forensics/flow/label.ts";
import { PlumblineError } from "../graph/error.ts";
import { type Node, topological } from "../graph/node.ts";
import type { Site } from "../graph/site.ts";
import { describe } from "../graph/types.ts";

/** The nodes of `live` behind which a gradient reaches one of `learners`. */
function leading(live: ReadonlySet<Node>, loss: Node, learners: ReadonlySet<Learner>): Set<Node> {
  const found = new Set<Node>();
  for (const node of topological([loss], (x) => isLearner(x.owner))) {
    const isLeaf = isLearner(node.owner) && learners.has(node.owner);
    if (live.has(node) && (isLeaf || node.inputs.some((x, i) => found.has(x) && passes(node, i)))) found.add(node);
  }
  return found;
}

/**
 * Throws G207 if a gradient of `loss`, which a closure gave that was run at `site`, reaches one of `learners` through what was
 * computed before: with node numbers below `first`.
 */
export function refuseComputedBefore(loss: Node, first: number, learners: ReadonlySet<Learner>, site: Site): void {
  const live = liveNodes([loss]);
  const way = leading(live, loss, learners);
  const old = [...live].find((x) => x.id < first && way.has(x) && !isLearner(x.owner));
  if (!old) return;
  const name = `${labelOf(old)} ${describe(old)}`;
  throw new PlumblineError({
    code: "G207",
    message: old === loss
      ? `audit() runs a function again that computes nothing: what it gives, ${name}, was computed before`
      : `audit() runs a function again that uses ${name}, which was computed before it: what was lost there cannot be found`,
    sites: [{ site, note: "audited here" }, { site: old.site, note: "computed here, before" }],
    help: [
      "give it a function that computes the loss from the parameters on, reads and all:  await audit(() => lossOf(..))",
      "without a proof:  await audit(loss)",
    ],
  });
}
