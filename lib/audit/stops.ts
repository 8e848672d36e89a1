/** The stops that the user has declared, each with its reason and with what it keeps from learning there. */

import type { Node } from "../graph/node.ts";
import type { Site } from "../graph/site.ts";
import { allNodes, type Learner, learnersAmong } from "../forensics/flow/edges.ts";
import { isDeclared, listed } from "../forensics/flow/label.ts";
import { boundaryOf, learnersAt } from "../forensics/reads/drops.ts";

/** A stop with a reason, somewhere in a loss. */
export interface DeclaredStop {
  /** The line. */
  readonly site: Site;
  /** The reason: `logging only`. */
  readonly why: string;
  /** What does not learn through it: the paths of parameters. */
  readonly parameters: readonly string[];
  /** The same in a few words. */
  readonly told: string;
}

/** The declared stops behind `loss`, a line each. */
export function declaredStops(loss: Node): DeclaredStop[] {
  const found = new Map<string, { site: Site; why: string; behind: Set<Learner> }>();
  for (const node of allNodes([loss])) {
    const drop = node.inputs.length === 0 ? boundaryOf(node) : null;
    const isBoundary = drop?.kind === "boundary" && drop.rule === "stop";
    if (!isBoundary && !(isDeclared(node) && node.op === "stopGradient")) continue;
    const site = isBoundary ? drop.site : node.site;
    const why = isBoundary ? drop.what : node.op === "stopGradient" ? node.attrs.why! : "";
    const learners = isBoundary ? learnersAt(drop) : learnersAmong(allNodes(node.inputs));
    const behind = new Set([...found.get(site.key)?.behind ?? [], ...learners]);
    if (behind.size > 0) found.set(site.key, { site, why, behind });
  }
  return [...found.values()].map(({ site, why, behind }) => ({
    site,
    why,
    parameters: [...behind].map((x) => x.label),
    told: listed([...behind]),
  }));
}
