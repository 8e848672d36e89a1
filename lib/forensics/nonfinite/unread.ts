/**
 * Compiled steps that have not been judged yet, of all functions. They are judged together, in the order in which they ran: what
 * was built on one that went bad, by whatever function, is void too, and every variable holds what it held before.
 */

import type { Storage } from "../../graph/storage.ts";
import type { BadRun, Watch } from "./watch.ts";

/** A function whose runs are watched. */
export interface Unread {
  readonly watch: Watch;
  /** Gives the variables whose values are void those from before a run that was given `inputs`. */
  restore(inputs: readonly Storage[]): void;
  /** The error of a run; `later` runs were built on it. */
  failure(run: BadRun, later: number): Promise<Error>;
}

const unread = new Set<Unread>();

/** Remembers that a function has runs that were not judged. */
export function addUnread(step: Unread): void {
  unread.add(step);
}

/** Forgets a function, whose runs are not judged any more. */
export function dropUnread(step: Unread): void {
  unread.delete(step);
}

/** Whether all runs were judged. */
export function allJudged(): boolean {
  return unread.size === 0;
}

interface Bad {
  readonly step: Unread;
  readonly run: BadRun & { readonly order: number };
}

/** Says of every run after the first bad one of its function, or built on a void one, that it is void. Gives how many. */
function markVoid(steps: readonly Unread[], bad: readonly Bad[]): number {
  const runs = steps.flatMap((step) =>
    step.watch.runs.map((run, i) => ({ step, run, before: step.watch.runs[i - 1] }))
  );
  let count = 0;
  for (const { step, run, before } of runs.sort((a, b) => a.run.order - b.run.order)) {
    const own = bad.find((x) => x.step === step)?.run.order ?? Infinity;
    run.isVoid = run.order >= own || run.inputs.some((x) => (x ? x.madeBy : before)?.isVoid);
    if (run.isVoid) count++;
  }
  return count;
}

/**
 * Judges the steps that have not been judged. If one went bad, calls `onVoid` (storages that it or later ones have made are void
 * now), restores the variables, and throws the error of the first.
 */
export async function settleUnread(onVoid: () => void): Promise<void> {
  if (unread.size === 0) return;
  const steps = [...unread];
  unread.clear();
  const bad: Bad[] = [];
  for (const step of steps) {
    const run = await step.watch.firstBad();
    if (run) bad.push({ step, run });
  }
  const [first] = bad.sort((a, b) => a.run.order - b.run.order);
  const count = first ? markVoid(steps, bad) : 0;
  const given: { step: Unread; order: number; inputs: readonly Storage[] }[] = [];
  for (const step of steps) {
    const run = step.watch.runs.find((x) => x.isVoid);
    if (run) given.push({ step, order: run.order, inputs: await step.watch.inputsOf(run) });
  }
  if (first) onVoid();
  // The latest first: what they were given may be void, and is replaced in turn.
  for (const { step, inputs } of given.sort((a, b) => b.order - a.order)) step.restore(inputs);
  const except = new Set([...given.flatMap((x) => x.inputs), ...first?.run.inputs ?? []]);
  for (const { watch } of steps) watch.forget(except);
  if (first) throw await first.step.failure(first.run, count - 1);
}
