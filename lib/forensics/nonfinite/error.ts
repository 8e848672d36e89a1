/** The error of a step that went bad: what it says about the first bad operation. */

import { currentEngine } from "../../engine/select.ts";
import { type ErrorCode, type ErrorParts, PlumblineError } from "../../graph/error.ts";
import { canLearn, type Node, topological } from "../../graph/node.ts";
import { refuseGone } from "../../graph/pending.ts";
import type { Site } from "../../graph/site.ts";
import type { Storage } from "../../graph/storage.ts";
import { aval, describe } from "../../graph/types.ts";
import { isLearner } from "../flow/edges.ts";
import { enumerated, isGeneral } from "../flow/label.ts";
import { helpForOrigin } from "./help.ts";
import { locate, type LocatedValue, type NonFiniteOrigin, type Replay } from "./locate.ts";
import { caught, isBad, isFiniteState, isSink, type Sink } from "./sinks.ts";
import { statisticsText } from "./statistics.ts";
import type { FailedStep } from "./failed_step.ts";
import { isLoss } from "../steps/losses.ts";

export type { LocatedValue, NonFiniteOrigin };

const codeOf: Readonly<Record<NonFiniteOrigin["direction"], ErrorCode>> = {
  forward: "G401",
  backward: "G402",
  input: "G404",
};

type Operation = Pick<NonFiniteOrigin, "op" | "derivativeOf" | "site">;

function operationName({ op, derivativeOf }: Operation): string {
  return derivativeOf === null ? `${op}()` : `the derivative of ${derivativeOf}()`;
}

/** What the user called that has the operation: `in softmax(), `. */
function within({ op, derivativeOf, site: { called } }: Operation): string {
  return called === null || called === (derivativeOf ?? op) || isGeneral(called) ? "" : `in ${called}(), `;
}

function nameOf(origin: NonFiniteOrigin): string {
  return origin.direction === "input" ? origin.input! : operationName(origin);
}

function aboutValue({ name, dtype, shape, statistics }: LocatedValue): string {
  return `${name} ${describe(aval(dtype, shape))}: ${statisticsText(statistics)}`;
}

function kindOf({ output: { statistics: { nan, infinite } } }: NonFiniteOrigin): string {
  return nan > 0 ? "NaN" : infinite > 0 ? "infinity" : "a bad number";
}

/** What is said where a kernel, which cannot throw, made NaN of an index outside of its axis; null for another origin. */
function partsOfIndex({ op, direction, inputs, steps, site }: NonFiniteOrigin, consequence: string): ErrorParts | null {
  const [x, index] = inputs;
  const isIndexing = direction === "forward" && (op === "take" || op === "takeAlongAxis" || op === "scatterAdd");
  if (!isIndexing || !x || !index || inputs.some(({ statistics }) => statistics.nan > 0)) return null;
  const { min, max } = index.statistics;
  const inLoop = steps.length === 0 ? "" : ` at step ${steps.join(", ")} of the scan`;
  return {
    code: "G308",
    message: `${site.called ?? op}() was given an index outside of its axis${inLoop}. ${consequence}`,
    sites: [{ site, note: `indices from ${min} to ${max} into ${describe(aval(x.dtype, x.shape))}` }],
    help: "look at where the index comes from: data, a label to be ignored, or a table that is too small.",
  };
}

/** What an error says about an origin; `consequence` is the sentence after it. */
function partsOf(origin: NonFiniteOrigin, consequence: string): ErrorParts {
  const ofIndex = partsOfIndex(origin, consequence);
  if (ofIndex) return ofIndex;
  const { direction, inputs, output, steps, becameNaN, hiddenBy, derivativeOf, op } = origin;
  const inLoop = steps.length === 0 ? "" : `, at step ${steps.join(", ")} of the scan`;
  const made = direction === "input"
    ? `${nameOf(origin)} held ${kindOf(origin)} before the step${inLoop}`
    : `${within(origin)}${nameOf(origin)} made ${kindOf(origin)}${inLoop}`;
  const values = direction === "input" ? [output] : inputs;
  const told = `${kindOf(origin)} from ${values.map(aboutValue).join("; ")}`;
  // Operations of a trainer have no line of the user: what is known of them goes into the sentence.
  const facts = origin.site.isKnown ? "" : ` (${told})`;
  const sites = [
    origin.site.isKnown ? { site: origin.site, note: told } : { site: origin.site },
    ...(becameNaN
      ? [{ site: becameNaN.site, note: `infinity becomes NaN ${within(becameNaN)}in ${operationName(becameNaN)}` }]
      : []),
    ...(hiddenBy
      ? [{
        site: hiddenBy.site,
        note: `${hiddenBy.site.called ?? hiddenBy.op}() hides it here, its derivative does not`,
      }]
      : []),
  ];
  if (hiddenBy) {
    const hiding = hiddenBy.site.called ?? hiddenBy.op;
    const guarded = derivativeOf ?? op;
    return {
      code: "G403",
      message:
        `${within(origin)}${nameOf(origin)} made NaN${
          direction === "backward" ? " of a gradient of 0" : ""
        }${inLoop}${facts}: ` +
        `\`${hiding}\` hides the bad value in the forward pass only. ${consequence}`,
      sites,
      help: hiding === "where"
        ? `make the input safe first, with a second where: where(ok, where(ok, x, 1).${guarded}(), 0).`
        : `bound what goes into ${guarded}(), not what comes out of it: there the derivative is bad already.`,
    };
  }
  return {
    code: codeOf[direction],
    message: `${made}${facts}. ${consequence}`,
    sites,
    help: helpForOrigin(origin),
  };
}

/** A step whose parameters, state or results went bad. A compiled step has changed nothing: its state is that before it. */
export class NonFiniteError extends PlumblineError {
  /** What went bad: "the parameter `w`". */
  readonly sinks: readonly string[];
  /** The first bad operation; `null` if the replay, operation by operation, made no bad number. */
  readonly origin: NonFiniteOrigin | null;
  /** The step with its inputs, to be replayed; `null` for what was not compiled. */
  readonly step: FailedStep | null;

  /** `consequence` is a sentence that names the sinks, which `sites` made. */
  constructor(
    facts: {
      sinks: readonly string[];
      sites: readonly Site[];
      origin: NonFiniteOrigin | null;
      step: FailedStep | null;
      consequence: string;
    },
  ) {
    const { sinks, sites, origin, step, consequence } = facts;
    super(
      origin ? partsOf(origin, consequence) : {
        code: "G405",
        message: `${consequence} Replayed operation by operation, the step makes no bad number.`,
        sites: sites.map((site) => ({ site, note: "made here" })),
        help: "the program on the device rounds differently: look for values near the limits of float32 (3.4e38).",
      },
    );
    this.name = "NonFiniteError";
    this.sinks = sinks;
    this.origin = origin;
    this.step = step;
  }
}

/** The first bad operation behind any of `nodes`, whose leaves have values. For use inside a task of the engine. */
export async function locateAmong(nodes: readonly Node[]): Promise<NonFiniteOrigin | null> {
  const inputs = topological(nodes).filter((x) => x.op === "input");
  inputs.forEach((x) => refuseGone(x, nodes));
  const replay: Replay = {
    engine: await currentEngine(),
    inputs,
    values: inputs.map((x) => x.value!),
    nameOf: leafName,
  };
  return await locate(replay, nodes);
}

/** The name of a leaf: its variable's, or its own. */
export function leafName(node: Node): string {
  const { owner } = node;
  if (isLearner(owner)) return `\`${owner.label}\``;
  if (owner && "name" in owner) return `\`${owner.name}\``;
  return node.op === "input" && node.attrs.name !== null ? node.attrs.name : "a constant";
}

/** A variable that a step assigns; one that holds others flat has them as parts. */
export interface Assigned {
  readonly name: string;
  readonly parts: readonly { readonly label: string }[];
}

/** What messages call a variable: the parameters in it, if they are few. */
export function assignedName(variable: Assigned): string {
  const { parts, name } = variable;
  if (parts.length === 0) return isLearner(variable) ? `\`${variable.label}\`` : `\`${name}\``;
  return parts.length > 3 ? `\`${name}\` (${parts.length} parameters)` : parts.map((x) => `\`${x.label}\``).join(", ");
}

/** Whether an assignment outside of compiled functions gave a node to a variable. */
function isAssigned({ owner }: Node): boolean {
  return owner !== null && "version" in owner && owner.version !== 0;
}

/** What learns must be finite, and the loss. Other variables may hold infinities, but no NaN. */
function mustBeFinite({ owner }: Node): boolean {
  if (owner === null) return true;
  return isFiniteState(owner) || ("parts" in owner && (owner.parts as unknown[]).length > 0) || canLearn(owner);
}

/** The losses and assigned variables among nodes that are computed outside of compiled functions. */
export function assignedSinks(nodes: readonly Node[]): Sink[] {
  return nodes.filter((x) => isSink(x) && (isLoss(x) || isAssigned(x))).map((node) => ({
    node,
    finite: mustBeFinite(node),
    // Asked for only if it went bad: it is looked for in the text of the user's program.
    get name() {
      return isLoss(node) ? "the loss" : assignedName(node.owner as unknown as Assigned);
    },
  }));
}

/** `text` as the beginning of a sentence. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Throws a {@linkcode NonFiniteError} if a screen caught sinks whose values are bad; `locate` finds where they became so. */
export async function refuseBad(
  sinks: readonly Sink[],
  screened: Storage,
  values: ReadonlyMap<Node, Storage>,
  locate: (bad: readonly Node[]) => Promise<NonFiniteOrigin | null>,
): Promise<void> {
  const bad: Sink[] = [];
  for (const i of caught(sinks, await screened.read())) {
    if (isBad(sinks[i]!, await values.get(sinks[i]!.node)!.read())) bad.push(sinks[i]!);
  }
  if (bad.length === 0) return;
  const origin = await locate(bad.map((x) => x.node));
  const names = bad.map((x) => x.name);
  throw new NonFiniteError({
    sinks: names,
    sites: bad.map((x) => x.node.site),
    origin,
    step: null,
    consequence: `${capital(enumerated(names))} ${bad.some((x) => x.node.owner) ? "would have gone" : "went"} bad.`,
  });
}
