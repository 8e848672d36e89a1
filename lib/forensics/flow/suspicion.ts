/**
 * Guesses at a cut that the graph does not show: numbers were read, and what the host computed of them may be a constant of the
 * loss.
 */

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import { declaredReadsOf, dependsOn, type Drop, forbids, isSuspect, keptReads } from "../reads/drops.ts";
import { type Cut, describeDrop, droppedAt, wayOf } from "./dropped.ts";
import { isLearner, type Learner } from "./edges.ts";
import { helpFor } from "./help.ts";
import { pathText, trail } from "./trail.ts";

/** Whether a constant looks as if a person had written it: as a float32, that has the digits of a short number no more. */
const isPlain = (x: number): boolean => Math.fround(Number(x.toPrecision(4))) === Math.fround(x);

/** Whether `x` is a plain multiple of `y`, one of two digits: by which factor. */
function plainFactor(x: number, y: number): number | null {
  const factor = Number((x / y).toPrecision(2));
  const isSame = Math.fround(factor * y) === Math.fround(x);
  return !isPlain(x) && Number.isFinite(factor) && isSame ? factor : null;
}

/** The number that a constant holds, if it is one. */
function numberOf(node: Node): number | null {
  if (node.op === "full") return node.attrs.value;
  const host = node.op === "input" && !node.attrs.placeholder && !isLearner(node.owner) ? node.value?.hostIfAny : null;
  return host?.length === 1 ? host[0]! : null;
}

/** The read of whose number a constant is a plain multiple: `0.1 * penalty`. */
export function scaledFrom(node: Node, reads: readonly Drop[]): { drop: Drop; factor: number } | null {
  const number = numberOf(node);
  if (number === null) return null;
  for (const drop of reads) {
    const factor = drop.value === null ? null : plainFactor(number, drop.value);
    if (factor !== null) return { drop, factor };
  }
  return null;
}

/** Where the loss holds a plain multiple of a number that was read of `learner`. */
export function scaledRead(live: ReadonlySet<Node>, losses: readonly Node[], learner: Learner): Cut | null {
  const reads = keptReads().filter((x) => x.value !== null && dependsOn(x, learner) && x.rule !== "stop" && !x.isOwn);
  if (reads.length === 0) return null;
  for (const node of live) {
    const found = scaledFrom(node, reads);
    if (found) return droppedAt(node, trail(losses, (x) => x === node), found.drop, learner, found.factor);
  }
  return null;
}

/** Constants that were given, or written where numbers that were computed would stand. */
const isTelling = (x: Node): boolean => x.op !== "full" || !isPlain(x.attrs.value);

/** The constants of a loss that may be made of what was read at `read`: made after it, and of as many numbers. */
function fitting(read: Drop, order: readonly Node[]): Node[] {
  return order.filter((x) =>
    x.inputs.length === 0 && !isLearner(x.owner) && x.id > read.node && sizeOf(x.shape) === read.size && isTelling(x)
  );
}

/**
 * The lines at which `learner` was read before a constant of the loss was made, the likeliest first: one with as many numbers as
 * that constant, the last. A parameter that is read itself is saved, or shown; a number of its own is used.
 */
function suspects(learner: Learner, order: readonly Node[]): Drop[] {
  const isUse = (x: Drop): boolean => isSuspect(x, learner) && (!x.isOwn || x.kind === "item()");
  const last = Math.max(-1, ...order.filter((x) => x.inputs.length === 0 && !isLearner(x.owner)).map((x) => x.id));
  const reads = keptReads().filter((x) => isUse(x) && x.node < last);
  const fits = new Map(reads.map((x) => [x, fitting(x, order).length > 0]));
  const lines = new Map(reads.toReversed().map((x) => [x.site.way, x]));
  return [...lines.values()].toSorted((a, b) => Number(fits.get(b)) - Number(fits.get(a)) || b.node - a.node);
}

/** The cut by a read of what was stopped with a reason, if a constant of the loss may be made of that. */
export function declaredRead(learner: Learner, order: readonly Node[]): Cut | null {
  const drop = declaredReadsOf(learner).find((x) => fitting(x, order).length > 0 || mayBeNumber(x, order));
  return drop ? cutAt(drop, learner) : null;
}

/** Whether a number that was read may be one that is written in the loss, whatever was made of it. */
function mayBeNumber(read: Drop, order: readonly Node[]): boolean {
  return read.value !== null &&
    order.some((x) => x.op === "full" && x.id > read.node && !Number.isInteger(2 * x.attrs.value));
}

function cutAt(drop: Drop, learner: Learner): Cut {
  return {
    how: drop.kind,
    places: [{ site: drop.site, note: `${describeDrop(drop)}, and nothing else of it is in the loss` }],
    path: pathText(["arithmetic outside of the graph", ...wayOf(drop, learner)], learner.label),
    help: [
      ...helpFor({ how: drop.kind, left: drop.site, isThroughHost: true }),
      "where the number goes:  await audit(() => lossOf(..)), a function that reads and computes it all",
    ],
    forbidden: forbids(drop),
  };
}

/** What is said of the likeliest of them; `null` if there is none. */
export function suspicion(learner: Learner, order: readonly Node[]): Cut | null {
  const [drop, ...others] = suspects(learner, order);
  if (!drop) return null;
  const cut = cutAt(drop, learner);
  const also = others.slice(0, 2).map((x) => ({ site: x.site, note: `or here: ${describeDrop(x)}` }));
  return { ...cut, places: [...cut.places, ...also] };
}
