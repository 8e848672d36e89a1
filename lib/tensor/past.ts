/**
 * Where the past of a loop ends. A truncated recurrence, or a world that goes on under noGrad(), holds all its steps through its
 * stops; no gradient goes there. Behind many stops nothing is left of them but the value that is stopped.
 */

import type { Node } from "../graph/node.ts";

/** So many stops, one behind the other, stay as they were made: what a gradient lacks is told by them. */
const mostStops = 16;
/** Evaluations, or steps, until it is looked for more. */
let untilEnd = mostStops;

/** What lies behind `from` up to the nearest stops, on ways to such, but for what was seen before. */
function upToStops(from: readonly Node[], seen: Set<Node>): { stops: Node[]; passed: Node[] } {
  const stops: Node[] = [], passed: Node[] = [];
  const open = [...from];
  for (let node = open.pop(); node; node = open.pop()) {
    if (!node.hasStop || seen.has(node)) continue;
    seen.add(node);
    if (node.op === "stopGradient") stops.push(node);
    else {
      passed.push(node);
      open.push(...node.inputs);
    }
  }
  return { stops, passed };
}

/** From a stop on there is nothing left but the value of what it stops. Whether that is there. */
function end(stop: Node): boolean {
  const past = stop.inputs[0]!, value = past.value ?? stop.value;
  if (value === null || stop.owner !== null || past.owner !== null || past.inputs.length === 0) return false;
  const { dtype, shape, axes } = past;
  const attrs = { aval: { dtype, shape, axes }, placeholder: true, name: null };
  const leaf = { ...past, op: "input", attrs, inputs: [], value, learns: false, hasStop: false };
  Object.assign(stop, { inputs: [leaf], hasStop: false });
  for (const { site } of [stop, past]) site.settle();
  return true;
}

/** The most nodes of a step that are looked at. */
const mostOfStep = 256;

/** Stacks hold the functions of their frames, and what these know: tensors from before. Of a step that is the last they become texts. */
function settleSites(from: readonly Node[]): void {
  const seen = new Set(from);
  for (const node of seen) {
    if (seen.size > mostOfStep) return;
    node.site.settle();
    if (node.op !== "stopGradient") node.inputs.forEach((x) => seen.add(x));
  }
}

/** Lets go of what lies far behind `nodes`. To be called once for each evaluation. */
export function endPast(nodes: readonly Node[]): void {
  if (--untilEnd > 0) return;
  untilEnd = mostStops;
  const seen = new Set<Node>();
  let { stops, passed } = upToStops(nodes, seen);
  for (let depth = 1; stops.length > 0; depth++) {
    const ended = new Set(depth < mostStops ? [] : stops.filter(end));
    if (ended.size > 0) settleSites(passed);
    ({ stops, passed } = upToStops(stops.flatMap((x) => ended.has(x) ? [] : x.inputs), seen));
  }
}
