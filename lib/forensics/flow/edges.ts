/** Which inputs of an operation a gradient flows to: what decides whether a parameter learns, before any number is known. */

import { customRule } from "../../grad/custom.ts";
import { rules } from "../../grad/rules.ts";
import { canLearn, type Node, type NodeOf, topological } from "../../graph/node.ts";
import type { OpName } from "../../graph/primitives.ts";
import type { Site } from "../../graph/site.ts";

/** Who learns. */
export interface Learner {
  readonly node: Node;
  readonly requiresGrad: boolean;
  /** Whether it was said that no loss needs it yet. */
  readonly joinsLater: boolean;
  /** Whether the module that it was found in still has it. */
  readonly isInPlace: boolean;
  readonly name: string;
  /** As the user knows it: `pi.layers.0.weight`. */
  readonly label: string;
  /** The module that it is in, as the user knows it; null if it is in none. */
  readonly group: string | null;
  /** The user's line that made it. */
  readonly madeAt: Site;
  /** The name that the user gave to it there. */
  readonly givenName: string | null;
  /** How many nodes there were before it. */
  readonly madeAfter: number;
  /** What holds the numbers: the learner itself, or a flat vector, made where the optimiser was. */
  readonly root: {
    readonly node: Node;
    readonly madeAt: Site;
    readonly givenName: string | null;
    readonly madeAfter: number;
  };
}

const loops = new WeakMap<object, ReadonlySet<Node>>();

/** Whether this is a thing that `backward()` gives a gradient. */
export function isLearner(owner: object | null): owner is Learner {
  return canLearn(owner) && (owner as Learner).requiresGrad === true;
}

/** The placeholders of a loop's body that a gradient of its outputs reaches. */
function reachedInLoop(node: NodeOf<"scan">): ReadonlySet<Node> {
  const { body } = node.attrs;
  let reached = loops.get(body);
  if (!reached) {
    const live = liveNodes(body.outputs);
    loops.set(body, reached = new Set(body.inputs.filter((x) => live.has(x))));
  }
  return reached;
}

/** Whether a gradient of `node` flows to its input `i`. */
export function passes(node: Node, i: number): boolean {
  const input = node.inputs[i]!;
  if (node.op === "scan") {
    if (input.dtype !== "float32") return false;
    return customRule(node) !== undefined || reachedInLoop(node).has(node.attrs.body.inputs[i]!);
  }
  if (node.op === "output") return true;
  return node.dtype === "float32" && input.dtype === "float32" &&
    rules[node.op as Exclude<OpName, "scan" | "output">] !== null;
}

/** The nodes that a gradient of `outputs` reaches, nearest first. Learners are not entered, nor where `stop` is true. */
export function liveNodes(outputs: readonly Node[], stop: (node: Node) => boolean = () => false): Set<Node> {
  const live = new Set<Node>(outputs);
  for (const node of live) {
    if (isLearner(node.owner) || stop(node)) continue;
    node.inputs.forEach((x, i) => {
      if (passes(node, i)) live.add(x);
    });
  }
  return live;
}

/** Who learns among the owners of `nodes`. */
export function learnersAmong(nodes: Iterable<Node>): Learner[] {
  return [...nodes].flatMap((x) => isLearner(x.owner) ? [x.owner] : []);
}

/** The nodes between `loss` and `leaf` that a gradient passes, inputs first: `leaf` is the first, `loss` the last. */
export function between(loss: Node, leaf: Node): Node[] {
  const live = liveNodes([loss]);
  const on = new Set<Node>([leaf]);
  return topological([loss], (x) => x === leaf).filter((node) => {
    if (node !== leaf && live.has(node) && node.inputs.some((x, i) => on.has(x) && passes(node, i))) on.add(node);
    return on.has(node);
  });
}

/** Every node behind `outputs`, whether a gradient reaches it or not, inputs first. Learners are not entered. */
export function allNodes(outputs: readonly Node[], stop: (node: Node) => boolean = () => false): Node[] {
  return topological(outputs, (x) => isLearner(x.owner) || stop(x));
}
