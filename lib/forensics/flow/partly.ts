/**
 * Parts of a loss that are cut in its graph, while what is behind them learns from other parts: what is made of a sample by which
 * nothing learns, a term that is a step, and one that compares a thing with itself. Where the sample's log-probability is in the
 * loss too, it is learned from by that.
 */

import { hasLearner, type Node } from "../../graph/node.ts";
import type { Site } from "../../graph/site.ts";
import { sizeOf } from "../../graph/types.ts";
import { warn } from "../../graph/warning.ts";
import { judge } from "./cut.ts";
import type { Cut } from "./dropped.ts";
import { allNodes, isLearner, type Learner, passes } from "./edges.ts";
import { isSampled, labelOf, listed } from "./label.ts";
import { oneIsData, withItself } from "./same.ts";
import { idleTerms, lastTerms, taughtIn } from "./terms.ts";
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

/** What is made of a sample in one part of `loss`, where its distribution learns from others. */
function partOfSample(loss: Node, live: ReadonlySet<Node>, learners: readonly Learner[]): Part | null {
  const samples = [...live].filter(isSampled);
  if (samples.length === 0) return null;
  const order = allNodes([loss]);
  const taught = taughtIn([loss]);
  for (const sample of samples) {
    const after = actedOn(sample, order);
    if ([...after].some((x) => x.site.called === "logProb")) continue;
    const terms = lastTerms([loss], taught).filter((x) => after.has(x));
    const [found, ...others] = cutFrom(terms, learners, (how) => how === "sample()");
    if (!found) continue;
    const { receiver, call } = sample.site;
    const meant = receiver && call ? [`if intended:      stopGradient(${receiver}.${call}, "why")`] : [];
    return {
      learners: [found, ...others].map((x) => x.learner),
      cut: { ...found.cut, help: [...found.cut.help, ...meant] },
      what: "from what is made of this sample",
      site: terms[0]!.site,
    };
  }
  return null;
}

const isStep = (how: string): boolean =>
  /^(argmax|argmin|floor|ceil|round|trunc|sign|cast|greater|less|equal|notEqual)/.test(how);

/** A number that is added to the loss and is a step of what learns: a count, an accuracy. */
function partOfStep(loss: Node, learners: readonly Learner[]): Part | null {
  for (const term of idleTerms([loss]).filter((x) => sizeOf(x.shape) === 1 && x.inputs.length > 0)) {
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

/** Warns of a term that compares a thing with itself, as a ratio of two passes that are one does, if others are left to learn from. */
function warnOfItself(loss: Node, live: ReadonlySet<Node>): void {
  if (!withItself([...live])) return;
  const leaves = [...live].filter((x) => isLearner(x.owner));
  const terms = lastTerms([loss], taughtIn([loss])).map((term) => ({ term, at: vanishesAt(term, leaves) }));
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
  const part = partOfSample(loss, live, learners) ?? partOfStep(loss, learners);
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
