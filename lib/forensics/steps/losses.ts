/** The losses of the last backward() calls, for the audit of the step() after them; and who has learned from which step. */

import { type Node, rebuild } from "../../graph/node.ts";
import { pending } from "../../graph/pending.ts";
import { warnOfConditions } from "../reads/conditions.ts";

const kept = 16;
let losses: Node[] = [];
/** What the gradients of the losses went through. */
let parts: ReadonlySet<Node>[] = [];
let stepped = false;
let steps = 0;
let forgotten = false;
const differentiated = new WeakSet<Node>();

let loose = false;

/**
 * `loss` was differentiated, through the nodes `live`; `hasLoose`: it reaches parameters that nobody owns. The first one after a
 * step begins anew.
 */
export function rememberLoss(loss: Node, live: ReadonlySet<Node>, hasLoose: boolean): void {
  if (stepped) [losses, parts, loose] = [[], [], false];
  stepped = false;
  loose ||= hasLoose;
  losses.push(loss);
  parts.push(live);
  differentiated.add(loss);
  forgotten = losses.length > kept;
  if (forgotten) {
    losses.shift();
    parts.shift();
  }
}

/** A loss or a step was refused: the next one has nothing to do with it, nor with what was read for it. */
export function forgetLosses(): void {
  [losses, parts, loose, stepped] = [[], [], false, true];
  steps++;
}

/** `node` could not be computed, or went bad: if it is a loss, the next step does not learn from it. */
export function forgetLoss(node: Node): void {
  losses = losses.filter((x) => x !== node);
}

/** Whether `node` is a loss that was differentiated. */
export function isLoss(node: Node): boolean {
  return differentiated.has(node);
}

/**
 * An optimiser has stepped. Another may still step from the same losses. The next evaluation computes them too, so that a loss
 * that is not finite is seen, though its gradient be finite.
 */
export function noteStep(): void {
  for (const loss of stepped ? [] : losses.filter((x) => !x.traced)) {
    // One that has been read before is computed again, to be judged.
    const node = loss.value === null ? loss : rebuild(loss, loss.inputs);
    differentiated.add(node);
    pending.judge(node);
  }
  stepped = true;
  steps++;
  warnOfConditions(steps, 1);
}

let idle = 0;

/** An optimiser was asked to step without any gradient. */
export function noteIdleStep(): void {
  idle++;
}

/** Tells steps and attempts to step apart. */
export function roundOf(): string {
  return `${steps} ${idle} ${losses.at(-1)?.id}`;
}

/** Whether there were more losses than are kept. */
export function haveForgotten(): boolean {
  return forgotten;
}

/** Whether one of the recent losses reaches parameters that nobody owns. */
export function haveLoose(): boolean {
  return loose;
}

/** Whether `node` is a loss that was differentiated, or a part of the last ones: who reads it looks at what is learned from. */
export function isPartOfLoss(node: Node): boolean {
  return differentiated.has(node) || parts.some((x) => x.has(node));
}

/** The last step that each has learned from. */
const lessons = new WeakMap<object, number>();

/** The step that is being taken changes `learners` by a gradient. */
export function noteLearning(learners: Iterable<object>): void {
  for (const x of learners) lessons.set(x, steps);
}

/** A step was replayed from which `learners` learn. */
export function noteReplay(learners: Iterable<object>): void {
  noteLearning(learners);
  steps++;
}

/** The last step that `learner` has learned from; -1 if there is none. */
export function lastLesson(learner: { readonly root: object }): number {
  return Math.max(lessons.get(learner) ?? -1, lessons.get(learner.root) ?? -1);
}

/** How many steps were taken or refused: tells what was read since the last one. */
export function stepCount(): number {
  return steps;
}

/** Whether an optimiser has stepped since the last backward(). */
export function haveStepped(): boolean {
  return stepped;
}

/** The losses since the last step, newest first. */
export function recentLosses(): readonly Node[] {
  return losses.toReversed();
}
