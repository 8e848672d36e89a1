/** The losses of the last backward() calls, for the audit of the step() after them. */

import { type Node, rebuild } from "../../graph/node.ts";
import { pending } from "../../graph/pending.ts";

const kept = 16;
let losses: Node[] = [];
let stepped = false;
let steps = 0;
let forgotten = false;
const differentiated = new WeakSet<Node>();

let loose = false;

/** `loss` was differentiated; `hasLoose`: it reaches parameters that nobody owns. The first one after a step begins anew. */
export function rememberLoss(loss: Node, hasLoose: boolean): void {
  if (stepped) [losses, loose] = [[], false];
  stepped = false;
  loose ||= hasLoose;
  losses.push(loss);
  differentiated.add(loss);
  forgotten = losses.length > kept;
  if (forgotten) losses.shift();
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
    pending.add({ node, settle: () => {} });
  }
  stepped = true;
  steps++;
}

/** Whether there were more losses than are kept. */
export function haveForgotten(): boolean {
  return forgotten;
}

/** Whether one of the recent losses reaches parameters that nobody owns. */
export function haveLoose(): boolean {
  return loose;
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
