/** What is said of a cut, and what `backward()` refuses. */

import { type ErrorParts, PlumblineError } from "../../graph/error.ts";
import { canLearn, type Node } from "../../graph/node.ts";
import { describe } from "../../graph/types.ts";
import { judge, type Verdict } from "../flow/cut.ts";
import { type Cut, describeDrop } from "../flow/dropped.ts";
import { helpFor } from "../flow/help.ts";
import { lastLesson } from "./losses.ts";
import { boundaryOf, dropOf, forbids, learnersAt, learnersOf, recentReads } from "../reads/drops.ts";
import { allNodes, isLearner, type Learner, learnersAmong } from "../flow/edges.ts";
import { isDeclared, isSampled, listed, type Named } from "../flow/label.ts";
import { idleConstants, idleTerms } from "../flow/terms.ts";

/** `pi.* reached 4/4, aux.* cut 2/2`. */
export function summary(verdicts: ReadonlyMap<Learner, Verdict>): string {
  const groups = Map.groupBy(verdicts, ([{ group, label }]) => group ?? label);
  const lines = [...groups].flatMap(([root, members]) => {
    const kinds = Map.groupBy(members, ([, { status }]) => status);
    const name = members.length > 1 || members[0]![0].label !== root ? `${root}.*` : root;
    return [...kinds].map(([status, some]) => `${name} ${status} ${some.length}/${members.length}`);
  });
  return lines.join(", ");
}

type CutVerdicts = ReadonlyMap<Learner, Verdict>;

const cutOf = (verdicts: CutVerdicts, x: Learner): Cut => (verdicts.get(x) as { cut: Cut }).cut;
const keyOf = ({ places }: Cut): string => places[0]?.site.way ?? "";

/** What is said of `learners`, each of which is cut: of those that are cut elsewhere than the first one, where that is. */
export function cutsParts(verdicts: CutVerdicts, learners: readonly Learner[]): ErrorParts {
  const [first, ...others] = [...Map.groupBy(learners, (x) => keyOf(cutOf(verdicts, x))).values()];
  const parts = cutParts(cutOf(verdicts, first![0]!), learners);
  const elsewhere = others.slice(0, 2).flatMap((some) => {
    const [place] = cutOf(verdicts, some[0]!).places;
    return place ? [{ site: place.site, note: `${listed(some)}: ${place.note ?? ""}` }] : [];
  });
  return { ...parts, sites: [...parts.sites ?? [], ...elsewhere] };
}

/** Of learners that are cut those that are where the first one is. */
function cutTogether(verdicts: CutVerdicts, learners: readonly Learner[]): Learner[] {
  return learners.filter((x) => keyOf(cutOf(verdicts, x)) === keyOf(cutOf(verdicts, learners[0]!)));
}

/** What is said of a cut. */
function cutParts(cut: Cut, parameters: readonly Named[]): ErrorParts {
  return {
    code: cut.forbidden ? "G108" : "G101",
    message: cut.forbidden
      ? `the gradient would cross a boundary that forbids it: ${listed(parameters)} cannot learn from the loss`
      : `gradient cut: ${listed(parameters)} cannot learn from the loss${cut.because ? `: ${cut.because}` : ""}`,
    sites: cut.places,
    params: parameters.map((x) => x.label),
    path: cut.path,
    help: cut.help,
  };
}

/** Helps without those that declare a stop: where nothing else is reached that is no help. */
const withoutStops = (help: ErrorParts["help"]): string[] =>
  [help ?? []].flat().filter((x) => !x.startsWith("if intended"));

/** The error of a cut that an audit found. */
export function cutError(
  cut: Cut,
  parameters: readonly Named[],
  { isProved, isPartial }: { readonly isProved: boolean; readonly isPartial: boolean },
): PlumblineError {
  return new PlumblineError({
    ...cutParts(cut, parameters),
    ...(isPartial ? { message: `gradient cut: ${listed(parameters)} learn from a part of the loss only` } : {}),
    audit: isProved ? "proved by freeze-replay" : "seen in the graph",
  });
}

/**
 * For `backward()`: throws if what a gradient of `loss` reaches includes the result of a boundary that forbids gradients, or a
 * term of it comes from a world that has none.
 */
export function refuseForbidden(loss: Node, live: ReadonlySet<Node>): void {
  const ends = [...live].filter((x) => x.inputs.length === 0).map((node) => ({ node, drop: boundaryOf(node) }));
  const idle = ends.some(({ drop }) => drop?.rule === "world") ? idleConstants([loss]) : null;
  for (const { node, drop } of ends) {
    if (!drop || !forbids(drop) || (drop.rule === "world" && !idle!.has(node))) continue;
    const behind = learnersAt(drop);
    if (behind.length === 0) continue;
    if (drop.rule === "world") refuseCutTerms(loss, live);
    throw new PlumblineError({
      code: "G108",
      message: `the gradient would cross a boundary that forbids it: ${listed(behind)} cannot learn through it`,
      sites: [{ site: drop.site, note: describeDrop(drop) }],
      params: behind.map((x) => x.label),
      help: helpFor({ how: drop.kind, left: drop.site }),
    });
  }
}

/**
 * Throws if a term of `loss` that teaches nobody hopes for those who are behind a stop in it, and whom the loss does not reach
 * otherwise: values under `noGrad()`, compared with returns. What the world gave to that term is data then, and not the fault.
 */
function refuseCutTerms(loss: Node, live: ReadonlySet<Node>): void {
  const reached = learnersAmong(live);
  const behind = learnersAmong(allNodes(idleTerms([loss]), (x) => isDeclared(x) || isSampled(x)));
  const verdicts = judge([loss], [...new Set(behind)].filter((x) => !reached.includes(x)));
  const cut = [...verdicts.keys()].filter((x) => verdicts.get(x)!.status === "cut");
  if (cut.length === 0) return;
  const { help, ...parts } = cutsParts(verdicts, cut);
  throw new PlumblineError({
    ...parts,
    audit: `${summary(verdicts)}. backward() refused`,
    help: reached.length > 0 ? help : withoutStops(help),
  });
}

/** For `gradients()`: throws what cuts `learner` from `loss`, if it is cut. */
export function refuseCut(loss: Node, learner: object | null): void {
  if (!isLearner(learner)) return;
  const verdicts = judge([loss], [learner]);
  const verdict = verdicts.get(learner)!;
  if (verdict.status !== "cut") return;
  const { help, ...parts } = cutParts(verdict.cut, [learner]);
  throw new PlumblineError({
    ...parts,
    audit: summary(verdicts),
    help: [...withoutStops(help), "if intended:      ask for zeros with { allowUnused: true }."],
  });
}

/** What is said of a loss that is made of parameters which do not learn. */
function onlyFrozen(loss: Node, frozen: readonly Learner[]): ErrorParts {
  return {
    code: "G101",
    message: `gradient cut: the loss reaches no parameter that learns, only ${listed(frozen)}, which ` +
      `${frozen.length > 1 ? "are" : "is"} frozen`,
    sites: [
      { site: loss.site, note: "the loss" },
      { site: frozen[0]!.madeAt, note: `\`${frozen[0]!.label}\` is made here` },
    ],
    params: frozen.map((x) => x.label),
    help: [
      "compute the loss with the network that is to learn: is another one asked here?",
      "if what is frozen is to learn:  leave out frozen(), or set requiresGrad to true.",
    ],
  };
}

/** For `backward()`: throws that `loss` reaches nothing, naming where the way to its parameters was cut. */
export function refuseUnreached(loss: Node): never {
  const drops = [...allNodes([loss]).flatMap((x) => dropOf(x) ?? []), ...recentReads()];
  const dropped = drops.flatMap(learnersAt);
  const behind = [...new Set([...learnersOf([loss]), ...dropped])];
  const verdicts = judge([loss], behind);
  const of = (status: Verdict["status"]): Learner[] => behind.filter((x) => verdicts.get(x)!.status === status);
  const suspects = of("suspected");
  // Who has learned before is likelier to be of another training than who never has.
  const fresh = suspects.filter((x) => lastLesson(x) < 0);
  const found = [of("cut"), of("declared"), fresh, suspects].find((x) => x.length > 0);
  if (found) {
    const accused = verdicts.get(found[0]!)!.status === "suspected" ? cutTogether(verdicts, found) : found;
    const told = new Map(accused.map((x) => [x, verdicts.get(x)!]));
    const { help, ...parts } = cutsParts(verdicts, accused);
    throw new PlumblineError({
      ...parts,
      audit: `${summary(told)}. backward() refused`,
      help: [...withoutStops(help), "if intended:      leave out this backward(): nothing learns from the loss."],
    });
  }
  const order = allNodes([loss]);
  const still = [...new Set(order.flatMap((x) => canLearn(x.owner) ? [x.owner as Learner] : []))];
  if (still.length > 0) throw new PlumblineError(onlyFrozen(loss, still));
  throw new PlumblineError({
    code: "G101",
    message: `gradient cut: the loss reaches no parameter (${describe(loss)})`,
    sites: [{ site: loss.site, note: "the loss" }],
    help: "was a value read with item() or data(), or passed through detach(), and used as a constant?",
  });
}
