/**
 * What a loop carries from step to step without reading it: a recurrent state, a world, a key. Each step would be computed from the
 * first one on, with a program of its own. So what is old is computed once, and what is new from its value; its graph stays as it is,
 * since a gradient may be asked for of anything in it.
 */

import { type Node, topological } from "../graph/node.ts";
import { sizeOf } from "../graph/types.ts";

/** Evaluations that are remembered: a step of a loop may have as many. */
const remembered = 64;
/** Of them those that took more than all before which are remembered, from which on it is a loop that does so. */
const mostGrown = 4;
/** The last evaluations, the oldest first: how many nodes were computed again that had been before, and whether these were the most. */
const evaluations: { readonly again: number; readonly isMost: boolean }[] = [];
/** Evaluations since something was carried along. */
let quiet = Infinity;
/** What was computed on the way to something else: its value is not kept. */
const passed = new WeakSet<Node>();

type Test = (x: Node) => boolean;

/** The most nodes that are computed again at each step, so that what is large need not be kept. */
const mostAgain = 8;

const sizeOfAll = (nodes: Iterable<Node>): number => [...nodes].reduce((sum, x) => sum + sizeOf(x.shape), 0);

/** What is to be kept of `node`: that itself, or what it is made of if that is much smaller, as what was expanded is. */
function keptOf(node: Node, isMissing: Test): ReadonlySet<Node> {
  if (node.op === "stopGradient") return isMissing(node.inputs[0]!) ? keptOf(node.inputs[0]!, isMissing) : new Set();
  let [kept, least] = [new Set<Node>([node]), sizeOf(node.shape)];
  const made = new Set<Node>([node]);
  for (let i = 0; i < mostAgain && made.size > 0; i++) {
    const largest = [...made].reduce((a, b) => sizeOf(b.shape) > sizeOf(a.shape) ? b : a);
    made.delete(largest);
    // What a loop gives is more than one value.
    if (largest.op === "output") break;
    largest.inputs.filter(isMissing).forEach((x) => made.add(x));
    if (4 * sizeOfAll(made) <= least) [kept, least] = [new Set(made), sizeOfAll(made)];
  }
  return kept;
}

/** The nodes, computed before, that those are made of that were not. */
function frontierOf(missing: readonly Node[], isMissing: Test): Set<Node> {
  const old = new Set<Node>();
  for (const x of missing) if (passed.has(x) || x.op === "output" && old.has(x.inputs[0]!)) old.add(x);
  const isEnd = (x: Node): boolean => old.has(x) && isMissing(x) && x.op !== "scan";
  const ends = new Set(missing.filter((x) => !old.has(x)).flatMap((x) => x.inputs.filter(isEnd)));
  return new Set([...ends].flatMap((x) => [...keptOf(x, isMissing)]));
}

/** Whether more and more is computed again: then it is that of a loop, and not what is used at each step. */
function isGrowing(again: number): boolean {
  const isMost = again > evaluations.reduce((most, x) => Math.max(most, x.again), 0);
  const grown = evaluations.filter((x) => x.isMost).length;
  evaluations.push({ again, isMost });
  if (evaluations.length > remembered) evaluations.shift();
  return isMost && grown >= mostGrown;
}

/**
 * What is to be computed with `wanted`, so that what comes later is not computed from long ago. To be called once for each evaluation;
 * `isKnown` says which values there are, or will be.
 */
export function carriedInto(wanted: readonly Node[], isKnown: Test): Node[] {
  const isMissing = (x: Node): boolean => !isKnown(x) && x.inputs.length > 0;
  const missing = topological(wanted, isKnown).filter(isMissing);
  const isMore = isGrowing(missing.filter((x) => passed.has(x)).length);
  // A loop that has carried something along once does so at each step.
  const carried = isMore || quiet < remembered ? frontierOf(missing, isMissing) : new Set<Node>();
  for (const x of missing) passed.add(x);
  for (const x of wanted) carried.delete(x);
  quiet = carried.size > 0 ? 0 : quiet + 1;
  return [...carried];
}
