/**
 * What a loop carries from step to step without reading it: a recurrent state, a world, a key. Each step would be computed from the
 * first one on, with a program of its own. So what is old is computed once, and what is new from its value; its graph stays as it is,
 * since a gradient may be asked for of anything in it. Only behind many stops, where none goes, does the past end.
 */

import { type Node, topological } from "../graph/node.ts";
import { sizeOf } from "../graph/types.ts";

/** So many evaluations, or steps, later a node without a value is old. */
const mostEvaluations = 8;
/** Evaluations that are remembered: a step of a loop may have as many. */
const remembered = 64;
/** Of the last evaluations, the oldest first: the newest node that was computed, and how many nodes that took. */
const evaluations: { readonly newest: number; readonly nodes: number }[] = [];
/** Evaluations since something was carried along. */
let quiet = Infinity;

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

/** The old nodes that new ones are made of. */
function frontierOf(order: readonly Node[], newest: number, isMissing: Test): Set<Node> {
  const old = new Set<Node>();
  for (const x of order) if (x.id <= newest || x.op === "output" && x.inputs.every((y) => old.has(y))) old.add(x);
  const isEnd = (x: Node): boolean => old.has(x) && isMissing(x) && x.op !== "scan";
  const ends = new Set(order.filter((x) => !old.has(x)).flatMap((x) => x.inputs.filter(isEnd)));
  return new Set([...ends].flatMap((x) => [...keptOf(x, isMissing)]));
}

/** Whether more and more is to be computed, from long ago on: then it is that of a loop, and not what is used again and again. */
function isGrowing(missing: readonly Node[]): boolean {
  const old = evaluations.at(-mostEvaluations);
  return old !== undefined && missing.some((x) => x.id <= old.newest) &&
    evaluations.every(({ nodes }) => nodes < missing.length);
}

/**
 * What is to be computed with `wanted`, so that what comes later is not computed from long ago. To be called once for each evaluation;
 * `isKnown` says which values there are, or will be.
 */
export function carriedInto(wanted: readonly Node[], isKnown: Test): Node[] {
  const order = topological(wanted, isKnown);
  const isMissing = (x: Node): boolean => !isKnown(x) && x.inputs.length > 0;
  const missing = order.filter(isMissing);
  const own = wanted.reduce((most, x) => Math.max(most, x.id), -1);
  const newest = evaluations.reduce((most, x) => x.newest < own ? Math.max(most, x.newest) : most, -1);
  // A loop that has carried something along once does so at each step.
  const isLoop = quiet < remembered || isGrowing(missing);
  const carried = isLoop ? frontierOf(order, newest, isMissing) : new Set<Node>();
  wanted.forEach((x) => carried.delete(x));
  quiet = carried.size > 0 ? 0 : quiet + 1;
  evaluations.push({ newest: own, nodes: missing.length });
  if (evaluations.length > remembered) evaluations.shift();
  return [...carried];
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

/** From a stop on there is nothing left but the value of what it stops. Whether that is there. */
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
  let { stops, passed } = upToStops(nodes, seen);
  for (let depth = 1; stops.length > 0; depth++) {
    const ended = new Set(depth < mostStops ? [] : stops.filter(end));
    // Stacks hold the functions of their frames, and what these know: tensors from before.
    if (ended.size > 0) { for (const { site } of [...ended, ...passed]) site.settle(); }
    ({ stops, passed } = upToStops(stops.flatMap((x) => ended.has(x) ? [] : x.inputs), seen));
  }
}
