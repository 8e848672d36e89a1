/** Parameters that are made of a value which learns: `new Parameter(h)` is a leaf of its own, so nothing behind `h` learns from it. */

import type { Node } from "../../graph/node.ts";
import { describe } from "../../graph/types.ts";
import { dependsOn, dropOf } from "../reads/drops.ts";
import { type Cut, describeDrop, wayOf } from "./dropped.ts";
import { allNodes, isLearner, type Learner } from "./edges.ts";
import { helpFor } from "./help.ts";
import { howCut, labelOf } from "./label.ts";
import { pathText, trail } from "./trail.ts";

const moving = new Set<string>(["stopGradient", "reshape", "permute", "expand", "slice", "unfold"]);

/** Whether `node` is nothing but numbers of a parameter: it is copied. */
function isCopy(node: Node): boolean {
  const [x] = node.inputs;
  return isLearner(node.owner) || (x !== undefined && moving.has(node.op) && isCopy(x));
}

function cutAt(leaf: Node, losses: readonly Node[], learner: Learner): Cut | null {
  const { label, madeAt } = leaf.owner as Learner;
  const [given] = leaf.inputs;
  // What was assigned later may be an average that follows the learner, as a target network does.
  if (!given || isCopy(given) || howCut(leaf) === "assign()") return null;
  const order = allNodes([given]);
  const read = order.flatMap((x) => x.inputs.length === 0 ? dropOf(x) ?? [] : []).find((x) =>
    dependsOn(x, learner) && !x.isOwn && x.rule !== "stop"
  );
  if (!read && !order.some((x) => x.owner === learner)) return null;
  const how = `new ${madeAt.called ?? "Parameter"}()`;
  const begins = `\`${label}\` begins here, as a leaf of its own`;
  const behind = read ? wayOf(read, learner) : trail([given], (x) => x.owner === learner, () => true).slice(0, -1);
  return {
    how,
    places: read
      ? [{ site: read.site, note: describeDrop(read) }, { site: madeAt, note: begins }]
      : [{ site: madeAt, note: `${how} passes no gradient to ${labelOf(given)} ${describe(given)}: ${begins}` }],
    path: pathText([...trail(losses, (x) => x === leaf), ...behind], learner.label),
    help: [
      ...helpFor({ how, left: read?.site ?? madeAt, isRead: read !== undefined }),
      `if it is to learn itself:  give \`${label}\` to the optimiser.`,
    ],
    forbidden: false,
  };
}

/** Where a loss goes on from a parameter that nobody holds, and that was made of what `learner` influences. */
export function restarted(
  live: ReadonlySet<Node>,
  losses: readonly Node[],
  learner: Learner,
  learners: readonly Learner[],
): Cut | null {
  for (const leaf of live) {
    const { owner } = leaf;
    if (!isLearner(owner) || owner.root !== owner || learners.includes(owner)) continue;
    const cut = cutAt(leaf, losses, learner);
    if (cut) return cut;
  }
  return null;
}

/** Where what the losses reach of `others` was assigned from what one of `learners` influences. */
export function assignedFrom(
  live: ReadonlySet<Node>,
  others: readonly Learner[],
  learners: readonly Learner[],
): Node | undefined {
  return [...live].find((leaf) => {
    if (!isLearner(leaf.owner) || !others.includes(leaf.owner) || howCut(leaf) !== "assign()") return false;
    const [given] = leaf.inputs;
    return given !== undefined && !isCopy(given) && allNodes([given]).some((x) => learners.some((y) => y === x.owner));
  });
}
