/** The losses of the last backward() calls, for the audit of the step() after them. */

import type { Node } from "../graph/node.ts";

const kept = 16;
let losses: Node[] = [];
let stepped = false;
let steps = 0;
let forgotten = false;

/** `loss` was differentiated. The first one after a step begins anew. */
export function rememberLoss(loss: Node): void {
  if (stepped) losses = [];
  stepped = false;
  losses.push(loss);
  forgotten = losses.length > kept;
  if (forgotten) losses.shift();
}

/** An optimiser has stepped. Another may still step from the same losses. */
export function noteStep(): void {
  stepped = true;
  steps++;
}

/** Whether there were more losses than are kept. */
export function haveForgotten(): boolean {
  return forgotten;
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
