/** noGrad(): what is computed inside is data. */

import { signature } from "../graph/arguments.ts";
import { callable, optional, orNull, text } from "../graph/kinds.ts";
import { stopped } from "../forensics/reads/drops.ts";
import { unreasoned } from "../forensics/flow/label.ts";
import { rememberFunction } from "../graph/cell.ts";
import { withoutGradient } from "../graph/node.ts";
import * as ops from "../graph/ops.ts";
import { callerSite, withSite } from "../graph/site.ts";

const takesNoGrad = signature("noGrad()", { fn: callable, why: optional(orNull(text)) });

/**
 * Runs `fn`; through what is computed inside no gradient flows (torch.no_grad). A parameter that could learn only through it is
 * cut at this line, unless a reason is given: then it is a declared stop.
 *
 * @throws TypeError if `fn` is async: other code would run in between.
 *
 * @example
 * ```ts
 * import { noGrad, Parameter, tensor } from "@plumbline/plumbline";
 *
 * const w = new Parameter(tensor([1, 2]), "w");
 * const target = noGrad(() => w.mul(0.5).add(1), "bootstrap target");
 * w.sub(target).square().sum().backward();
 * console.log(await w.grad!.toList()); // [-1, 0]
 * ```
 */
export function noGrad<T>(fn: () => T, why: string | null = null): T {
  takesNoGrad(arguments);
  const site = callerSite();
  const known = rememberFunction(fn);
  const result = withoutGradient((x) => withSite(site, () => stopped(ops.stopGradient(x, why ?? unreasoned))), known);
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new TypeError("noGrad() takes a function that is not async: read what it gives outside of it.");
  }
  return result;
}
