/** audit(): what becomes of every parameter in a loss, with numbers, and with a proof where a closure is given. */

import { evaluate } from "../tensor/settle.ts";
import { checkScalar } from "../forensics/steps/backward.ts";
import { vjpNodes } from "../grad/vjp.ts";
import { signature } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { type Node, nodeCount } from "../graph/node.ts";
import { fullLike } from "../graph/ops.ts";
import { callerSite } from "../graph/site.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Parameter, type Stateful } from "../tensor/variable.ts";
import { type AuditEntry, AuditReport } from "./report.ts";
import { judge, type Verdict } from "../forensics/flow/cut.ts";
import type { Cut } from "../forensics/flow/dropped.ts";
import { learnersAt, learnersOf, recentReads } from "../forensics/reads/drops.ts";
import { isLearner, type Learner, learnersAmong, liveNodes } from "../forensics/flow/edges.ts";
import { FrozenLoss, type LossFunction } from "./freeze.ts";
import { refuseComputedBefore } from "./computed_before.ts";
import { type DeclaredStop, declaredStops } from "./stops.ts";
import { type Proof, prove } from "./proof.ts";
import { cutError } from "../forensics/steps/refuse.ts";
import { plannedUpdates } from "./update.ts";
import { describeZero, whyZero } from "../forensics/steps/zero.ts";

/** Whose parameters are audited: modules, optimisers, parameters. */
export type Audited = Stateful | readonly Stateful[];

/** The values of nodes as numbers. */
export async function numbersOf(nodes: readonly Node[]): Promise<Float32Array[]> {
  await evaluate(nodes);
  return await Promise.all(nodes.map(async (x) => Float32Array.from(await x.value!.read())));
}

/** The Euclidean norm. */
export function norm(x: Float32Array): number {
  return Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
}

/** The parameters of what is audited. */
export function parametersIn(audited: Audited): Parameter[] {
  const list = Array.isArray(audited) ? audited as readonly Stateful[] : [audited as Stateful];
  const all = list.flatMap((x) => x.variables()).flatMap((x) => x instanceof Parameter ? [x] : x.parts);
  return [...new Set(all)];
}

function parametersOf(audited: Audited | undefined, loss: Node): Parameter[] {
  if (audited !== undefined) return parametersIn(audited);
  const read = recentReads().flatMap(learnersAt);
  return [...new Set([...learnersAmong(liveNodes([loss])), ...learnersOf([loss]), ...read])].filter((x) =>
    x instanceof Parameter
  );
}

/** What is said of a parameter that was declared to join later. */
export const joinsLaterText = "joins later, it was said";

interface Facts {
  readonly parameter: Parameter;
  readonly gradient: Float32Array | null;
  readonly weight: Float32Array;
  readonly verdict: Verdict;
  readonly proof: Proof | null;
  readonly update: number | null;
  readonly why: string | null;
}

function statusOf({ parameter, gradient, verdict, proof }: Facts, zero: boolean): AuditEntry["status"] {
  if (!parameter.requiresGrad) return "frozen";
  if (parameter.joinsLater && verdict.status !== "reached") return "declared";
  if (proof?.cut) return "cut";
  if (verdict.status === "suspected") return proof ? "unused" : "cut";
  if (verdict.status !== "reached") return verdict.status;
  if (gradient && !gradient.every(Number.isFinite)) return "non-finite";
  return zero ? "zero" : "reached";
}

function isZero(gradient: Float32Array | null, loss: number): boolean {
  return gradient !== null && norm(gradient) <= 1e-8 * Math.max(1, Math.abs(loss));
}

function entryOf(facts: Facts, loss: number): AuditEntry {
  const { parameter, gradient, weight, verdict, proof, update, why } = facts;
  const status = statusOf(facts, isZero(gradient, loss));
  const joins = status === "declared" && parameter.joinsLater;
  const cut: Cut | null = proof?.cut ?? ("cut" in verdict && status !== "unused" ? verdict.cut : null);
  return {
    name: parameter.label,
    shape: parameter.shape,
    status,
    hasOwner: parameter.root !== parameter,
    gradientNorm: gradient && norm(gradient),
    zeroShare: gradient && gradient.reduce((n, x) => n + Number(x === 0), 0) / gradient.length,
    updateRatio: update === null ? null : update / Math.max(norm(weight), 1e-12),
    why: joins ? joinsLaterText : status === "zero" || status === "declared" ? why : proof?.note ?? null,
    cut: joins ? null : cut,
    isProved: Boolean(proof?.cut),
  };
}

const takesAudit = signature("audit()", {
  loss: kind.either(kind.tensor, kind.kindOf("a function that gives one", kind.callable.accepts)),
  audited: kind.optional(kind.state),
});

/**
 * Tells of every parameter whether the loss reaches it (gradient norm, share of zeros, size of the next update), or why not:
 * cut and where, never used, zero and why, not finite, stopped with a reason, frozen; and whether an optimiser owns it. All stops
 * in the loss are listed with their reasons.
 *
 * A closure is run again with parameters moved and with old numbers in the place of new ones (freeze-replay): that finds cuts
 * which go through arithmetic outside of the graph. So it must compute all of the loss, from the parameters on. Its random
 * streams and the variables that it assigns are put back. Without
 * `audited` all parameters are taken that the loss depends on or that were read lately.
 *
 * @throws PlumblineError G305 if the loss is not a float32 scalar, G207 for a closure whose loss was computed before.
 *
 * @example
 * ```ts
 * import { audit, Parameter, tensor } from "@plumbline/plumbline";
 *
 * const w = new Parameter(tensor([1, 2]), "w");
 * const report = await audit(() => w.square().sum());
 * console.log(`${report}`);
 * ```
 */
export async function audit(loss: Tensor | LossFunction, audited?: Audited): Promise<AuditReport> {
  takesAudit(arguments);
  const site = callerSite();
  const isClosure = typeof loss === "function";
  const first = nodeCount();
  const recorded = isClosure ? await FrozenLoss.record(loss) : null;
  const { node } = recorded?.loss ?? loss as Tensor;
  checkScalar(node, "audit()");
  const parameters = parametersOf(audited, node);
  const learning = parameters.filter((x) => x.requiresGrad);
  if (recorded) refuseComputedBefore(node, first, new Set<Learner>(learning), site);
  const verdicts = judge([node], learning);
  const reached = learning.filter((x) => verdicts.get(x)!.status === "reached");
  const leaves = [...liveNodes([node])].filter((x) => isLearner(x.owner));
  const leafOf = new Map(leaves.map((x) => [x.owner, x]));
  const gradients = vjpNodes([node], [fullLike(node, 1)], reached.map((x) => leafOf.get(x)!));
  const values = await numbersOf([
    node,
    ...parameters.map((x) => x.node),
    ...gradients.map((x, i) => x ?? fullLike(reached[i]!.node, 0)),
  ]);
  const value = values[0]![0]!;
  const weights = new Map(parameters.map((x, i) => [x, values[1 + i]!]));
  const found = new Map(reached.map((x, i) => [x, values[1 + parameters.length + i]!]));
  const updates = await plannedUpdates(audited, found);
  const proofs = recorded ? await prove(recorded, learning, { value, weights, gradients: found, verdicts }) : null;
  const stops = declaredStops(node);
  const entries: AuditEntry[] = [];
  for (const parameter of parameters) {
    const gradient = found.get(parameter) ?? null;
    const facts: Facts = {
      parameter,
      gradient,
      weight: weights.get(parameter)!,
      verdict: verdicts.get(parameter) ?? { status: "reached" },
      proof: proofs?.get(parameter) ?? null,
      update: updates.get(parameter) ?? null,
      why: isZero(gradient, value)
        ? describeZero(await whyZero(node, leafOf.get(parameter)!, (x) => isLearner(x.owner), evaluate))
        : reasonOf(parameter, verdicts.get(parameter), stops),
    };
    entries.push(entryOf(facts, value));
  }
  return new AuditReport(value, entries, errorOf(entries, parameters), stops);
}

/** Why a parameter does not learn, if that was declared. */
function reasonOf(parameter: Parameter, verdict: Verdict | undefined, stops: readonly DeclaredStop[]): string | null {
  if (verdict?.status !== "declared") return null;
  const stop = stops.find((x) => x.parameters.includes(parameter.label));
  return stop ? `"${stop.why}"` : null;
}

/** The error that a report stands for, if one parameter is cut. */
export function errorOf(entries: readonly AuditEntry[], parameters: readonly Parameter[]): PlumblineError | null {
  const cut = entries.filter((x) => x.status === "cut" && x.cut);
  const isCut = (_: unknown, i: number): boolean => cut.includes(entries[i]!);
  const unused = entries.filter((x) => x.status === "unused");
  const [first] = cut;
  if (first?.cut) {
    const isPartial = first.gradientNorm !== null && !first.cut.forbidden;
    return cutError(first.cut, parameters.filter(isCut), { isProved: first.isProved, isPartial });
  }
  if (unused.length === 0) return null;
  return new PlumblineError({
    code: "G106",
    message: `never used: ${unused.map((x) => `\`${x.name}\` [${x.shape}]`).join(", ")}`,
    params: unused.map((x) => x.name),
    help: ["use it in the loss, or leave it out of the optimiser.", "if it is not to learn: frozen(module)."],
  });
}
