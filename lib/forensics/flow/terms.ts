/** The terms of a loss: what is added up, and which of it teaches nobody. */

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import { allNodes, isLearner, type Learner, passes } from "./edges.ts";
import { isDeclared } from "./label.ts";
import type { Stop } from "./trail.ts";

/** Operations whose result is a sum of multiples of what their inputs hold. */
const additive: ReadonlySet<Node["op"]> = new Set([
  "add",
  "sub",
  "neg",
  "sum",
  "reshape",
  "permute",
  "expand",
  "slice",
  "concat",
  "flip",
  "unfold",
  "pad",
]);

/** Of the inputs of a node in a sum, those that are terms of it too. */
function termsOf(node: Node, taught: Taught): readonly Node[] {
  if (additive.has(node.op)) return node.inputs;
  if (node.op !== "mul" && node.op !== "div") return [];
  // What is multiplied with something that learns weighs it.
  const learning = node.inputs.filter((x) => taught.has(x));
  return learning.length === 1 ? learning : [];
}

/**
 * The nodes through which something learns. Each is looked at when it is asked for, along the ways that a gradient goes: behind a
 * stop may lie all that a loop has done before.
 */
export class Taught {
  readonly #known = new Map<Node, boolean>();

  /** Whether something learns through `node`. */
  has(node: Node): boolean {
    for (const open = [node]; open.length > 0;) {
      const last = open.at(-1)!, next = this.#openFor(last);
      if (next) open.push(next);
      else open.pop();
    }
    return this.#known.get(node)!;
  }

  /** An input that is to be looked at before `node`; null when it is known whether something learns through `node`. */
  #openFor(node: Node): Node | null {
    if (this.#known.has(node)) return null;
    const ways = isLearner(node.owner) ? [] : node.inputs.filter((_, i) => passes(node, i));
    const isTaught = isLearner(node.owner) || ways.some((x) => this.#known.get(x) === true);
    const open = isTaught ? undefined : ways.find((x) => !this.#known.has(x));
    if (open === undefined) this.#known.set(node, isTaught);
    return open ?? null;
  }
}

/** All that is added up in `losses`, and the sums themselves. */
export function allTerms(losses: readonly Node[], taught: Taught): Set<Node> {
  const terms = new Set<Node>(losses);
  for (const node of terms) {
    if (taught.has(node)) termsOf(node, taught).forEach((x) => terms.add(x));
  }
  return terms;
}

/** The terms of `losses` that learn and are no sums of others. */
export function lastTerms(losses: readonly Node[], taught: Taught): Node[] {
  return [...allTerms(losses, taught)].filter((x) => taught.has(x) && termsOf(x, taught).length === 0);
}

/**
 * Those terms of `losses` that reach nothing that learns: such a term has no gradient, whatever else the loss has. Terms that are
 * stopped with a reason are left out.
 */
export function idleTerms(losses: readonly Node[], taught: Taught = new Taught()): Node[] {
  return [...allTerms(losses, taught)].filter((x) => !taught.has(x) && !isDeclared(x));
}

/**
 * The operations in which what learns from `loss` meets what does not: products, and what is computed within a term. That terms
 * are added up is no meeting.
 */
function meetings(loss: Node, taught: Taught): Node[] {
  const terms = [...allTerms([loss], taught)].filter((x) => taught.has(x));
  const weighed = terms.filter((x) => x.op === "mul" || x.op === "div");
  const within = allNodes(terms.filter((x) => termsOf(x, taught).length === 0));
  return [...new Set([...weighed, ...within])].filter((x) => taught.has(x) && x.inputs.some((y) => !taught.has(y)));
}

/** Whether no data go into `term` but what `fixed` is made of, as a network takes them whose parameters are stopped. */
function isOfAlone(term: Node, fixed: ReadonlySet<Node>): boolean {
  const isData = (x: Node): boolean => x.op === "input" && !isLearner(x.owner) && !fixed.has(x) && sizeOf(x.shape) > 1;
  const isLayer = ({ inputs }: Node): boolean =>
    inputs.some((x) => fixed.has(x) && isLearner(x.inputs[0]?.owner ?? null));
  return allNodes([term], (x) => fixed.has(x)).every((x) => fixed.has(x) || !x.inputs.some(isData) || isLayer(x));
}

/**
 * Whether what learns from `loss` by a learner that `isOf` knows is held against `fixed` somewhere in it: what a policy was weighs,
 * or is compared with, what it is now, as in a divergence, of which `terms` are constants. In such terms nothing else is: what they
 * make of other data would be learned.
 */
export function isHeldAgainst(
  loss: Node,
  terms: readonly Node[],
  fixed: readonly Node[],
  isOf: (learner: Learner) => boolean,
  taught: Taught,
): boolean {
  const holding = new Set(fixed), moved = new Set<Node>();
  if (!terms.every((x) => isOfAlone(x, holding))) return false;
  for (const node of allNodes([loss])) {
    if (node.inputs.some((x) => holding.has(x))) holding.add(node);
    if (isLearner(node.owner) ? isOf(node.owner) : node.inputs.some((x) => moved.has(x))) moved.add(node);
  }
  return meetings(loss, taught).some(({ inputs }) =>
    inputs.some((x) => !taught.has(x) && holding.has(x)) && inputs.some((x) => taught.has(x) && moved.has(x))
  );
}

/** The constants of {@linkcode idleTerms}. */
export function idleConstants(losses: readonly Node[]): Set<Node> {
  return new Set(allNodes(idleTerms(losses), isDeclared).filter((x) => x.inputs.length === 0));
}

/** What is summed up in `term`, whatever it is multiplied with. */
export function summandsOf(term: Node): Set<Node> {
  const found = new Set([term]);
  for (const x of found) {
    if (additive.has(x.op) || x.op === "mul" || x.op === "div") x.inputs.forEach((y) => found.add(y));
  }
  return found;
}

/** Operations that only move numbers. */
const moving: ReadonlySet<string> = new Set([
  ...["reshape", "expand", "permute", "slice", "unfold", "concat", "pad"],
]);

const choosing = new Set<string>([...moving, "takeAlongAxis", "take", "sum", "div"]);

/** Whether these are log-probabilities, chosen, moved or averaged: what a way begins with. */
export function areLogProbabilities(way: Iterable<Stop>): boolean {
  for (const { op, site: { called } } of way) {
    if (called === "logProb" || called === "logSoftmax") return true;
    if (!choosing.has(op)) return false;
  }
  return false;
}

function* firstInputs(node: Node): Generator<Node> {
  for (let x: Node | undefined = node; x; x = x.inputs[0]) yield x;
}

/** What stands in `order` as log-probabilities against which those that learn are held: how far they have moved is measured so. */
export function oldLogProbabilities(order: readonly Node[], learning: Taught): Set<Node> {
  const old = order.flatMap(({ op, inputs: [a, b] }): Node[] => {
    if (op !== "sub" || learning.has(a!) === learning.has(b!)) return [];
    const [fixed, live] = learning.has(b!) ? [a!, b!] : [b!, a!];
    return areLogProbabilities(firstInputs(live)) ? [fixed] : [];
  });
  return new Set(allNodes(old));
}
