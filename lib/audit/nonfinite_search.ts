/** The search for the first bad operation, for tensors that a user has. */

import { signature } from "../graph/arguments.ts";
import { enqueue } from "../tensor/evaluate.ts";
import { settleSealed } from "../tensor/settle.ts";
import * as kind from "../tensor/kinds.ts";
import { leaves, type Tree } from "../tensor/tree.ts";
import { locateAmong, type NonFiniteOrigin } from "../forensics/nonfinite/error.ts";

const takesTree = signature("locateNonFinite()", { tensors: kind.tree });

/**
 * Finds the first operation that made NaN or infinity behind some tensors, such as a loss and the gradients of the
 * parameters. The graph is computed again with every value measured, also inside loops. `null` if all are finite.
 *
 * @example
 * ```ts
 * import { locateNonFinite, tensor } from "@plumbline/plumbline";
 *
 * const x = tensor([1, 0]);
 * const origin = await locateNonFinite(x.log().sum());
 * console.log(origin?.op, origin?.inputs[0]?.statistics.zeros); // log 0.5
 * ```
 */
export function locateNonFinite(tensors: Tree): Promise<NonFiniteOrigin | null> {
  takesTree(arguments);
  const nodes = leaves(tensors).map((x) => x.node).filter((x) => x.dtype === "float32");
  return enqueue(async () => {
    await settleSealed();
    return await locateAmong(nodes);
  });
}
