/** What is said where parameters, losses and optimisers do not belong together. */

import type { ErrorParts, Place } from "../../graph/error.ts";
import type { Node } from "../../graph/node.ts";
import type { Site } from "../../graph/site.ts";
import { warn } from "../../graph/warning.ts";
import { type Learner, learnersAmong, liveNodes } from "../flow/edges.ts";
import { listed } from "../flow/label.ts";

/** The optimiser that holds a parameter, as the user knows it. */
const nameOf = ({ root: { givenName } }: Learner): string => givenName ? `\`${givenName}\`` : "the optimiser";
const owner = (x: Learner): Place => ({
  site: x.root.madeAt,
  note: x.root.givenName ? `the optimiser ${nameOf(x)}` : nameOf(x),
});
const made = (x: Learner): Place => ({ site: x.madeAt, note: `\`${x.label}\` is made here` });
const moduleOf = ({ label, group }: Learner): string => group ?? label;

/** What the losses reach and nobody owns; only of losses that reach one of `own` too, if they are given. */
export function loose(losses: readonly Node[], own?: ReadonlySet<Learner>): Learner[] {
  const reached = losses.map((loss) => learnersAmong(liveNodes([loss])));
  const related = own ? reached.filter((some) => some.some((x) => own.has(x))) : reached;
  return [...new Set(related.flat())].filter((x) => x.root === x);
}

/** Whether `losses` that reach one of `parameters` reach what nobody owns, too. */
export function haveLooseBeside(losses: readonly Node[], parameters: readonly Learner[]): boolean {
  return loose(losses, new Set(parameters)).length > 0;
}

/** What to do about `loose` if it was made after the optimiser that holds `own`: by a function that makes it at each step, say. */
function madeLate(own: Learner, loose: Learner): string[] {
  return loose.madeAfter > own.root.madeAfter
    ? [`it is made after the optimiser: make it once, before that, and not anew in each step.`]
    : [];
}

/** What an optimiser was given while it was frozen, and so does not hold. */
const leftOut = new WeakSet<object>();

/** For optimisers: `frozen` was given to one that leaves it out. */
export function noteLeftOut(frozen: readonly object[]): void {
  frozen.forEach((x) => leftOut.add(x));
}

/** What is said where an optimiser holds nothing of what `losses` reach, and nobody holds that; null if somebody does. */
export function wrongOwner(losses: readonly Node[], parameters: readonly Learner[]): ErrorParts | null {
  const others = loose(losses);
  if (others.length === 0) return null;
  return {
    code: "G504",
    message: `${nameOf(parameters[0]!)} holds ${listed(parameters)}, but the loss reaches ${
      listed(others)
    }, which no optimiser holds`,
    sites: [owner(parameters[0]!), { site: losses[0]!.site, note: "the loss" }, made(others[0]!)],
    params: others.map((x) => x.label),
    help: [
      ...madeLate(parameters[0]!, others[0]!),
      "give the optimiser the parameters of the model that the loss is made of.",
    ],
  };
}

/** The parameters of optimisers that `losses` reach. */
function heldElsewhere(losses: readonly Node[]): Learner[] {
  return learnersAmong(liveNodes(losses)).filter((x) => x.root !== x);
}

/** What is said where the losses reach nothing of one optimiser, but what others hold. */
export function exchanged(losses: readonly Node[], unused: readonly Learner[]): ErrorParts {
  const others = heldElsewhere(losses);
  const names = listed(others);
  const holder = nameOf(others[0]!);
  return {
    code: "G504",
    message: `${nameOf(unused[0]!)} holds ${listed(unused)}, which the loss does not reach: it reaches ` +
      `${names}, which ${holder === "the optimiser" ? "another optimiser" : holder} holds`,
    sites: [
      owner(unused[0]!),
      { ...owner(others[0]!), note: `${holder === "the optimiser" ? "" : `${holder} `}holds ${names}` },
      { site: losses[0]!.site, note: "the loss" },
    ],
    params: unused.map((x) => x.label),
    help: ["step with the optimiser that holds what the loss reaches; are the two exchanged where they are made?"],
  };
}

/** What nobody owns, and was told already. */
const toldLoose = new WeakSet<Learner>();

/** What is said where an optimiser holds parameters that have no part in the losses, and lacks others that have. */
function replaced(losses: readonly Node[], unused: readonly Learner[], others: readonly Learner[]): ErrorParts {
  others.forEach((x) => toldLoose.add(x));
  const [old, now] = [made(unused[0]!), made(others[0]!)];
  return {
    code: "G504",
    message: `${nameOf(unused[0]!)} holds ${listed(unused)}, which the loss does not reach, but not ${
      listed(unused) === listed(others) ? "those that stand there now" : listed(others)
    }, which it does`,
    sites: [owner(unused[0]!), { ...now, note: `${now.note}, reached and not held` }, {
      ...old,
      note: `${old.note}, held and not reached`,
    }, { site: losses[0]!.site, note: "the loss" }],
    params: unused.map((x) => x.label),
    help: [
      "make the optimiser after the model is complete: after a layer was replaced, it holds the old one.",
      invisible,
    ],
  };
}

const invisible = "parameters() finds what is in fields and arrays of modules, not in private fields, objects or maps.";

/** What is said if some of `unused` were taken out of their module, and nobody owns what the losses reach in their place. */
export function takenOut(
  losses: readonly Node[],
  parameters: readonly Learner[],
  unused: readonly Learner[],
): ErrorParts | null {
  const gone = unused.filter((x) => !x.isInPlace);
  const others = gone.length > 0 ? loose(losses, new Set(parameters)) : [];
  return others.length > 0 ? replaced(losses, gone, others) : null;
}

const later = "if a later loss uses it (a head that joins, an expert that is idle):  joinsLater(module)";

/** A step of an optimiser that has never had a gradient. */
export interface Idle {
  readonly losses: readonly Node[];
  readonly parameters: readonly Learner[];
  readonly site: Site;
  /** Whether no other optimiser had stepped from the losses. */
  readonly isOurs: boolean;
}

/** What is said of an optimiser that has never had a gradient. */
export function idle({ losses, parameters, site, isOurs }: Idle): ErrorParts {
  if (losses.length > 0) {
    return heldElsewhere(losses).length > 0 && isOurs
      ? exchanged(losses, parameters)
      : neverUsed(losses, parameters, parameters);
  }
  return {
    code: "G107",
    message: `step() has no gradients for ${listed(parameters)}: no loss was differentiated`,
    sites: [{ site, note: "nothing is changed here" }],
    params: parameters.map((x) => x.label),
    help: ["call loss.backward() before step().", later],
  };
}

/** What is said of parameters that have had no part in the losses so far, the likeliest line first. */
export function neverUsed(
  losses: readonly Node[],
  parameters: readonly Learner[],
  unused: readonly Learner[],
): ErrorParts {
  const [first] = unused as readonly [Learner];
  const [foreign, ...more] = loose(losses, new Set(parameters));
  if (foreign) return replaced(losses, unused, [foreign, ...more]);
  const others = parameters.filter((x) => !unused.includes(x));
  // Where nothing of the optimiser learns, the losses are those of others.
  const own = others.length > 0 ? losses.slice(0, 1) : [];
  const places = [
    { kind: "owner", place: owner(first) },
    { kind: "made", place: made(first) },
    ...own.map((x) => ({ kind: "loss", place: { site: x.site, note: "the loss" } })),
  ];
  // All of them: the optimiser's line. Part of a module: the line of that part. A whole module: the loss that lacks it.
  const guilty = others.length === 0 ? "owner" : others.some((x) => moduleOf(x) === moduleOf(first)) ? "made" : "loss";
  const shown = unused.map((x) => `\`${x.label}\` [${x.node.shape}]`);
  return {
    code: "G106",
    message: `never used: ${shown.slice(0, 4).join(", ")}${shown.length > 4 ? ` and ${shown.length - 4} more` : ""} ${
      shown.length > 1 ? "have" : "has"
    } had no part in a loss so far, and ${shown.length > 1 ? "stay as they are" : "stays as it is"}`,
    sites: places.sort((a, b) => Number(b.kind === guilty) - Number(a.kind === guilty)).map((x) => x.place),
    params: unused.map((x) => x.label),
    help: ["use it in the loss, or leave it out of the optimiser.", later, "if it is not to learn:  frozen(module)"],
  };
}

/** Warns of what the losses reach beside `parameters`, and nobody owns. */
export function warnOfLoose(losses: readonly Node[], parameters: readonly Learner[]): void {
  const found = loose(losses, new Set(parameters)).filter((x) => !toldLoose.has(x));
  const [first] = found;
  if (!first) return;
  const labels = found.map((x) => x.label);
  warn({
    code: "G503",
    message: `owned by no optimiser: the loss reaches ${listed(found)}, but nothing will change ${
      labels.length > 1 ? "them" : "it"
    }`,
    sites: [owner(parameters[0]!), { site: losses[0]!.site, note: "the loss" }, made(first)],
    params: labels,
    help: [
      ...madeLate(parameters[0]!, first),
      leftOut.has(first)
        ? "it was frozen when the optimiser was made, which leaves out what is frozen: give it to one that is made now."
        : `give it to an optimiser; ${invisible}`,
      "if it is not to learn: frozen(module).",
    ],
  });
}
