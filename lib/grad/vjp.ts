/** Reverse accumulation over nodes: gradients of outputs in, gradients of chosen nodes out, as nodes of the same graph. */

import { type Node, topological } from "../graph/node.ts";
import { add, expand, mul, sub, sum } from "../graph/ops.ts";
import type { OpName } from "../graph/primitives.ts";
import { knownSoftmax } from "../graph/softmaxes.ts";
import { Site, withSite } from "../graph/site.ts";
import { customRule } from "./custom.ts";
import { type Rule, rules, sumToAxesOf } from "./rules.ts";
import { scanRule } from "./scan.ts";
import { type Ways, waysTo } from "./ways.ts";

/** No gradient passes it, so what is behind it need not be looked at: the steps before this one, where state is carried on. */
const isEnd = (node: Node): boolean => node.op === "stopGradient";

/** The gradient of what a softmax is of. */
function ofSoftmax(g: Node, y: Node, axis: number): Node {
  const weighed = sum(mul(g, y), [axis]);
  return mul(y, sub(g, expand(weighed, g.shape, g.axes)));
}

/** Nodes that `wrt` can influence. */
function influenced({ order, inputsOf }: Ways, wrt: readonly Node[]): Set<Node> {
  const found = new Set<Node>(wrt);
  for (const node of order) if (inputsOf(node).some((x) => found.has(x))) found.add(node);
  return found;
}

/**
 * The gradient of `sum_i <outputs[i], cotangents[i]>` with respect to each node of `wrt`; `null` where no path of
 * differentiable operations leads from an output to it.
 */
export function vjpNodes(
  outputs: readonly Node[],
  cotangents: readonly (Node | null)[],
  wrt: readonly Node[],
): (Node | null)[] {
  const ways = waysTo(wrt, topological(outputs, isEnd));
  const relevant = influenced(ways, wrt);
  const asked = new Set(wrt);
  const isAsked = (node: Node): boolean => relevant.has(node);
  const gradient = new Map<Node, Node>();
  const ofScan = new Map<Node, (Node | null)[]>();
  const accumulate = (node: Node, g: Node | null | undefined): void => {
    if (!g || !relevant.has(node) || node.dtype !== "float32") return;
    const before = gradient.get(node);
    gradient.set(node, before ? add(before, g) : g);
  };
  outputs.forEach((node, i) => accumulate(node, cotangents[i]));
  const pull = (node: Node): void => {
    if (node.op === "scan") {
      const parts = ofScan.get(node);
      const rule = customRule(node);
      const loop = ways.loopOf(node);
      if (parts) {
        (rule ? rule(parts) : scanRule(parts, node, loop, vjpNodes)).forEach((g, i) => accumulate(loop.inputs[i]!, g));
      }
      return;
    }
    const g = gradient.get(node);
    if (!g) return;
    if (node.op === "output") {
      const scan = node.inputs[0]!;
      const parts = ofScan.get(scan) ?? [];
      const before = parts[node.attrs.index];
      parts[node.attrs.index] = before ? add(before, g) : g;
      ofScan.set(scan, parts);
      return;
    }
    const softmax = knownSoftmax(node);
    if (softmax && relevant.has(softmax.x) && !softmax.between.some((x) => asked.has(x))) {
      return accumulate(softmax.x, ofSoftmax(g, node, softmax.axis));
    }
    if (node.origin) accumulate(node.origin, sumToAxesOf(g, node.origin));
    const rule = rules[node.op] as Rule<OpName> | null;
    rule?.(g, node as never, isAsked).forEach((part, i) => accumulate(node.inputs[i]!, part));
  };
  for (const node of ways.order.toReversed()) {
    if (relevant.has(node)) withSite(new Site(node.site, node.op), () => pull(node));
  }
  return wrt.map((node) => gradient.get(node) ?? null);
}
