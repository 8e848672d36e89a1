/**
 * What a loop carries from step to step without reading it: a recurrent state, a world, a key. Each step would be computed from the
 * first one on, with a program of its own. So what is old is computed once, and what is new from its value; its graph stays as it is,
 * since a gradient may be asked for of anything in it. Only behind many stops, where none goes, does the past end.
 */

import { type Node, topological } from "../graph/node.ts";
import { primitives } from "../graph/primitives.ts";
import { sizeOf } from "../graph/types.ts";

/** So many evaluations, or steps, later a node without a value is old. */
const mostEvaluations = 8;
/** The newest nodes that were computed in the last evaluations, the oldest first. */
const evaluated: number[] = [];
/** Evaluations since something was carried along. */
let quiet = Infinity;

/** What `node` is moved from, if that is smaller: an expanded value is kept as it was before. What is stopped is the same. */
function movedFrom(node: Node, isMissing: (x: Node) => boolean): Node {
  let smallest = node.op === "stopGradient" ? node.inputs[0]! : node;
  for (let x: Node | undefined = smallest; x && isMissing(x); x = isMoved(x) ? x.inputs[0] : undefined) {
    if (sizeOf(x.shape) < sizeOf(smallest.shape)) smallest = x;
  }
  return smallest;
}

const isMoved = ({ op, inputs }: Node): boolean =>
  (primitives[op].kind === "move" || op === "stopGradient") && inputs.length === 1;

/** The old nodes that new ones are made of. What a loop gives is more than one value. */
function frontierOf(order: readonly Node[], newest: number, isMissing: (x: Node) => boolean): Node[] {
  const old = new Set<Node>();
  for (const x of order) if (x.id <= newest || x.op === "output" && x.inputs.every((y) => old.has(y))) old.add(x);
  const isEnd = (x: Node): boolean => old.has(x) && isMissing(x) && x.op !== "scan";
  const ends = order.filter((x) => !old.has(x)).flatMap((x) => x.inputs.filter(isEnd));
  return [...new Set(ends.map((x) => movedFrom(x, isMissing)))].filter(isMissing);
}

/**
 * What is to be computed with `wanted`, so that what comes later is not computed from long ago. To be called once for each evaluation;
 * `isKnown` says which values there are, or will be.
 */
export function carriedInto(wanted: readonly Node[], isKnown: (x: Node) => boolean): Node[] {
  const newest = evaluated.at(-1) ?? -1;
  // A loop that has carried something along once does so at each step.
  const oldest = quiet < mostEvaluations ? newest : evaluated.length < mostEvaluations ? -1 : evaluated[0]!;
  const order = topological(wanted, isKnown);
  const isMissing = (x: Node): boolean => !isKnown(x) && x.inputs.length > 0;
  const carried = order.some((x) => x.id <= oldest && isMissing(x)) ? frontierOf(order, newest, isMissing) : [];
  quiet = carried.length > 0 ? 0 : quiet + 1;
  evaluated.push(wanted.reduce((most, x) => Math.max(most, x.id), newest));
  if (evaluated.length > mostEvaluations) evaluated.shift();
  return carried;
}

/** So many stops, one behind the other, stay as they were made: what a gradient lacks is told by them. */
const mostStops = 16;
/** Evaluations, or steps, until it is looked for such again. */
let untilEnd = mostStops;

/** What lies behind `from` up to the nearest stops, but for what was seen before. */
function upToStops(from: readonly Node[], seen: Set<Node>): { stops: Node[]; passed: Node[] } {
  const stops: Node[] = [], passed: Node[] = [];
  const open = [...from];
  for (let node = open.pop(); node; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    (node.op === "stopGradient" ? stops : passed).push(node);
    if (node.op !== "stopGradient") open.push(...node.inputs);
  }
  return { stops, passed };
}

/** From a stop on there is nothing left but the value of what it stops. Whether that was there. */
function end(stop: Node): boolean {
  const past = stop.inputs[0]!, value = past.value ?? stop.value;
  if (value === null || stop.owner !== null || past.owner !== null || past.inputs.length === 0) return false;
  const { dtype, shape, axes } = past;
  const leaf = { attrs: { aval: { dtype, shape, axes }, placeholder: true, name: null }, inputs: [], learns: false };
  Object.assign(stop, { inputs: [{ ...past, op: "input", value, ...leaf }] });
  past.site.settle();
  return true;
}

/** Lets go of what lies far behind `nodes`. To be called once for each evaluation. */
export function endPast(nodes: readonly Node[]): void {
  if (--untilEnd > 0) return;
  untilEnd = mostStops;
  const seen = new Set<Node>();
  let last = upToStops(nodes, seen);
  for (let i = 1; i < mostStops; i++) last = upToStops(last.stops.flatMap((x) => x.inputs), seen);
  const ended = last.stops.filter(end);
  // Stacks hold the functions of their frames, and what these know: tensors from before.
  if (ended.length > 0) { for (const { site } of [...ended, ...last.passed]) site.settle(); }
}
