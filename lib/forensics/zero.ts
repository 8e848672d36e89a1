/** Why a gradient that could flow is zero everywhere: the operation on the way that stops it. */

import { evaluate } from "../engine/evaluate.ts";
import { vjpNodes } from "../grad/vjp.ts";
import type { Node } from "../graph/node.ts";
import { fullLike } from "../graph/ops.ts";
import { passes } from "./edges.ts";
import { labelOf } from "./label.ts";

/** From `from` to `to` along edges that a gradient passes. */
function way(from: Node, to: Node): Node[] {
  const before = new Map<Node, Node | null>([[from, null]]);
  for (const node of before.keys()) {
    if (node === to) break;
    node.inputs.forEach((x, i) => {
      if (passes(node, i) && !before.has(x)) before.set(x, node);
    });
  }
  const path: Node[] = [];
  for (let x: Node | null = to; x; x = before.get(x) ?? null) path.unshift(x);
  return path;
}

function because(node: Node): string {
  const [a, b] = node.inputs;
  const { called } = node.site;
  if (node.inputs.length === 2 && (a === b || a?.inputs[0] === b?.inputs[0] && a?.op === b?.op && a?.op !== "input")) {
    return `${node.op} of a thing with itself`;
  }
  if (called === "clamp") return "a saturated clamp: every value lies outside of its bounds";
  if (node.op === "relu") return "a dead relu: no input is above 0";
  if (node.op === "where" || node.op === "maximum" || node.op === "minimum") {
    return `${node.op}() always chooses the other side`;
  }
  if (node.op === "mul") return "a product with 0";
  if (["tanh", "sigmoid", "erf"].includes(node.op)) return `a saturated ${node.op}`;
  if (node.op === "exp") return "exp() that underflows";
  return `the derivative of ${node.op} is 0`;
}

/** A sentence that names the operation and its line. */
export async function whyZero(loss: Node, leaf: Node): Promise<string> {
  const path = way(loss, leaf).filter((x) => x.op !== "output" && x.op !== "scan");
  const gradients = vjpNodes([loss], [fullLike(loss, 1)], path).map((x, i) => x ?? fullLike(path[i]!, 0));
  await evaluate(gradients);
  const sizes = await Promise.all(gradients.map(async (x) => Math.max(...(await x.value!.read()).map(Math.abs))));
  const first = sizes.findIndex((size) => size <= 1e-9);
  const culprit = path[Math.max(0, first - 1)]!;
  return `${because(culprit)}, ${labelOf(culprit)} at ${culprit.site}`;
}
