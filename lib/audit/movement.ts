/** What an update of a run changes: which parameters move, and why the others do not. */

import type { Verdict } from "../forensics/flow/cut.ts";
import { watchSteps } from "../forensics/steps/first_step.ts";
import { signature } from "../graph/arguments.ts";
import * as kind from "../tensor/kinds.ts";
import type { Parameter } from "../tensor/variable.ts";
import { type Audited, errorOf, joinsLaterText, norm, numbersOf, parametersIn } from "./audit.ts";
import { type AuditEntry, AuditReport } from "./report.ts";

/** Of a parameter that stayed as it was. */
function whyStill(parameter: Parameter, verdict: Verdict | undefined): Pick<AuditEntry, "status" | "why" | "cut"> {
  if (!parameter.requiresGrad) return { status: "frozen", why: null, cut: null };
  if (parameter.joinsLater && verdict?.status !== "reached") {
    return { status: "declared", why: joinsLaterText, cut: null };
  }
  if (!verdict) return { status: "unused", why: "no step of this update has traced or taken it", cut: null };
  switch (verdict.status) {
    case "reached":
      return { status: "zero", why: "its gradient left it as it was", cut: null };
    case "unused":
      return { status: "unused", why: null, cut: null };
    default:
      return { status: verdict.status === "declared" ? "declared" : "cut", why: null, cut: verdict.cut };
  }
}

const takesUpdate = signature("auditUpdate()", { update: kind.callable, audited: kind.state });

/**
 * Runs an update of a training, for real, and tells of every parameter of `audited` whether it moved, by how much relative to
 * its size, and if not, why: its gradient was zero, it is cut from the loss and where, no loss has used it, it was stopped with a
 * reason, it is frozen. An update that is compiled is to be audited at its first call, when its steps are traced.
 *
 * What is learned from a part of the loss only moves too: `audit()` of the loss as a closure tells that.
 *
 * @example
 * ```ts
 * import { auditUpdate, HostRandom, MLP, SGD, tensor } from "@plumbline/plumbline";
 *
 * const net = new MLP([2, 4, 1], new HostRandom(0));
 * const optimizer = new SGD(net.parameters(), { lr: 0.1 });
 * const report = await auditUpdate(() => {
 *   net.forward(tensor([[1, 2]])).square().sum().backward();
 *   optimizer.step();
 * }, net);
 * console.log(report.ok, report.of("net.layers.0.weight")?.status); // true reached
 * ```
 */
export async function auditUpdate(update: () => unknown, audited: Audited): Promise<AuditReport> {
  takesUpdate(arguments);
  const parameters = parametersIn(audited);
  const before = await numbersOf(parameters.map((x) => x.node));
  const verdicts = await watchSteps(update);
  const after = await numbersOf(parameters.map((x) => x.node));
  const entries = parameters.map((parameter, i): AuditEntry => {
    const size = norm(before[i]!);
    const moved = norm(after[i]!.map((x, k) => x - before[i]![k]!));
    const still = moved > 0 ? null : whyStill(parameter, verdicts.get(parameter));
    return {
      name: parameter.label,
      shape: parameter.shape,
      hasOwner: parameter.root !== parameter,
      gradientNorm: null,
      zeroShare: null,
      updateRatio: moved / Math.max(size, 1e-12),
      isProved: false,
      ...still ?? { status: "reached", why: null, cut: null },
    };
  });
  return new AuditReport(NaN, entries, errorOf(entries, parameters));
}
