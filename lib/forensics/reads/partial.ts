/**
 * Losses that know a value in one place as a tensor and in another as numbers that were read: what is behind it learns, but not
 * from all of the loss. Told is what cannot be meant: a term of the loss that is nothing but constants, and the input of a layer.
 * As weights, targets, old log-probabilities and statistics such numbers are right, and nothing is said.
 */

import type { Node } from "../../graph/node.ts";
import { primitives } from "../../graph/primitives.ts";
import type { Site } from "../../graph/site.ts";
import { warn } from "../../graph/warning.ts";
import { droppedAt } from "../flow/dropped.ts";
import { allNodes, isLearner, type Learner } from "../flow/edges.ts";
import { isDeclared, listed } from "../flow/label.ts";
import { scaledFrom } from "../flow/suspicion.ts";
import {
  areLogProbabilities,
  idleTerms,
  isHeldAgainst,
  oldLogProbabilities,
  summandsOf,
  Taught,
} from "../flow/terms.ts";
import { trail } from "../flow/trail.ts";
import { areMade, boundaryOf, dependsOn, type Drop, dropOf, forbids, keptReads } from "./drops.ts";

/** A constant of a loss, and the read whose numbers it holds, times `factor`. */
interface Entry {
  readonly node: Node;
  readonly drop: Drop;
  readonly factor: number;
}

/** Whether what was read at `drop` belongs to parameters that learn from the loss and have not changed since. */
function isCurrent(drop: Drop, owners: ReadonlySet<Learner>): boolean {
  return drop.rule !== "stop" && !forbids(drop) && drop.learners.some((ref) => {
    const learner = ref.deref();
    return learner !== undefined && owners.has(learner) && learner.root.node.id < drop.node;
  });
}

/** What was read of `owners` since they last changed. */
function currentReads(owners: ReadonlySet<Learner>): Drop[] {
  const changed = [...owners].reduce((least, x) => Math.min(least, x.root.node.id), Infinity);
  return keptReads().filter((x) => x.node > changed && isCurrent(x, owners));
}

/** The constants of `nodes` that hold what was read lately of `owners`. */
function entriesIn(nodes: readonly Node[], reads: readonly Drop[], owners: ReadonlySet<Learner>): Entry[] {
  return nodes.flatMap((node): Entry[] => {
    if (node.inputs.length > 0 || isLearner(node.owner)) return [];
    const drop = dropOf(node);
    if (drop) return isCurrent(drop, owners) ? [{ node, drop, factor: 1 }] : [];
    const scaled = scaledFrom(node, reads);
    return scaled ? [{ node, ...scaled }] : [];
  });
}

/** What layers take as a constant, also fused with other numbers: added to them, or weighing them. */
function constantInputs(order: readonly Node[], learning: Taught): Node[] {
  const layers = order.filter((x) => primitives[x.op].kind === "contract" && learning.has(x));
  return layers.flatMap((x) => x.inputs.filter((y) => !learning.has(y)).flatMap((y) => [...summandsOf(y)]));
}

/** For `backward()`: warns if a part of `loss`, which reaches `leaves`, knows what learns only as numbers that were read. */
export function warnOfPartialCut(loss: Node, leaves: readonly Node[]): void {
  const owners = new Set(leaves.map((x) => x.owner as Learner));
  const reads = currentReads(owners);
  if (reads.length === 0 && !areMade) return;
  const order = allNodes([loss]);
  const learning = new Taught();
  const terms = idleTerms([loss], learning);
  const old = terms.length === 0 ? new Set() : oldLogProbabilities(order, learning);
  // Of a result of a compiled function the way is not known.
  const isMeasure = ({ node, drop: { way } }: Entry): boolean =>
    old.has(node) && (way === null ? boundaryOf(node) !== null : areLogProbabilities(way));
  const suspects = entriesIn(allNodes(terms, isDeclared), reads, owners).filter((x) => !isMeasure(x));
  const all = suspects.length === 0 ? [] : entriesIn(order, reads, owners);
  const isHeld = (drop: Drop): boolean => {
    const fixed = all.filter((x) => x.drop === drop).map((x) => x.node);
    const own = terms.filter((x) => allNodes([x]).some((y) => fixed.includes(y)));
    return isHeldAgainst(loss, own, fixed, (x) => dependsOn(drop, x), learning);
  };
  const held = new Set([...new Set(suspects.map((x) => x.drop))].filter(isHeld));
  const inTerms = suspects.filter((x) => !held.has(x.drop));
  // Of what was read before the same pass is alive in the loss: another pass may have been for the data.
  const ids = new Set(order.filter((x) => learning.has(x)).map((x) => x.id));
  const isAlive = ({ drop }: Entry): boolean => drop.carries && drop.way?.some((x) => ids.has(x.id)) === true;
  const inLayers = entriesIn(constantInputs(order, learning), reads, owners).filter(isAlive);
  const [first, ...others] = [...inTerms, ...inLayers];
  if (!first) return;
  const isTerm = inTerms.includes(first);
  const term = isTerm && terms.find((x) => x !== first.node && allNodes([x]).includes(first.node));
  tell(loss, first, others, owners, isTerm, term ? term.site : null);
}

function tell(
  loss: Node,
  { node, drop, factor }: Entry,
  others: readonly Entry[],
  owners: ReadonlySet<Learner>,
  isTerm: boolean,
  term: Site | null,
): void {
  const cut = [...owners].filter((x) => dependsOn(drop, x));
  const labels = cut.map((x) => x.label);
  const { places, path, help } = droppedAt(node, trail([loss], (x) => x === node), drop, cut[0]!, factor);
  const more = others.find((x) => x.drop.site.key !== drop.site.key);
  warn({
    code: "G111",
    message: `a part of the gradient is cut: ${listed(cut)} ${labels.length > 1 ? "learn" : "learns"} from the loss, ` +
      `but not from ${isTerm ? "a term of it that is only numbers" : "what a layer makes of these numbers"}`,
    sites: [
      ...places,
      ...(term ? [{ site: term, note: "this term has no gradient" }] : []),
      ...(more ? [{ site: more.drop.site, note: "read here, too" }] : []),
    ],
    params: labels,
    path,
    help,
  });
}
