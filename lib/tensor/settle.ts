/**
 * What was assigned is computed before what is read, step by step. A step that cannot be computed, or goes bad, is taken back
 * with all that was built on it; then it is told.
 */

import { settleUnread } from "../forensics/nonfinite/unread.ts";
import { saysStateIsKept } from "../graph/error.ts";
import { type Node, topological } from "../graph/node.ts";
import { type Assignment, pending, type Step } from "../graph/pending.ts";
import { enqueue, evaluateNow } from "./evaluate.ts";

interface Failure {
  /** `null` if the step is in order. */
  readonly error: unknown;
  /** What is to be taken back. */
  readonly undone: readonly Assignment[];
}

const nodesOf = ({ assignments, losses }: Step): Node[] => [...assignments.map((x) => x.node), ...losses];

async function errorOf(nodes: readonly Node[]): Promise<unknown> {
  try {
    await evaluateNow(nodes);
    return null;
  } catch (error) {
    return error;
  }
}

/** What of a step that could not be computed together is to blame. */
async function failureOf(step: Step): Promise<Failure> {
  if (step.isWhole) {
    const error = await errorOf(nodesOf(step));
    return { error, undone: error === null ? [] : step.assignments };
  }
  let first: unknown = null;
  const bad: Node[] = [];
  for (const { node } of step.assignments) {
    const error = await errorOf([node]);
    first ??= error;
    if (error !== null) bad.push(node);
  }
  // What the bad values were computed from in the same step goes back with them: the moments of weights, say.
  const own = new Set(nodesOf(step));
  const behind = new Set(topological(bad, (x) => x.value !== null && !own.has(x)));
  return { error: first, undone: step.assignments.filter(({ node }) => behind.has(node)) };
}

/** Takes back the steps that are built on what is gone. */
function undoBuiltOn(isGone: (x: Node) => boolean): void {
  const gone = new Set<Node>();
  const ends = (x: Node): boolean => gone.has(x) || isGone(x);
  for (const step of pending.steps()) {
    if (!topological(nodesOf(step), (x) => x.value !== null || ends(x)).some(ends)) continue;
    for (const { node } of step.assignments) gone.add(node);
    pending.undo(step);
  }
}

/** Judges the compiled steps that nobody has looked at yet. */
export async function settleCompiled(): Promise<void> {
  await settleUnread(() => undoBuiltOn((x) => x.value?.isVoid === true));
}

/** Computes values inside a task, and what was assigned since the last time. */
export async function evaluateAssigned(nodes: readonly Node[]): Promise<void> {
  pending.tell();
  // Nothing is built on a step that is not known to be good.
  if (!pending.isEmpty) await settleCompiled();
  const steps = pending.steps();
  const gone = new Set<Node>();
  let failure: { readonly error: unknown; later: number } | null = null;
  for (const [i, step] of steps.entries()) {
    const isLast = i === steps.length - 1 && failure === null;
    if (await errorOf([...nodesOf(step), ...isLast ? nodes : []]) === null) pending.settle(step);
    else {
      const { error, undone } = await failureOf(step);
      for (const { node } of undone) gone.add(node);
      pending.undo(step, undone);
      if (failure && error !== null) failure.later++;
      if (error !== null) failure ??= { error, later: 0 };
    }
  }
  if (failure) {
    undoBuiltOn((x) => gone.has(x));
    throw saysStateIsKept(failure.error, failure.later);
  }
  await evaluateNow(nodes);
}

/** Computes the values of `nodes`, to be looked at, and keeps them there. Steps on a device that went bad show now. */
export function evaluate(nodes: readonly Node[]): Promise<void> {
  return judged(() => evaluateNow(nodes));
}

/** As {@linkcode evaluate}, for somebody who reads: with what was assigned before. */
export function evaluateToRead(node: Node): Promise<void> {
  return judged(() => evaluateAssigned([node]));
}

function judged(task: () => Promise<void>): Promise<void> {
  return enqueue(async () => {
    await task();
    await settleCompiled();
  });
}

let isFlushing = false;

/** A loop that reads nothing: its steps are computed meanwhile, when the program waits for something. */
pending.onFull(() => {
  if (isFlushing) return;
  isFlushing = true;
  void enqueue(async () => {
    try {
      await evaluateAssigned([]);
    } catch (error) {
      pending.fail(error);
    } finally {
      isFlushing = false;
    }
  });
});
