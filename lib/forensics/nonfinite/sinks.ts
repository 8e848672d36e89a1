/**
 * Where bad numbers end up: what a step assigns and returns. One reduction for each of these sinks screens them inside the
 * program; what the screen catches is judged by its numbers.
 */

import { guardOf, type IndexUse, indexUses, isGiven } from "../../graph/indices.ts";
import { type Node, topological } from "../../graph/node.ts";
import * as ops from "../../graph/ops.ts";
import { sizeOf, type TypedArray } from "../../graph/types.ts";

/** A value that must not go bad. */
export interface Sink {
  readonly node: Node;
  /** As messages call it: "the parameter `w`". */
  readonly name: string;
  /** Whether infinities are bad too: they are in what learns; elsewhere they may be meant. */
  readonly finite: boolean;
  /** The operation whose indices it guards, if it does: it is bad if one of them lies outside. */
  readonly guards?: IndexUse;
}

/** Sinks for indices that may lie outside of their axis, where an engine does not refuse them by itself. */
export function guardSinks(outputs: readonly Node[]): Sink[] {
  return indexUses(outputs, isGiven).map((guards) => ({
    node: guardOf(guards),
    name: "an index",
    finite: true,
    guards,
  }));
}

let noted: Sink[] | null = null;
/** Where nothing is traced: what must stay finite, by what is computed with it. */
const beside = new WeakMap<Node, readonly Sink[]>();
let areBeside = false;

/**
 * `node`, which a traced function may neither assign nor return, must stay finite. Where nothing is traced it is looked at when
 * any of `results` is computed.
 */
export function noteSink(node: Node, name: string, results: readonly Node[] = []): void {
  const sink: Sink = { node, name, finite: true };
  if (noted) {
    noted.push(sink);
    return;
  }
  for (const x of results) {
    beside.set(x, [...beside.get(x) ?? [], sink]);
    areBeside = true;
  }
}

/** What must stay finite behind `nodes`, which are to be computed from what `isKnown`. */
export function sinksBeside(nodes: readonly Node[], isKnown: (x: Node) => boolean): Sink[] {
  if (!areBeside) return [];
  const all = topological(nodes, isKnown).flatMap((x) => isKnown(x) ? [] : beside.get(x) ?? []);
  return [...new Set(all)].filter(({ node }) => isSink(node));
}

/** Runs `fn` and gives what was noted meanwhile. */
export function collectSinks<T>(fn: () => T): { result: T; sinks: readonly Sink[] } {
  const outer = noted;
  const sinks: Sink[] = noted = [];
  try {
    return { result: fn(), sinks };
  } finally {
    noted = outer;
  }
}

const finiteStates = new WeakSet<object>();

/** Says that a variable must stay finite, as what learns must: the vectors that an optimiser keeps. Gives the variable. */
export function mustStayFinite<V extends object>(variable: V): V {
  finiteStates.add(variable);
  return variable;
}

/** Whether a variable was given to {@linkcode mustStayFinite}. */
export function isFiniteState(variable: object): boolean {
  return finiteStates.has(variable);
}

/**
 * One number for each sink, `[sink]`: not 0 where it may be bad. A sum is cheap, survives compilers that assume finite
 * numbers, and is not finite wherever an element is not (huge elements may overflow it); where infinities may be meant,
 * NaN is counted.
 */
export function screen(sinks: readonly Sink[]): Node {
  const parts = sinks.map(({ node, finite }) => {
    const x = finite ? node : ops.cast(ops.unary("isNaN", node), "float32");
    return ops.reshape(ops.sum(x, x.shape.map((_, i) => i)), [1]);
  });
  return ops.concat(parts, 0);
}

/** The sinks that a screen caught. */
export function caught(sinks: readonly Sink[], screened: TypedArray): number[] {
  return sinks.flatMap(({ finite }, i) => (finite ? Number.isFinite(screened[i]) : screened[i] === 0) ? [] : [i]);
}

/** Whether the numbers of a sink are bad. */
export function isBad({ finite }: Sink, data: TypedArray): boolean {
  return finite ? data.some((x) => !Number.isFinite(x)) : data.some((x) => x !== x);
}

/** Whether a node can hold bad numbers that this step made. */
export function isSink(node: Node): boolean {
  return node.dtype === "float32" && node.op !== "input" && node.op !== "full" && sizeOf(node.shape) > 0;
}
