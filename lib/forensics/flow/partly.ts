/**
 * Parts of a loss that are cut in its graph, while what is behind them learns from other parts: what is made of a sample by which
 * nothing learns, a term that is a step, one that is stopped without a reason, and one that compares a thing with itself. Where the
 * sample's log-probability is in the loss too, it is learned from by that, unless a network's judgement of it is a term of its own.
 */

import { hasLearner, type Node } from "../../graph/node.ts";
import type { Site } from "../../graph/site.ts";
import { sizeOf } from "../../graph/types.ts";
import { warn } from "../../graph/warning.ts";
import { judge } from "./cut.ts";
import type { Cut } from "./dropped.ts";
import { primitives } from "../../graph/primitives.ts";
import { allNodes, isLearner, type Learner, learnersAmong, liveNodes, passes } from "./edges.ts";
import { howCut, isDeclared, isSampled, labelOf, listed } from "./label.ts";
import { areSame, oneIsData, withItself } from "./same.ts";
import { allTerms, idleTerms, isHeldAgainst, lastTerms, oldLogProbabilities, summandsOf, Taught } from "./terms.ts";
import { vanishesAt } from "./vanishing.ts";

/** What is cut from a part of a loss. */
interface Part {
  readonly learners: readonly Learner[];
  readonly cut: Cut;
  /** In a few words. */
  readonly what: string;
  readonly site: Site;
}

/** Of `learners` those that `terms` are cut from, by an operation that `isBy` knows. */
function cutFrom(terms: readonly Node[], learners: readonly Learner[], isBy: (how: string) => boolean) {
  const verdicts = [...judge(terms, learners)];
  return verdicts.flatMap(([learner, verdict]) =>
    verdict.status === "cut" && isBy(verdict.cut.how) ? [{ learner, cut: verdict.cut }] : []
  );
}

/** The nodes of `order` that `sample` acts on. */
function actedOn(sample: Node, order: readonly Node[]): Set<Node> {
  const found = new Set([sample]);
  for (const node of order) if (node.inputs.some((x) => found.has(x))) found.add(node);
  return found;
}

/** Whether a term is what a network gives, as it stands: an action that is judged, not an error that a network learns from. */
function isOutput(term: Node, taught: Taught): boolean {
  if (primitives[term.op].kind === "contract") return true;
  return (term.op === "minimum" || term.op === "maximum") &&
    term.inputs.every((x) => lastTerms([x], taught).some((y) => isOutput(y, taught)));
}

const hasLogProb = (nodes: Iterable<Node>): boolean => [...nodes].some((x) => x.site.called === "logProb");

/**
 * The terms of `loss` that `sample` acts on and by which its distribution should learn. Where its log-probability is in the loss
 * too, most terms only learn from what was drawn; left are those that judge it: a constant, or what a network gives that
 * learns from nothing else.
 */
function termsOfSample(loss: Node, sample: Node, order: readonly Node[], taught: Taught): Node[] {
  const after = actedOn(sample, order);
  const all = lastTerms([loss], taught);
  const terms = all.filter((x) => after.has(x));
  if (!hasLogProb(after)) return terms;
  const idle = idleTerms([loss], taught).filter((x) => after.has(x) && !hasLogProb(allNodes([x])));
  const others = new Set(learnersAmong(liveNodes(all.filter((x) => !after.has(x)))));
  const judging = terms.filter((x) =>
    isOutput(x, taught) && !learnersAmong(liveNodes([x])).some((learner) => others.has(learner))
  );
  return [...judging, ...idle];
}

const weighed = 'weigh its logProb() by it:  logProb.mul(value.detach("a weight"))';

/** What is made of a sample in one part of `loss`, where its distribution learns from others. */
function partOfSample(
  loss: Node,
  live: ReadonlySet<Node>,
  learners: readonly Learner[],
  taught: Taught,
): Part | null {
  const samples = [...live].filter(isSampled);
  if (samples.length === 0) return null;
  const order = allNodes([loss]);
  for (const sample of samples) {
    const terms = termsOfSample(loss, sample, order, taught);
    const [found, ...others] = cutFrom(terms, learners, (how) => how === "sample()");
    if (!found) continue;
    const { receiver, call } = sample.site;
    const meant = receiver && call ? [`if intended:      stopGradient(${receiver}.${call}, "why")`] : [];
    const isWeighable = hasLogProb(actedOn(sample, order));
    const help = isWeighable && sample.dtype === "float32"
      ? [`use rsample(), or ${weighed}`]
      : isWeighable
      ? [weighed]
      : found.cut.help;
    return {
      learners: [found, ...others].map((x) => x.learner),
      cut: { ...found.cut, help: [...help, ...meant] },
      what: "from what is made of this sample",
      site: terms[0]!.site,
    };
  }
  return null;
}

const isStep = (how: string): boolean =>
  /^(argmax|argmin|floor|ceil|round|trunc|sign|cast|greater|less|equal|notEqual)/.test(how);

/** A number that is added to the loss and is a step of what learns: a count, an accuracy. */
function partOfStep(idle: readonly Node[], learners: readonly Learner[]): Part | null {
  for (const term of idle.filter((x) => sizeOf(x.shape) === 1)) {
    const [found, ...others] = cutFrom([term], learners, isStep);
    if (!found) continue;
    return {
      learners: [found, ...others].map((x) => x.learner),
      cut: found.cut,
      what: "from a term of it that is a step",
      site: term.site,
    };
  }
  return null;
}

/** A stop of the user's without a reason: `detach()`, `noGrad()`. */
const isBareStop = (x: Node): boolean =>
  x.op === "stopGradient" && x.owner === null && stopping.has(howCut(x)) && !isDeclared(x);
const stopping: ReadonlySet<string> = new Set(["detach()", "noGrad()"]);

/** What there is of a loss beside the terms that teach nobody. */
interface Rest {
  /** What is added up, and learned from. */
  readonly added: readonly Node[];
  /** What a gradient reaches within such a term. */
  readonly within: readonly Node[];
  readonly taught: Taught;
}

/**
 * Whether a stop only takes away what is added again, or shifts what learns: `hard.sub(soft).detach().add(soft)`, and
 * `m.add(x.sub(m).exp().sum().log())` with a largest value m.
 */
function isOffset(stop: Node, term: Node, { added, within, taught }: Rest): boolean {
  const [stopped] = stop.inputs;
  const isAdded = summandsOf(term).has(stop);
  const parts = isAdded ? [...summandsOf(stopped!)].filter((x) => taught.has(x)) : [];
  if (parts.some((x) => added.some((y) => areSame(x, y)))) return true;
  return within.some(({ inputs }) => inputs.some((x) => isBareStop(x) && areSame(x.inputs[0]!, stopped!)));
}

/** A term that is stopped without a reason: as it is added to the loss, nobody learns from it. */
function partOfStop(
  loss: Node,
  idle: readonly Node[],
  learners: readonly Learner[],
  taught: Taught,
): Part | null {
  const some = idle.map((term) => ({ term, stops: allNodes([term], isDeclared).filter(isBareStop) }));
  const stopped = some.filter((x) => x.stops.length > 0);
  if (stopped.length === 0) return null;
  const [sums, ends] = [allTerms([loss], taught), new Set(idle)];
  const alive = [...liveNodes([loss], (x) => ends.has(x))];
  const added = alive.filter((x) => sums.has(x) && taught.has(x));
  const rest = { added, within: alive.filter((x) => !sums.has(x)), taught };
  const old = oldLogProbabilities(allNodes([loss]), taught);
  for (const { term, stops } of stopped) {
    if (old.has(term) || stops.some((x) => isOffset(x, term, rest))) continue;
    const [found, ...others] = cutFrom([term], learners, (how) => stopping.has(how));
    if (!found) continue;
    const behind = new Set([found, ...others].map((x) => x.learner));
    if (isHeldAgainst(loss, [term], stops, (x) => behind.has(x), taught)) continue;
    return {
      learners: [...behind],
      cut: found.cut,
      what: `from a term of it that ${found.cut.how} stops`,
      site: term.site,
    };
  }
  return null;
}

/** Warns of a term that compares a thing with itself, as a ratio of two passes that are one does, if others are left to learn from. */
function warnOfItself(loss: Node, live: ReadonlySet<Node>): void {
  if (!withItself([...live])) return;
  const leaves = [...live].filter((x) => isLearner(x.owner));
  const terms = lastTerms([loss], new Taught()).map((term) => ({ term, at: vanishesAt(term, leaves) }));
  const found = terms.find((x) => x.at !== null);
  if (!found?.at || terms.every((x) => x.at !== null)) return;
  const { term, at } = found;
  warn({
    code: "G110",
    message: "zero gradient: nothing learns from a term of the loss, which compares a thing with itself",
    sites: [
      { site: at.site, note: `${at.op} of a thing with itself` },
      ...(term.site.key === at.site.key ? [] : [{ site: term.site, note: "this term has no gradient" }]),
      { site: loss.site, note: "the loss" },
    ],
    path: `loss <- .. <- ${labelOf(at)}`,
    help: [oneIsData],
  });
}

/** For `backward()`: warns if something learns from `loss`, but is cut from a part of it by a sample or by a step. */
export function warnOfCutParts(loss: Node, live: ReadonlySet<Node>): void {
  warnOfItself(loss, live);
  const isCut = (node: Node): boolean => node.inputs.some((x, i) => hasLearner(x) && !passes(node, i));
  if (![...live].some(isCut)) return;
  const learners = [...new Set([...live].flatMap((x) => isLearner(x.owner) ? [x.owner] : []))];
  const taught = new Taught();
  const idle = idleTerms([loss], taught).filter((x) => x.inputs.length > 0);
  const part = partOfSample(loss, live, learners, taught) ?? partOfStep(idle, learners) ??
    partOfStop(loss, idle, learners, taught);
  if (!part) return;
  const { cut, what, site } = part;
  warn({
    code: "G111",
    message: `a part of the gradient is cut: ${listed(part.learners)} ${
      part.learners.length > 1 ? "learn" : "learns"
    } from the loss, but not ${what}`,
    sites: [...cut.places, ...(site.key === cut.places[0]?.site.key ? [] : [{ site, note: "this term lacks it" }])],
    params: part.learners.map((x) => x.label),
    path: cut.path,
    help: cut.help,
  });
}
