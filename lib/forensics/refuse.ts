/** What `backward()` and `step()` refuse, in words: cut and never used parameters. */

import { type ErrorParts, PlumblineError } from "../graph/error.ts";
import type { Node } from "../graph/node.ts";
import { describe } from "../graph/types.ts";
import { warn } from "../graph/warning.ts";
import { type Cut, describeDrop, helpFor, judge, type Verdict } from "./cut.ts";
import { boundaryOf, dropOf, learnersOf, recentReads } from "./drops.ts";
import { allNodes, isLearner, type Learner, liveNodes } from "./edges.ts";
import { haveForgotten, haveStepped, noteStep, recentLosses } from "./losses.ts";

function listed(labels: readonly string[]): string {
  const shown = labels.slice(0, 4).map((x) => `\`${x}\``).join(", ");
  return labels.length > 4 ? `${shown} and ${labels.length - 4} more` : shown;
}

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

function cutParts(cut: Cut, labels: readonly string[]): ErrorParts {
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
export function cutError(cut: Cut, labels: readonly string[], isProved: boolean): PlumblineError {
  return new PlumblineError({
    ...cutParts(cut, labels),
    audit: isProved ? "proved by freeze-replay" : "seen in the graph",
  });
}

/**
 * For `step()`: throws if one of the parameters without a gradient was neither declared nor frozen. Those that were keep
 * their values.
 *
 * @throws PlumblineError G107 without any backward(), G101 or G108 for a cut, G106 for a parameter that is never used.
 */
export function refuseMissing(parameters: readonly Learner[], missing: readonly Learner[]): void {
  const losses = recentLosses();
  const verdicts = judge(losses, parameters);
  // Where no loss has anything to do with the optimiser, and they all have been stepped from, there was no backward().
  const foreign = haveStepped() && parameters.every((x) => verdicts.get(x)!.status === "unused");
  noteStep();
  const forgotten = missing.filter((x) => losses.length === 0 || foreign || verdicts.get(x)!.status === "reached");
  if (forgotten.length > 0) {
    throw new PlumblineError({
      code: "G107",
      message: `step() has no gradients for ${listed(forgotten.map((x) => x.label))}: no loss was differentiated`,
      params: forgotten.map((x) => x.label),
      help: "call loss.backward() before step(), and zeroGrad() before backward(), not after it.",
    });
  }
  const of = (...statuses: Verdict["status"][]): Learner[] =>
    missing.filter((x) => statuses.includes(verdicts.get(x)!.status));
  const audit = `${summary(verdicts)}. step() refused`;
  const [first] = [...of("cut"), ...of("suspected")];
  if (first) {
    const { cut } = verdicts.get(first) as { cut: Cut };
    const labels = of("cut", "suspected").map((x) => x.label);
    throw new PlumblineError({ ...cutParts(cut, labels), audit });
  }
  const unused = of("unused");
  if (unused.length === 0) return;
  const [loss] = losses;
  throw new PlumblineError({
    code: "G106",
    message: `never used: ${unused.map((x) => `\`${x.label}\` [${x.node.shape}]`).slice(0, 4).join(", ")}${
      unused.length > 4 ? ` and ${unused.length - 4} more` : ""
    } ${unused.length > 1 ? "have" : "has"} no part in the loss`,
    sites: [
      ...(loss ? [{ site: loss.site, note: "the loss" }] : []),
      { site: unused[0]!.node.site, note: `\`${unused[0]!.label}\`` },
    ],
    params: unused.map((x) => x.label),
    audit,
    help: ["use it in the loss, or leave it out of the optimiser.", "if it is not to learn: frozen(module)."],
  });
}

/**
 * For the first `step()` of an optimiser: throws if a parameter has a gradient that is zero by construction, cut inside of a
 * loop; warns of parameters that the losses reach and nobody owns.
 */
export function auditFirstStep(parameters: readonly Learner[]): void {
  const losses = recentLosses();
  const verdicts = judge(losses, parameters);
  const cut = parameters.filter((x) => verdicts.get(x)!.status === "cut");
  if (cut.length > 0 && !haveForgotten()) {
    const first = verdicts.get(cut[0]!) as { cut: Cut };
    const audit = `${summary(verdicts)}. step() refused`;
    throw new PlumblineError({ ...cutParts(first.cut, cut.map((x) => x.label)), audit });
  }
  const own = new Set(parameters);
  const reachedBy = losses.map((loss) => [...liveNodes([loss])].flatMap((x) => isLearner(x.owner) ? [x.owner] : []));
  const related = reachedBy.filter((reached) => reached.some((x) => own.has(x)));
  const loose = related.flat().filter((x) => x.root === x);
  if (loose.length === 0) return;
  const labels = [...new Set(loose.map((x) => x.label))];
  warn({
    code: "G503",
    message: `owned by no optimiser: the loss reaches ${listed(labels)}, but nothing will change ${
      labels.length > 1 ? "them" : "it"
    }`,
    sites: [{ site: losses[0]!.site, note: "the loss" }],
    params: labels,
    help: ["give it to an optimiser.", "if it is not to learn: frozen(module)."],
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
