/**
 * Gradients that are zero whatever the numbers are, told by the graph alone: a divergence of a thing from itself, a difference or
 * ratio of one computation written twice. What is multiplied with such a difference has no gradient either.
 */

import { type ErrorParts, PlumblineError } from "../../graph/error.ts";
import { type Node, topological } from "../../graph/node.ts";
import { callerSite } from "../../graph/site.ts";
import { waysTo } from "../../grad/ways.ts";
import { warn } from "../../graph/warning.ts";
import { passes } from "./edges.ts";
import { withItself } from "./same.ts";

/** What stays 0 of an operation whose inputs are 0. */
const ofZero = new Set<string>([
  ...["neg", "abs", "square", "sqrt", "sin", "tan", "tanh", "relu", "expm1", "log1p", "sum", "max", "min", "cumsum"],
  ...["reshape", "expand", "permute", "slice", "flip", "unfold", "concat", "add", "sub", "stopGradient"],
]);
const products = new Set<string>(["mul", "matmul", "convolution"]);

/** The difference or ratio of a thing with itself that takes every gradient of `loss` to `leaves`; null if one is left. */
export function vanishesAt(loss: Node, leaves: readonly Node[]): Node | null {
  const ends = new Set(leaves);
  const depends = new Set<Node>();
  const zeros = new Set<Node>();
  let at: Node | null = null;
  const { order, inputsOf } = waysTo(leaves, topological([loss], (x) => ends.has(x)));
  for (const node of order) {
    if (ends.has(node)) {
      depends.add(node);
      continue;
    }
    const isReached = inputsOf(node).some((x, i) => depends.has(x) && (i >= node.inputs.length || passes(node, i)));
    if (isReached && withItself([node])) {
      if (node.op === "sub") zeros.add(node);
      at ??= node;
      continue;
    }
    const { length } = node.inputs.filter((x) => zeros.has(x));
    const isZero = products.has(node.op)
      ? length > 0
      : node.op === "div"
      ? zeros.has(node.inputs[0]!)
      : length > 0 && length === node.inputs.length && ofZero.has(node.op);
    if (isZero) zeros.add(node);
    else if (isReached) depends.add(node);
  }
  return depends.has(loss) ? null : at;
}

function partsOf(at: Node, loss: Node, what: string): ErrorParts {
  return {
    code: "G110",
    message: `zero gradient: ${what} is 0 for all numbers, since this loss compares a thing with itself`,
    sites: [
      { site: at.site, note: `${at.op} of a thing with itself` },
      { site: loss.site, note: "the loss" },
      { site: callerSite(), note: "asked for here" },
    ],
    path: `loss <- .. <- ${at.op}#${at.id}`,
    help: [
      'stop one side:  stopGradient(policy.forward(x), "the policy before the step"), compared with policy.forward(x).',
    ],
  };
}

/** Throws G110 if the gradient of `loss` at `leaves` is zero by its graph: for who needs more than zeros. */
export function refuseVanishing(loss: Node, leaves: readonly Node[], what: string): void {
  const at = vanishesAt(loss, leaves);
  if (at) throw new PlumblineError(partsOf(at, loss, what));
}

/** Warns of what {@linkcode refuseVanishing} refuses. */
export function warnOfVanishing(loss: Node, leaves: readonly Node[], what: string): void {
  const at = vanishesAt(loss, leaves);
  if (at) warn(partsOf(at, loss, what));
}
