/**
 * What `step()` refuses. A parameter that some step has reached is in order. One that none has reached is refused, as soon as it
 * is certain that no loss of another step will reach it: at once, or, where one block steps the optimiser at several places
 * (alternating losses) or has several heads of which a step takes one, when the losses come round again.
 */

import { PlumblineError } from "../../graph/error.ts";
import type { Node } from "../../graph/node.ts";
import { callerSite } from "../../graph/site.ts";
import { countInBlock } from "../../graph/source.ts";
import { judge, type Verdict } from "../flow/cut.ts";
import type { Cut } from "../flow/dropped.ts";
import type { Learner } from "../flow/edges.ts";
import { goesInto } from "../flow/into.ts";
import { forgetLosses, haveForgotten, haveStepped, recentLosses, stepCount } from "./losses.ts";
import { loose, neverUsed, wrongOwner } from "./ownership.ts";
import { listed } from "../flow/label.ts";
import { cutsParts, summary } from "./refuse.ts";
import { type FirstStep, firstStepOf, lookLater, type SteppedGroup } from "./zero_step.ts";

/** What is known of the parameters of one vector. */
interface History {
  readonly reached: WeakSet<Learner>;
  /** The step at which losses of these lines were first seen. */
  readonly losses: Map<string, number>;
  /** Steps that were let pass. */
  waited: Set<number>;
}

/** Steps after which a head that no loss has taken is never used. */
const patience = 8;

const histories = new WeakMap<object, History>();

function historyOf({ root }: Learner): History {
  let history = histories.get(root);
  if (!history) histories.set(root, history = { reached: new WeakSet(), losses: new Map(), waited: new Set() });
  return history;
}

/** A question that a compiled function leaves open: its step is traced once, and others may follow. */
export interface OpenQuestion {
  /** Calls of the function that may pass. */
  calls: number;
  /** Throws if there is no answer. */
  readonly ask: () => void;
}

/** What is to be seen to when a compiled function has run. */
export interface LeftOpen {
  readonly questions: OpenQuestion[];
  /** First steps of optimisers. */
  readonly steps: FirstStep[];
}

let open: LeftOpen | null = null;

/** Runs `fn`, which traces; gives what is left open as well. */
export function collectOpen<T>(fn: () => T): { result: T; left: LeftOpen } {
  const outer = open;
  const left = open = { questions: [], steps: [] } as LeftOpen;
  try {
    return { result: fn(), left };
  } finally {
    open = outer;
  }
}

/** Whether the block that is stepping this optimiser does so at several places, from several losses. */
function alternates({ root: { madeAt } }: Learner): boolean {
  const name = madeAt.assignedName;
  if (name === null) return false;
  const { url, line } = callerSite();
  const isRepeated = (call: string): boolean => countInBlock(url, line, new RegExp(`${call}\\(`, "g")) > 1;
  return isRepeated(`\\b${RegExp.escape(name)}\\.step`) && isRepeated("\\.backward");
}

/** `heads.2.` of `net.heads.2.weight`: entries of a list. */
const entryOf = (label: string): [list: string, index: string] | null => {
  const [, list, index] = /^(.*?)\.(\d+)\./.exec(label) ?? [];
  return list === undefined ? null : [list, index!];
};

/** Whether each of `missing` is an entry of a list of which another entry is reached. */
function areSiblings(missing: readonly Learner[], parameters: readonly Learner[]): boolean {
  const reached = parameters.filter((x) => !missing.includes(x)).flatMap((x) => [entryOf(x.label) ?? []]);
  return missing.every((x) => {
    const entry = entryOf(x.label);
    return entry !== null && reached.some(([list, index]) => list === entry[0] && index !== entry[1]);
  });
}

/** How many times the same losses may come round before it is certain. */
function turnsLeft(missing: readonly Learner[], parameters: readonly Learner[], verdicts: Verdicts): number {
  if (missing.every((x) => verdicts.get(x)!.status === "unused") && areSiblings(missing, parameters)) return patience;
  return alternates(missing[0]!) ? 1 : 0;
}

type Verdicts = ReadonlyMap<Learner, Verdict>;

function errorOf(
  losses: readonly Node[],
  parameters: readonly Learner[],
  missing: readonly Learner[],
  verdicts: Verdicts,
): PlumblineError | null {
  const of = (...statuses: Verdict["status"][]): Learner[] =>
    missing.filter((x) => statuses.includes(verdicts.get(x)!.status));
  const audit = `${summary(verdicts)}. step() refused`;
  const [first] = [...of("cut"), ...of("suspected")];
  if (first) {
    return new PlumblineError({ ...cutsParts(verdicts, [...of("cut"), ...of("suspected")]), audit });
  }
  const unused = of("unused");
  return unused.length === 0 ? null : new PlumblineError({ ...neverUsed(losses, parameters, unused), audit });
}

function refuse(error: PlumblineError): never {
  forgetLosses();
  throw error;
}

/** Throws if no loss was differentiated that has anything to do with `missing`. */
function refuseForgotten(losses: readonly Node[], verdicts: Verdicts, missing: readonly Learner[]): void {
  // Where no loss has anything to do with the optimiser, and they all have been stepped from, there was no backward().
  const foreign = haveStepped() && [...verdicts.values()].every((x) => x.status === "unused");
  const forgotten = missing.filter((x) => losses.length === 0 || foreign || verdicts.get(x)!.status === "reached");
  if (forgotten.length === 0) return;
  refuse(
    new PlumblineError({
      code: "G107",
      message: `step() has no gradients for ${listed(forgotten)}: no loss was differentiated`,
      params: forgotten.map((x) => x.label),
      help: "call loss.backward() before step(), and zeroGrad() before backward(), not after it.",
    }),
  );
}

/** A value that words of the user keep from the graph: where no parameter of the optimiser learns, they are not to blame. */
const isMeant = ({ how }: Cut): boolean => how === "detach()" || how === "noGrad()";

/**
 * Throws G504 if an optimiser holds nothing of what `losses` reach, and nobody holds that. But one whose parameters act through
 * what nobody holds has the right ones: their way is cut.
 */
function refuseWrongOwner(losses: readonly Node[], parameters: readonly Learner[], verdicts: Verdicts): void {
  const parts = wrongOwner(losses, parameters);
  if (!parts) return;
  const cut = parameters.filter((x) => {
    const verdict = verdicts.get(x)!;
    return verdict.status === "cut" && !isMeant(verdict.cut);
  });
  const isRestarted = cut.some((x) => (verdicts.get(x) as { cut: Cut }).cut.how === "new Parameter()");
  if (isRestarted || goesInto(losses, cut, new Set(loose(losses)))) return;
  refuse(new PlumblineError(parts));
}

/**
 * For `step()`: throws if one of the parameters without a gradient was neither declared nor frozen, and no step has reached it.
 * The others keep their values.
 *
 * @throws PlumblineError G107 without any backward(), G101 or G108 for a cut, G106 for a parameter that is never used, G504 for
 * the wrong parameters.
 */
export function refuseMissing(parameters: readonly Learner[], missing: readonly Learner[]): void {
  const history = historyOf(parameters[0]!);
  for (const x of parameters) if (!missing.includes(x)) history.reached.add(x);
  const losses = recentLosses();
  const verdicts = judge(losses, parameters);
  refuseForgotten(losses, verdicts, missing);
  const left = missing.filter((x) => !history.reached.has(x));
  if (left.length === parameters.length) refuseWrongOwner(losses, parameters, verdicts);
  const error = errorOf(losses, parameters, left, verdicts);
  if (!error) return;
  const turns = turnsLeft(left, parameters, verdicts);
  const key = losses.map((x) => x.site.key).join();
  const before = history.losses.get(key);
  if (before === undefined) history.losses.set(key, stepCount());
  const isAgain = before !== undefined && before !== stepCount();
  if (isAgain) history.waited.add(stepCount());
  if (history.waited.size >= turns) refuse(error);
  const ask = (): void => {
    if (left.some((x) => !history.reached.has(x))) throw error;
  };
  open?.questions.push({ calls: turns, ask });
}

/**
 * For the first `step()` of an optimiser, before it changes the parameters: throws if a parameter has a gradient that is zero by
 * construction, cut inside of a loop; warns later of gradients that are zero.
 */
export function auditFirstStep(groups: readonly SteppedGroup[], learns: (x: Learner) => boolean): void {
  const parameters = groups.flatMap((x) => x.parameters).filter(learns);
  const losses = recentLosses();
  const verdicts = judge(losses, parameters);
  const cut = parameters.filter((x) => verdicts.get(x)!.status === "cut");
  if (cut.length > 0 && !haveForgotten()) {
    const audit = `${summary(verdicts)}. step() refused`;
    refuse(new PlumblineError({ ...cutsParts(verdicts, cut), audit }));
  }
  const step = firstStepOf(losses, groups, learns);
  if (open) open.steps.push(step);
  else if (!losses.some((x) => x.traced)) lookLater(step);
}
