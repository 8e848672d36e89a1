/**
 * What `step()` says of parameters without a gradient. As in PyTorch they keep their values. Refused is what is certain: gradients
 * that were thrown away, a way to the loss that is cut, an optimiser that holds nothing of what the loss reaches. What no loss has
 * used yet may be used by a later one (an expert that is idle, a head that joins): that is told once, in a warning, when a step
 * from the same loss leaves it out again.
 */

import { type ErrorParts, PlumblineError } from "../../graph/error.ts";
import type { Node } from "../../graph/node.ts";
import { callerSite } from "../../graph/site.ts";
import { warn } from "../../graph/warning.ts";
import { judge, type Verdict } from "../flow/cut.ts";
import type { Cut } from "../flow/dropped.ts";
import { type Learner, learnersAmong, liveNodes } from "../flow/edges.ts";
import { goesInto } from "../flow/into.ts";
import { helpFor } from "../flow/help.ts";
import { labelOf, listed } from "../flow/label.ts";
import { assignedFrom } from "../flow/restarted.ts";
import { warnOfConditions } from "../reads/conditions.ts";
import { dependsOn, keptReads } from "../reads/drops.ts";
import { forgetLosses, haveForgotten, haveStepped, recentLosses, roundOf, stepCount } from "./losses.ts";
import { exchanged, haveLooseBeside, idle, loose, neverUsed, takenOut, wrongOwner } from "./ownership.ts";
import { cutsParts, summary } from "./refuse.ts";
import { type FirstStep, firstStepOf, lookLater, type SteppedGroup } from "./zero_step.ts";

type Verdicts = ReadonlyMap<Learner, Verdict>;

/** A question that a compiled function leaves open: its step is traced once, and others may follow. */
export interface OpenQuestion {
  /** Calls of the function that may pass. */
  calls: number;
  /** Says what there is to say if there is no answer. */
  readonly ask: () => void;
}

/** What is to be seen to when a compiled function has run. */
export interface LeftOpen {
  readonly questions: OpenQuestion[];
  /** First steps of optimisers. */
  readonly steps: FirstStep[];
}

let open: LeftOpen | null = null;

/** Runs `fn`, which traces; gives what is left open as well. What gradients it leaves are thrown away. */
export function collectOpen<T>(fn: () => T): { result: T; left: LeftOpen } {
  const outer = open;
  const left = open = { questions: [], steps: [] } as LeftOpen;
  const before = idleSteps;
  try {
    const result = fn();
    for (const idle of idleSteps) if (!before.includes(idle)) refuseIfExchanged(idle, ownersIn(idle.losses));
    return { result, left };
  } finally {
    idleSteps = before;
    open = outer;
  }
}

/** What became of parameters in steps that were watched: the best of it. */
export type Watched = Map<Learner, Verdict>;

let watching: Watched | null = null;

/** Runs `fn`; gives what became of the parameters of the optimisers that stepped in it, or whose steps were traced. */
export async function watchSteps(fn: () => unknown): Promise<Watched> {
  const outer = watching;
  const found: Watched = watching = new Map();
  try {
    await fn();
    return found;
  } finally {
    watching = outer;
  }
}

function noteWatched(parameters: readonly Learner[], missing: ReadonlySet<Learner>): void {
  if (!watching) return;
  const verdicts = judge(recentLosses(), parameters);
  for (const x of parameters) {
    if (!missing.has(x)) watching.set(x, { status: "reached" });
    else if (watching.get(x)?.status !== "reached") watching.set(x, verdicts.get(x)!);
  }
}

/** Who has had a gradient in some step. */
const reached = new WeakSet<Learner>();
/** Of whom it was told that they had none. */
const told = new WeakSet<Learner>();

/** A step of an optimiser that had no gradient, though losses that nobody has stepped from gave some to others. */
interface IdleStep {
  readonly parameters: readonly Learner[];
  readonly losses: readonly Node[];
  /** The number of steps before it. */
  readonly after: number;
}

let idleSteps: readonly IdleStep[] = [];
/** Steps after which an idle one is forgotten: it keeps the graphs of its losses. */
const rememberedFor = 4;

const ownersIn = (losses: readonly Node[]): Learner[] => learnersAmong(liveNodes(losses));

/** Throws G504 if what the losses of an idle step gave to `others` is thrown away too, and none of both has ever learned. */
function refuseIfExchanged({ parameters, losses }: IdleStep, others: readonly Learner[]): void {
  if ([...parameters, ...others].some((x) => reached.has(x)) || others.every((x) => x.root === x)) return;
  throw new PlumblineError(exchanged(losses, parameters));
}

/** For `zeroGrad()`: `parameters` have gradients of `losses` that no step has used. */
export function refuseExchanged(parameters: readonly Learner[], losses: ReadonlySet<Node>): void {
  for (const idle of idleSteps) if (idle.losses.some((x) => losses.has(x))) refuseIfExchanged(idle, parameters);
}

/**
 * Steps from the same loss that may leave out one entry of a list of which another is used: an expert, a head, a block. And
 * steps of an optimiser before anything was computed of its parameters.
 */
const patience = 8;

/** How often steps from losses of the same lines have left somebody out, by optimiser. */
const turns = new WeakMap<object, Map<string, { count: number; round: string }>>();

function countTurn(vector: object, losses: readonly Node[], isIdle: boolean): number {
  let known = turns.get(vector);
  if (!known) turns.set(vector, known = new Map());
  // Who has no gradient at all has nothing to do with the losses.
  const key = isIdle ? "" : [...new Set(losses.map((x) => x.site.key))].join();
  const round = roundOf();
  const turn = known.get(key) ?? { count: 0, round: "" };
  if (turn.round !== round) known.set(key, { count: turn.count + 1, round });
  return known.get(key)!.count;
}

/** The entries of lists in a label: `net.heads`, `net.heads.2.` of `net.heads.2.weight`. */
const entriesOf = (label: string): { list: string; entry: string }[] =>
  [...label.matchAll(/\.\d+(?=\.)|\[\d+\](?=\.)/g)].map(({ index, 0: at }) => ({
    list: label.slice(0, index),
    entry: `${label.slice(0, index)}${at}.`,
  }));

/** Tells whether a label is that of an entry of a list of which `used` has others, and nothing of it. */
function sparing(used: readonly string[]): (label: string) => boolean {
  const found = used.flatMap(entriesOf);
  const lists = new Set(found.map((x) => x.list)), entries = new Set(found.map((x) => x.entry));
  return (label) => entriesOf(label).some(({ list, entry }) => lists.has(list) && !entries.has(entry));
}

function refuse(parts: ErrorParts): never {
  forgetLosses();
  throw new PlumblineError(parts);
}

/** Those of `parameters` that the losses have one of `statuses` for. */
function those(
  parameters: readonly Learner[],
  verdicts: Verdicts,
  ...statuses: readonly Verdict["status"][]
): Learner[] {
  return parameters.filter((x) => statuses.includes(verdicts.get(x)!.status));
}

/** Throws if the losses since the last step reach `missing`: their gradients were there. */
function refuseThrownAway(verdicts: Verdicts, missing: readonly Learner[]): void {
  const lost = those(missing, verdicts, "reached");
  if (lost.length === 0) return;
  refuse({
    code: "G107",
    message: `step() has no gradients for ${listed(lost)}: they were thrown away after backward()`,
    params: lost.map((x) => x.label),
    help: [
      "call zeroGrad() before backward(), or after step(), not between them.",
      "the gradients of a compiled function end with its call: step() in it, or keep their sums: new GradientAccumulator(model).",
    ],
  });
}

/** A value that words of the user keep from the graph: where no parameter of the optimiser learns, they may be right. */
const isMeant = ({ how }: Cut): boolean => how === "detach()" || how === "noGrad()";

/** What else may be wrong: the right one is stopped on its way to the loss, or was assigned, so that its way ends there. */
function orItsWay(
  losses: readonly Node[],
  parameters: readonly Learner[],
  stop: Cut | undefined,
  { sites = [], help, ...parts }: ErrorParts,
): ErrorParts {
  const name = listed(parameters);
  const owners = [help ?? []].flat();
  if (stop) {
    return {
      ...parts,
      sites: [...sites, ...stop.places],
      help: [...owners, `if it is to be ${name}, the way is cut:  ${stop.help[0]}`],
    };
  }
  const leaf = assignedFrom(liveNodes(losses), loose(losses), parameters);
  if (!leaf) return { ...parts, sites, help: owners };
  const note = `assign() passes no gradient to ${labelOf(leaf.inputs[0]!)}, which is made of ${name}`;
  return {
    ...parts,
    sites: [{ site: leaf.site, note }, ...sites],
    help: [
      helpFor({ how: "assign()", left: leaf.site })[0]!,
      `if the loss is to be that of ${name}: compute it with these.`,
      owners.at(-1)!,
    ],
  };
}

/**
 * Throws G504 if an optimiser holds nothing of what `losses` reach, and nobody holds that. But one whose parameters act through
 * what nobody holds has the right ones: their way is cut.
 */
function refuseWrongOwner(losses: readonly Node[], parameters: readonly Learner[], verdicts: Verdicts): void {
  const parts = wrongOwner(losses, parameters);
  if (!parts) return;
  const cutOf = (x: Learner): Cut => (verdicts.get(x) as { cut: Cut }).cut;
  const all = those(parameters, verdicts, "cut");
  const cut = all.filter((x) => !isMeant(cutOf(x)));
  const isRestarted = cut.some((x) => cutOf(x).how === "new Parameter()");
  if (isRestarted || goesInto(losses, cut, new Set(loose(losses)))) return;
  refuse(orItsWay(losses, parameters, all.map(cutOf).find(isMeant), parts));
}

/** Throws what is certain of `late`, which no step has reached. */
function refuseCertain(
  losses: readonly Node[],
  parameters: readonly Learner[],
  late: readonly Learner[],
  verdicts: Verdicts,
): void {
  if (late.length === parameters.length && !haveStepped()) refuseWrongOwner(losses, parameters, verdicts);
  const cut = those(late, verdicts, "cut");
  if (cut.length > 0) refuse({ ...cutsParts(verdicts, cut), audit: `${summary(verdicts)}. step() refused` });
  const gone = takenOut(losses, parameters, those(late, verdicts, "unused"));
  if (gone) refuse(gone);
}

const isLate = (x: Learner): boolean => !reached.has(x) && !told.has(x) && !x.joinsLater;

/** What is told of `unused`, unless a step has reached them meanwhile. */
function telling(losses: readonly Node[], parameters: readonly Learner[], unused: readonly Learner[]): () => void {
  const site = callerSite();
  const isOurs = !haveStepped();
  return () => {
    const left = unused.filter(isLate);
    if (left.length === 0) return;
    left.forEach((x) => told.add(x));
    const isIdle = left.length === parameters.length;
    warn(isIdle ? idle({ losses, parameters, site, isOurs }) : neverUsed(losses, parameters, left));
  };
}

/** What will be said when the program ends, by optimiser: a loss that is never stepped from again does not come round. */
const waiting = new Map<object, () => void>();
const mostWaiting = 32;

/** Says what steps have left open: for the end of a program. */
export function tellWaiting(): void {
  for (const tell of waiting.values()) tell();
  waiting.clear();
  warnOfConditions(stepCount(), 0);
}

/** Has it told that no loss has used `unused`: when it is certain that the same loss came round. */
function tellUnused(losses: readonly Node[], parameters: readonly Learner[], unused: readonly Learner[]): void {
  const { root } = parameters[0]!;
  const isIdle = unused.length === parameters.length;
  const used = new Set([...ownersIn(losses), ...parameters.filter((x) => reached.has(x))]);
  const isEntry = sparing([...used].map((x) => x.label));
  // Where nothing was computed of it that could have been a loss, the data may not be there yet.
  const isWaiting = isIdle && losses.length === 0 && !keptReads().some((x) => unused.some((y) => dependsOn(x, y)));
  const isSpared = (label: string): boolean => isWaiting || isEntry(label);
  const groups = Map.groupBy(unused, (x) => isSpared(x.label) ? patience : 1);
  const turn = open ? 0 : countTurn(root, losses, isIdle);
  const isSure = haveLooseBeside(losses, parameters);
  for (const [calls, some] of groups) {
    const tell = telling(losses, parameters, some);
    if (isSure || turn > calls) tell();
    else open?.questions.push({ calls, ask: tell });
    if (calls > 1) continue;
    waiting.set(root, tell);
    if (waiting.size > mostWaiting) waiting.delete(waiting.keys().next().value!);
  }
}

/**
 * For `step()`: throws if it is certain that one of `missing`, the parameters without a gradient, was meant to have one; warns if
 * it may be. The parameters keep their values.
 *
 * @throws PlumblineError G107 if gradients were thrown away, G101 or G108 for a cut, G504 for the wrong parameters.
 */
export function auditMissing(parameters: readonly Learner[], missing: ReadonlySet<Learner>): void {
  noteWatched(parameters, missing);
  for (const x of parameters) if (!missing.has(x)) reached.add(x);
  const isIdle = missing.size === parameters.length;
  const late = [...missing].filter(isLate);
  if (parameters.length === 0 || (late.length === 0 && (!isIdle || haveStepped()))) return;
  // What was differentiated before there was the optimiser is another's.
  const losses = recentLosses().filter((x) => x.id >= parameters[0]!.root.madeAfter);
  const verdicts = judge(losses, parameters);
  if (isIdle && !haveStepped()) refuseThrownAway(verdicts, parameters);
  if (late.length === 0) return;
  if (isIdle && !haveStepped()) {
    const recent = idleSteps.filter(({ after }) => stepCount() - after < rememberedFor);
    idleSteps = [...recent, { parameters, losses, after: stepCount() }];
  }
  refuseCertain(losses, parameters, late, verdicts);
  const suspected = those(late, verdicts, "suspected");
  if (suspected.length > 0) {
    suspected.forEach((x) => told.add(x));
    const parts = cutsParts(verdicts, suspected);
    warn({
      ...parts,
      message: parts.message.replace("gradient cut:", "gradient cut, as it seems:"),
      audit: summary(verdicts),
    });
  }
  const unused = those(late, verdicts, "unused");
  if (unused.length > 0) tellUnused(losses, parameters, unused);
}

/**
 * For the first `step()` of an optimiser, before it changes the parameters: throws if a parameter has a gradient that is zero by
 * construction, cut inside of a loop; warns later of gradients that are zero.
 */
export function auditFirstStep(groups: readonly SteppedGroup[], learns: (x: Learner) => boolean): void {
  const parameters = groups.flatMap((x) => x.parameters).filter(learns);
  const losses = recentLosses();
  const verdicts = judge(losses, parameters);
  const cut = those(parameters, verdicts, "cut");
  if (cut.length > 0 && !haveForgotten()) {
    refuse({ ...cutsParts(verdicts, cut), audit: `${summary(verdicts)}. step() refused` });
  }
  const step = firstStepOf(losses, groups, learns);
  if (open) open.steps.push(step);
  else if (!losses.some((x) => x.traced)) lookLater(step);
}
