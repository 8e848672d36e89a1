/** From a scalar loss to the gradients of the parameters that it depends on. */

import { PlumblineError } from "../graph/error.ts";
import { type Node, topological } from "../graph/node.ts";
import { fullLike } from "../graph/ops.ts";
import { describe, sizeOf } from "../graph/types.ts";
import { vjpNodes } from "./vjp.ts";

/** Who owns a node as the current value of something that learns. */
export interface Owner {
  readonly node: Node;
  readonly requiresGrad: boolean;
  /** As the user knows it: `pi.layers.0.weight`. */
  readonly label: string;
  /** What holds the numbers: the owner itself, or a flat vector. */
  readonly root: { readonly node: Node };
}

/** A gradient and whose it is. */
export interface OwnedGradient {
  readonly owner: Owner;
  readonly gradient: Node;
}

/** Throws unless `loss` is a float32 scalar; names the axes that are left. */
export function checkScalar(loss: Node, what: string): void {
  if (sizeOf(loss.shape) === 1 && loss.dtype === "float32") return;
  throw new PlumblineError({
    code: "G305",
    message: `${what} needs a float32 scalar; this is ${describe(loss)}.`,
    sites: [loss.site],
    help: loss.dtype === "float32" ? "reduce it first: loss.mean() or loss.sum()." : "integers have no gradient.",
  });
}

function isTrainable(owner: object | null): owner is Owner {
  return owner !== null && "requiresGrad" in owner && owner.requiresGrad === true;
}

/**
 * The gradient of `loss` for each parameter that it depends on.
 *
 * @throws PlumblineError G305, G101 or G201; see `Tensor.backward`.
 */
export function ownedGradients(loss: Node): OwnedGradient[] {
  checkScalar(loss, "backward()");
  const leaves = topological([loss], (x) => isTrainable(x.owner)).filter((x) => isTrainable(x.owner));
  for (const leaf of leaves) {
    const owner = leaf.owner as Owner;
    if (owner.node === leaf) continue;
    throw new PlumblineError({
      code: "G201",
      message: `the parameter \`${owner.label}\` has changed since this graph used it, so its gradient would be stale.`,
      sites: [loss.site],
      help: "compute the loss again after each step(), then call backward().",
    });
  }
  const gradients = vjpNodes([loss], [fullLike(loss, 1)], leaves);
  const found = leaves.flatMap((leaf, i) => {
    const gradient = gradients[i];
    return gradient ? [{ owner: leaf.owner as Owner, gradient }] : [];
  });
  if (found.length === 0) {
    throw new PlumblineError({
      code: "G101",
      message: "gradient cut: the loss reaches no parameter.",
      sites: [loss.site],
      help: "was a value read with item() or data(), or passed through detach(), and used as a constant?",
    });
  }
  return found;
}
