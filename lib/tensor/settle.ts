/**
 * What was assigned is computed before what is read, step by step. A step that cannot be computed, or goes bad, is taken back
 * with all that was built on it; then it is told.
 */

import { turn } from "../engine/turn.ts";
import { allJudged, settleUnread } from "../forensics/nonfinite/unread.ts";
import { forgetLoss } from "../forensics/steps/losses.ts";
import { saysStateIsKept } from "../graph/error.ts";
import { isInterruptible } from "../graph/interrupt.ts";
import { type Node, placeholder, topological } from "../graph/node.ts";
import { type Assignment, pending, type Step } from "../graph/pending.ts";
import { sizeOf } from "../graph/types.ts";
import { withSite } from "../graph/site.ts";
import { carriedInto } from "./carried.ts";
import {
  enqueue,
  evaluateNow,
  inOrder,
  isBetterTogether,
  isIdle,
  type Plan,
  planFor,
  run,
  runNow,
} from "./evaluate.ts";

interface Failure {
  /** `null` if the step is in order. */
  readonly error: unknown;
  /** What is to be taken back. */
  readonly undone: readonly Assignment[];
  /** What could not be computed, or went bad. */
  readonly bad: readonly Node[];
}

/** How a step is computed, without a graph of its own. */
interface Sealed extends Plan {
  readonly shared: Shared;
  /** What is computed with it that later steps are made of. */
  readonly carried: readonly Node[];
}

const nodesOf = ({ assignments, losses }: Step): Node[] => [...assignments.map((x) => x.node), ...losses];

/** Steps of a loop that waits for nothing: how they are computed, without graphs of their own. */
const plans = new WeakMap<Step, Sealed>();

async function errorOf(task: () => Promise<void>): Promise<unknown> {
  try {
    await task();
    return null;
  } catch (error) {
    return error;
  }
}

/** Computes a step, and `nodes`. */
async function compute(step: Step, nodes: readonly Node[] = []): Promise<void> {
  const plan = plans.get(step);
  if (plan) await run(plan);
  await evaluateNow([...nodesOf(step), ...nodes]);
}

/** Of a step whose assignments are `bad`: what is to be taken back with them. */
function undoneWith(bad: readonly Node[], step: Step): readonly Assignment[] {
  if (step.isWhole || plans.has(step)) return bad.length === 0 ? [] : step.assignments;
  // What the bad values were computed from in the same step: the moments of weights, say.
  const own = new Set(nodesOf(step));
  const behind = new Set(topological(bad, (x) => x.value !== null && !own.has(x)));
  return step.assignments.filter(({ node }) => behind.has(node) || node.inputs.some((x) => behind.has(x)));
}

/** What of a step that could not be computed together is to blame. */
async function failureOf(step: Step): Promise<Failure> {
  const isOne = step.isWhole || plans.has(step);
  const tasks = isOne
    ? [{ nodes: nodesOf(step), task: () => compute(step) }]
    : step.assignments.map(({ node }) => ({ nodes: [node], task: () => evaluateNow([node]) }));
  let first: unknown = null;
  const bad: Node[] = [];
  for (const { nodes, task } of tasks) {
    const error = await errorOf(task);
    first ??= error;
    if (error !== null) bad.push(...nodes);
  }
  return { error: first, undone: undoneWith(bad, step), bad };
}

/** Whether `node`, of a step, is built on values that are gone. */
function isBuiltOn(step: Step, node: Node, isGone: (x: Node) => boolean): boolean {
  return topological(plans.get(step)?.leaves ?? [node], (x) => x.value !== null || isGone(x)).some(isGone);
}

/** Takes back what is built on values that are gone. */
function undoBuiltOn(isGone: (x: Node) => boolean): void {
  const gone = new Set<Node>();
  const ends = (x: Node): boolean => gone.has(x) || isGone(x);
  for (const step of pending.steps()) {
    const bad = step.assignments.map((x) => x.node).filter((x) => isBuiltOn(step, x, ends));
    const undone = undoneWith(bad, step);
    for (const { node } of undone) gone.add(node);
    pending.undo(step, undone);
  }
}

/** Judges the compiled steps that nobody has looked at yet. */
export async function settleCompiled(): Promise<void> {
  try {
    await settleUnread(() => undoBuiltOn((x) => x.value?.isVoid === true));
  } finally {
    pending.repeat();
  }
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
    if (await errorOf(() => compute(step, isLast ? nodes : [])) === null) pending.settle(step);
    else {
      const { error, undone, bad } = await failureOf(step);
      // What was to be computed with it need not be made of it.
      for (const x of plans.get(step)?.carried ?? []) await errorOf(() => evaluateNow([x]));
      const own = new Set(bad.filter((x) => !isBuiltOn(step, x, (y) => gone.has(y))));
      for (const { node } of undone) gone.add(node);
      pending.undo(step, undone, own);
      pending.settle(step);
      // What is assigned once more is not lost.
      if (failure && error !== null && undone.some((x) => x.again === null)) failure.later++;
      if (error !== null) failure ??= { error, later: 0 };
    }
  }
  if (failure) {
    undoBuiltOn((x) => gone.has(x));
    pending.repeat();
    throw saysStateIsKept(failure.error, failure.later);
  }
  await evaluateNow(nodes);
}

/** Whether {@linkcode evaluateAssigned} has nothing to do for `nodes`. */
export function isSettled(nodes: readonly Node[]): boolean {
  return pending.isQuiet && nodes.every((x) => x.value !== null);
}

/** Whether {@linkcode evaluateToRead} has nothing to do for a node, and nothing to wait for. */
export function isReadable(node: Node): boolean {
  return node.value !== null && pending.isQuiet && allJudged() && isIdle() && !isInterruptible();
}

/** Computes what values outside of it are made of: those of steps whose graphs are not kept. */
export async function settleSealed(): Promise<void> {
  if (pending.some((x) => plans.has(x))) await evaluateAssigned([]);
}

/** Computes the values of `nodes`, to be looked at, and keeps them there. Steps on a device that went bad show now. */
export function evaluate(nodes: readonly Node[]): Promise<void> {
  return judged(nodes, async () => {
    await settleSealed();
    await evaluateNow(nodes);
  });
}

/** As {@linkcode evaluate}, for somebody who reads: with what was assigned before. */
export function evaluateToRead(nodes: readonly Node[]): Promise<void> {
  return judged(nodes, () => evaluateAssigned(nodes));
}

function judged(nodes: readonly Node[], task: () => Promise<void>): Promise<void> {
  return enqueue(async () => {
    try {
      await task();
      await settleCompiled();
    } catch (error) {
      nodes.forEach(forgetLoss);
      throw error;
    }
  });
}

/** What steps of one loop share. */
type Shared = Pick<Plan, "key" | "graph">;

const shared = new Map<string, WeakRef<Shared>>();
const sharedKept = 64;

/** The same for all steps with this key from the same lines, as long as one of them is pending. */
function sharedOf({ key, graph }: Plan, { assignments, losses }: Step): Shared {
  const lines = [...assignments.slice(0, 1).map((x) => x.node), ...losses].map((x) => x.site.stack);
  const from = [...lines, key].join(";");
  const found = shared.get(from)?.deref() ?? { key, graph };
  shared.delete(from);
  shared.set(from, new WeakRef(found));
  if (shared.size > sharedKept) shared.delete(shared.keys().next().value!);
  return found;
}

/** Values that sealed steps are going to give, beside those of their own. */
let promised = new WeakSet<Node>();

const willBeKnown = (x: Node): boolean => x.value !== null || promised.has(x);

/** Keeps how a step is computed, which it shares with others, in the place of its own graph. */
function seal(step: Step): void {
  const missing = nodesOf(step).filter((x) => x.value === null);
  if (!pending.some((x) => plans.has(x))) promised = new WeakSet();
  const carried = carriedInto(missing, willBeKnown);
  const plan = planFor(missing, carried, willBeKnown);
  carried.forEach((x) => promised.add(x));
  const losses = new Map(step.losses.map((x) => [x, withSite(x.site, () => placeholder(x))]));
  for (const { site } of step.losses) site.settle();
  const standIn = (x: Node): Node => losses.get(x) ?? x;
  const shared = sharedOf(plan, step);
  const sinks = plan.sinks.map((x) => ({ ...x, node: standIn(x.node) }));
  plans.set(step, { ...plan, ...shared, shared, carried, sinks, nodes: plan.nodes.map(standIn) });
  pending.seal(step);
}

/** Steps, and numbers in them, that are computed together where that is better. */
const mostTogether = 64;
const mostNumbers = 2 ** 20;

/** What computes sealed steps when the program waits for something; and whether it must, since they could not be computed before. */
let flushing: "no" | "waits" | "runs" = "no";
let isInVain = false;

/** The steps that are sealed and not computed, oldest first. */
function sealed(): readonly Step[] {
  const steps = pending.soFar();
  const other = steps.findIndex((x) => !plans.has(x));
  return steps.slice(0, other < 0 ? steps.length : other);
}

const numbersOf = (step: Step): number => plans.get(step)!.graph.outputs.reduce((sum, x) => sum + sizeOf(x.shape), 0);

/** Steps in a row, in groups that hold no more than so much: what is computed together is there at once. */
function inGroups(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  let numbers = Infinity;
  for (const step of steps) {
    numbers += numbersOf(step);
    if (numbers > mostNumbers || groups.at(-1)!.length === mostTogether) {
      groups.push([]);
      numbers = numbersOf(step);
    }
    groups.at(-1)!.push(step);
  }
  return groups;
}

/** Computes sealed steps, as far as that waits for nothing. Whether there are none left. */
function flushNow(steps: readonly Step[]): boolean {
  if (!isIdle(flushing === "waits" ? 1 : 0) || !allJudged()) return false;
  for (const group of inGroups(steps)) {
    const good = runNow(group.map((x) => plans.get(x)!));
    group.slice(0, good).forEach((x) => pending.settle(x));
    if (good < group.length) return false;
  }
  return true;
}

/** Whether they are worth waiting for. A program that comes back to the event loop has them computed there, beside what it does. */
function areMany(steps: readonly Step[]): boolean {
  return !isBetterTogether() || steps.length >= mostTogether ||
    steps.reduce((sum, x) => sum + numbersOf(x), 0) >= mostNumbers;
}

async function flush(): Promise<void> {
  flushing = "runs";
  try {
    await evaluateAssigned([]);
  } catch (error) {
    pending.fail(error);
  } finally {
    [flushing, isInVain] = ["no", false];
  }
}

/** A loop that reads nothing: its steps are computed at once, or as soon as the program waits for something. */
pending.onFull((fresh) => {
  fresh.forEach(seal);
  if (flushing !== "runs" && !isInVain) {
    const steps = sealed();
    if (areMany(steps)) isInVain = !flushNow(steps);
  }
  if (flushing !== "no" || !pending.some((x) => plans.has(x))) return;
  flushing = "waits";
  void inOrder(() => isBetterTogether() ? turn().then(flush) : flush());
});
