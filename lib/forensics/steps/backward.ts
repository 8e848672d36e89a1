/** From a scalar loss to the gradients of the parameters that it depends on. */

import { isLearner, type Learner, liveNodes } from "../flow/edges.ts";
import { warnOfCutParts } from "../flow/partly.ts";
import { forgetLosses, rememberLoss } from "./losses.ts";
import { refuseForbidden, refuseUnreached } from "./refuse.ts";
import { noteLearnedFrom } from "../reads/drops.ts";
import { warnOfPartialCut } from "../reads/partial.ts";
import { refuseStale } from "../reads/stale.ts";
import { PlumblineError } from "../../graph/error.ts";
import type { Node } from "../../graph/node.ts";
import { fullLike } from "../../graph/ops.ts";
import { callerSite } from "../../graph/site.ts";
import { describe, sizeOf } from "../../graph/types.ts";
import { vjpNodes } from "../../grad/vjp.ts";

/** A gradient and whose it is. */
export interface OwnedGradient {
  readonly owner: Learner;
  readonly gradient: Node;
}

function reductionsFor({ shape, axes }: Node): string {
  const names = axes.flatMap((name) => name === null ? [] : [`"${name}"`]);
  const over = names.length === shape.length && names.length > 0 ? `[${names.join(", ")}]` : "";
  return `reduce it first: loss.mean(${over}) or loss.sum(${over}); ` +
    `they differ by the factor ${sizeOf(shape)} in the gradient.`;
}

/** Throws unless `loss` is a float32 scalar; names the axes that are left. */
export function checkScalar(loss: Node, what: string): void {
  if (sizeOf(loss.shape) === 1 && loss.dtype === "float32") return;
  const left = loss.shape.flatMap((n, i) =>
    n === 1 ? [] : [loss.axes[i] ? `\`${loss.axes[i]}\` (${n})` : `${i} (${n})`]
  );
  const isFloat = loss.dtype === "float32";
  throw new PlumblineError({
    code: "G305",
    message: `${what} needs a float32 scalar; this is ${describe(loss)}${
      isFloat ? `: left ${left.length > 1 ? "are the axes" : "is the axis"} ${left.join(", ")}` : ""
    }`,
    sites: [{ site: loss.site, note: "made here" }, { site: callerSite(), note: `${what} needs a scalar` }],
    help: isFloat ? reductionsFor(loss) : "integers and truths have no gradient: compute the loss in float32.",
  });
}

/**
 * The gradient of `loss` for each parameter that it depends on.
 *
 * @throws PlumblineError G305, G101, G108, G201 or G204; see `Tensor.backward`.
 */
export function ownedGradients(loss: Node): OwnedGradient[] {
  const live = liveNodes([loss]);
  const leaves = [...live].filter((x) => isLearner(x.owner));
  try {
    checkScalar(loss, "backward()");
    refuseForbidden(loss, live);
    if (leaves.length === 0) refuseUnreached(loss);
    refuseStale(loss, live, leaves);
  } catch (error) {
    forgetLosses();
    throw error;
  }
  warnOfPartialCut(loss, leaves);
  warnOfCutParts(loss, live);
  rememberLoss(loss, live, leaves.some(({ owner }) => (owner as Learner).root === owner));
  noteLearnedFrom(live);
  const gradients = vjpNodes([loss], [fullLike(loss, 1)], leaves);
  return leaves.flatMap((leaf, i) => {
    const gradient = gradients[i];
    return gradient ? [{ owner: leaf.owner as Learner, gradient }] : [];
  });
}
