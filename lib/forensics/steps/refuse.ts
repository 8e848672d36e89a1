/** What is said of a cut, and what `backward()` refuses. */

import { type ErrorParts, PlumblineError } from "../../graph/error.ts";
import type { Node } from "../../graph/node.ts";
import { describe } from "../../graph/types.ts";
import { type Cut, describeDrop, judge, type Verdict } from "../flow/cut.ts";
import { helpFor } from "../flow/help.ts";
import { boundaryOf, dropOf, learnersOf, recentReads } from "../reads/drops.ts";
import { allNodes, isLearner, type Learner } from "../flow/edges.ts";
import { listed } from "../flow/label.ts";

const rootOf = (label: string): string => label.split(".")[0]!;

/** `pi.* reached 4/4, aux.* cut 2/2`. */
export function summary(verdicts: ReadonlyMap<Learner, Verdict>): string {
  const groups = Map.groupBy(verdicts, ([learner]) => rootOf(learner.label));
  const lines = [...groups].flatMap(([root, members]) => {
    const kinds = Map.groupBy(members, ([, { status }]) => status);
    const name = members.length > 1 || members[0]![0].label !== root ? `${root}.*` : root;
    return [...kinds].map(([status, some]) => `${name} ${status} ${some.length}/${members.length}`);
  });
  return lines.join(", ");
}

/** What is said of a cut. */
export function cutParts(cut: Cut, labels: readonly string[]): ErrorParts {
  return {
    code: cut.forbidden ? "G108" : "G101",
    message: cut.forbidden
      ? `the gradient would cross a boundary that forbids it: ${listed(labels)} cannot learn from the loss`
      : `gradient cut: ${listed(labels)} cannot learn from the loss`,
    sites: cut.places,
    params: labels,
    path: cut.path,
    help: cut.help,
  };
}

/** The error of a cut that an audit found. */
export function cutError(
  cut: Cut,
  labels: readonly string[],
  { isProved, isPartial }: { readonly isProved: boolean; readonly isPartial: boolean },
): PlumblineError {
  return new PlumblineError({
    ...cutParts(cut, labels),
    ...(isPartial ? { message: `gradient cut: ${listed(labels)} learn from a part of the loss only` } : {}),
    audit: isProved ? "proved by freeze-replay" : "seen in the graph",
  });
}

/** For `backward()`: throws if what a gradient reaches includes the result of a boundary that forbids gradients. */
export function refuseForbidden(live: ReadonlySet<Node>): void {
  for (const node of live) {
    const drop = node.inputs.length === 0 ? boundaryOf(node) : null;
    if (drop?.rule !== "forbid") continue;
    const labels = drop.learners.flatMap((x) => x.deref()?.label ?? []);
    if (labels.length === 0) continue;
    throw new PlumblineError({
      code: "G108",
      message: `the gradient would cross a boundary that forbids it: ${listed(labels)} cannot learn through it`,
      sites: [{ site: drop.site, note: describeDrop(drop) }],
      params: labels,
      help: helpFor("boundary"),
    });
  }
}

/** For `gradients()`: throws what cuts `learner` from `loss`, if it is cut. */
export function refuseCut(loss: Node, learner: object | null): void {
  if (!isLearner(learner)) return;
  const verdicts = judge([loss], [learner]);
  const verdict = verdicts.get(learner)!;
  if (verdict.status !== "cut") return;
  throw new PlumblineError({ ...cutParts(verdict.cut, [learner.label]), audit: summary(verdicts) });
}

/** For `backward()`: throws that `loss` reaches nothing, naming where the way to its parameters was cut. */
export function refuseUnreached(loss: Node): never {
  const drops = [...allNodes([loss]).flatMap((x) => dropOf(x) ?? []), ...recentReads()];
  const dropped = drops.flatMap((x) => x.learners.flatMap((ref) => ref.deref() ?? []));
  const behind = [...new Set([...learnersOf([loss]), ...dropped])];
  const verdicts = judge([loss], behind);
  const of = (status: Verdict["status"]): Learner[] => behind.filter((x) => verdicts.get(x)!.status === status);
  const [first] = [...of("cut"), ...of("declared"), ...of("suspected")];
  if (first) {
    const { cut } = verdicts.get(first) as { cut: Cut };
    const labels = of(verdicts.get(first)!.status).map((x) => x.label);
    throw new PlumblineError({ ...cutParts(cut, labels), audit: `${summary(verdicts)}. backward() refused` });
  }
  throw new PlumblineError({
    code: "G101",
    message: `gradient cut: the loss reaches no parameter (${describe(loss)})`,
    sites: [{ site: loss.site, note: "the loss" }],
    help: "was a value read with item() or data(), or passed through detach(), and used as a constant?",
  });
}
