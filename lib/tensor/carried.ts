/**
 * What a loop carries from step to step without reading it: a recurrent state, a world, a key. Each step would be computed from the
 * first one on, with a program of its own. So what is old gets its value, as if it had been read.
 */

import { isDeclared } from "../forensics/flow/label.ts";
import { canLearn, forget, type Node, topological } from "../graph/node.ts";

/** So many evaluations, or steps, later a node without a value is old. */
const mostEvaluations = 8;
/** The newest nodes that were computed in the last evaluations, the oldest first. */
const evaluated: number[] = [];

/** What was computed here and not used since. */
const own = new WeakSet<Node>();
/** What of it stays as it was made. */
const kept = new WeakSet<Node>();

const isMissing = (x: Node): boolean => x.value === null && x.inputs.length > 0;

const isKept = (x: Node): boolean => kept.has(x);

/** Whether a gradient of `node` may be asked for, by a tensor or a variable that it was made of. */
function mayBeAsked(node: Node): boolean {
  const isEnd = (x: Node): boolean => isKept(x) || x.op === "stopGradient" || x.dtype !== "float32";
  return topological([node], isEnd).some((x) =>
    isKept(x) || x.owner !== null || x.op === "input" && x.dtype === "float32"
  );
}

/**
 * Gives back what `node` was made of if no gradient can go through it, unless parameters are behind it that do not learn beside
 * it: of these is told how they are stopped.
 */
function release(node: Node, learning: ReadonlySet<object>): void {
  own.delete(node);
  const teaches = topological([node], (x) => isDeclared(x) || isKept(x)).some((x) => isKept(x) || canLearn(x.owner));
  const isOther = ({ owner }: Node): boolean => canLearn(owner) && !learning.has(owner);
  const isNeeded = teaches || mayBeAsked(node) || topological([node], isKept).some((x) => isKept(x) || isOther(x));
  if (isNeeded) kept.add(node);
  else forget(node);
}

/** Where old nodes end and new ones begin. A stop is told from what it stops; what a loop gives is more than one value. */
function frontierOf(order: readonly Node[], newest: number): Node[] {
  const old = new Set<Node>();
  for (const x of order) {
    const isOnlyMoved = isDeclared(x) || x.op === "output";
    if (x.id <= newest || isOnlyMoved && x.inputs.every((y) => old.has(y))) old.add(x);
  }
  const isEnd = (x: Node): boolean => old.has(x) && isMissing(x) && x.op !== "scan";
  return [...new Set(order.filter((x) => !old.has(x)).flatMap((x) => x.inputs.filter(isEnd)))];
}

/** What is to be computed before `wanted`, so that they are not computed from long ago. To be called once for each evaluation. */
export function carriedInto(wanted: readonly Node[]): Node[] {
  const [oldest = 0, newest = 0] = [evaluated[0], evaluated.at(-1)];
  const order = topological(wanted, (x) => x.value !== null);
  const known = order.filter((x) => x.value !== null && own.has(x));
  if (known.length > 0) {
    const learning = new Set(order.flatMap((x) => canLearn(x.owner) ? [x.owner] : []));
    known.forEach((x) => release(x, learning));
  }
  const isLong = evaluated.length === mostEvaluations && order.some((x) => x.id <= oldest && isMissing(x));
  evaluated.push(wanted.reduce((most, x) => Math.max(most, x.id), newest));
  if (evaluated.length > mostEvaluations) evaluated.shift();
  const carried = isLong ? frontierOf(order, newest) : [];
  carried.forEach((x) => own.add(x));
  return carried;
}
