/**
 * What a loop carries from step to step without reading it: a recurrent state, a world, a key. Each step would be computed from the
 * first one on, with a program of its own. So what is old is computed once, and what is new from its value; its graph stays as it is,
 * since a gradient may be asked for of anything in it.
 */

import { type Node, topological } from "../graph/node.ts";
import { primitives } from "../graph/primitives.ts";
import { sizeOf } from "../graph/types.ts";

/** So many evaluations, or steps, later a node without a value is old. */
const mostEvaluations = 8;
/** The newest nodes that were computed in the last evaluations, the oldest first. */
const evaluated: number[] = [];

/** What `node` is moved from, if that is not larger: an expanded value is kept as it was before. */
function movedFrom(node: Node, isMissing: (x: Node) => boolean): Node {
  const [from] = node.inputs;
  const isMoved = primitives[node.op].kind === "move" || node.op === "stopGradient";
  const isOneOf = isMoved && node.inputs.length === 1 && isMissing(from!) && sizeOf(from!.shape) <= sizeOf(node.shape);
  return isOneOf ? movedFrom(from!, isMissing) : node;
}

/** The old nodes that new ones are made of. What a loop gives is more than one value. */
function frontierOf(order: readonly Node[], newest: number, isMissing: (x: Node) => boolean): Node[] {
  const old = new Set<Node>();
  for (const x of order) if (x.id <= newest || x.op === "output" && x.inputs.every((y) => old.has(y))) old.add(x);
  const isEnd = (x: Node): boolean => old.has(x) && isMissing(x) && x.op !== "scan";
  const ends = order.filter((x) => !old.has(x)).flatMap((x) => x.inputs.filter(isEnd));
  return [...new Set(ends.map((x) => movedFrom(x, isMissing)))];
}

/**
 * What is to be computed with `wanted`, so that what comes later is not computed from long ago. To be called once for each evaluation;
 * `isKnown` says which values there are, or will be.
 */
export function carriedInto(wanted: readonly Node[], isKnown: (x: Node) => boolean): Node[] {
  const [oldest = 0, newest = 0] = [evaluated[0], evaluated.at(-1)];
  const order = topological(wanted, isKnown);
  const isMissing = (x: Node): boolean => !isKnown(x) && x.inputs.length > 0;
  const isLong = evaluated.length === mostEvaluations && order.some((x) => x.id <= oldest && isMissing(x));
  evaluated.push(wanted.reduce((most, x) => Math.max(most, x.id), newest));
  if (evaluated.length > mostEvaluations) evaluated.shift();
  return isLong ? frontierOf(order, newest, isMissing) : [];
}
