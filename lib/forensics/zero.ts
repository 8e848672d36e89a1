/** Why a gradient that could flow is zero everywhere: the operation on the way that stops it. */

import { vjpNodes } from "../grad/vjp.ts";
import { attributeText, type Node, topological } from "../graph/node.ts";
import { fullLike, max, unary } from "../graph/ops.ts";
import { passes } from "./edges.ts";
import { labelOf } from "./label.ts";

/** Computes the values of nodes. */
export type Compute = (nodes: readonly Node[]) => Promise<void>;

/** Where a gradient ends. */
export interface ZeroAt {
  readonly node: Node;
  /** A few words. */
  readonly why: string;
  /** Whether data, a choice or a start at 0 may make it so for a while: nothing to warn of. */
  readonly isPassing: boolean;
}

/** The nodes between `loss` and `leaf` that a gradient passes, the loss last. */
function between(loss: Node, leaf: Node): Node[] {
  const on = new Set<Node>([leaf]);
  return topological([loss], (x) => x === leaf).filter((node) => {
    if (node !== leaf && node.inputs.some((x, i) => on.has(x) && passes(node, i))) on.add(node);
    return on.has(node);
  });
}

/** The largest absolute entry of the gradient at each node. */
async function sizesAt(loss: Node, nodes: readonly Node[], compute: Compute): Promise<Map<Node, number>> {
  const some = nodes.filter((x) => x.op !== "scan" && x.dtype === "float32");
  const gradients = vjpNodes([loss], [fullLike(loss, 1)], some);
  const largest = gradients.map((g) => g && max(unary("abs", g), g.shape.map((_, i) => i)));
  await compute(largest.flatMap((x) => x ?? []));
  const sizes = await Promise.all(largest.map(async (x) => x ? (await x.value!.read())[0]! : 0));
  return new Map(some.map((x, i) => [x, sizes[i]!]));
}

/** Whether two nodes are the same computation, however often it was written. */
function isSame(a: Node, b: Node, seen: Map<Node, Node>): boolean {
  if (a === b || seen.get(a) === b) return true;
  const isAlike = a.op === b.op && a.op !== "input" && a.op !== "scan" && a.inputs.length === b.inputs.length &&
    attributeText(a.attrs) === attributeText(b.attrs) && a.inputs.every((x, i) => isSame(x, b.inputs[i]!, seen));
  if (isAlike) seen.set(a, b);
  return isAlike;
}

/** The operation of a thing with itself. */
function withItself(nodes: readonly Node[]): Node | undefined {
  return nodes.findLast(({ op, inputs: [a, b] }) => (op === "sub" || op === "div") && isSame(a!, b!, new Map()));
}

const normalisers = new Set(["softmax", "logSoftmax", "logSumExp"]);
const saturating = new Set(["tanh", "sigmoid", "erf", "softplus"]);

function because(node: Node, loss: number): Pick<ZeroAt, "why" | "isPassing"> {
  const { called } = node.site;
  if (called === "clamp") return { why: "a saturated clamp: every value lies outside of its bounds", isPassing: false };
  if (node.op === "relu") return { why: "a dead relu: no input is above 0", isPassing: loss === 0 };
  if (saturating.has(node.op)) return { why: `a saturated ${node.op}: its slope is 0 in float32`, isPassing: false };
  if (node.op === "exp") return { why: "exp() that underflows", isPassing: false };
  if (node.op === "where" || node.op === "maximum" || node.op === "minimum") {
    return { why: `${node.op}() always chooses the other side`, isPassing: true };
  }
  if (node.op === "mul" || node.op === "matmul") return { why: "a product with 0", isPassing: true };
  return { why: `the derivative of ${called ?? node.op} is 0`, isPassing: true };
}

const isChoice = ({ op, site }: Node): boolean =>
  op === "minimum" || op === "maximum" || (op === "where" && site.called !== "clamp");

/** Where the gradient of `loss` ends that is 0 at `leaf`. */
export async function whyZero(loss: Node, leaf: Node, compute: Compute): Promise<ZeroAt> {
  const nodes = between(loss, leaf);
  const own = withItself(nodes);
  if (own) return { node: own, why: `${own.op} of a thing with itself`, isPassing: false };
  const sizes = await sizesAt(loss, [...nodes, loss], compute);
  await compute([loss]);
  const value = (await loss.value!.read())[0]!;
  const isZero = (x: Node): boolean => sizes.get(x) === 0;
  const on = new Set(nodes);
  const ends = nodes.filter((node) =>
    !isZero(node) && node.inputs.some((x, i) => on.has(x) && passes(node, i) && isZero(x))
  );
  const node = ends.at(-1) ?? loss;
  const { called } = node.site;
  if (called !== null && normalisers.has(called)) {
    return { node, why: `${called}() over an axis of one element is constant`, isPassing: false };
  }
  const { why, isPassing } = because(node, value);
  const above = nodes.slice(nodes.indexOf(node) + 1).some((x) => isChoice(x) && !isZero(x));
  return { node, why, isPassing: isPassing || above };
}

/** A sentence that names the operation and its line. */
export function describeZero({ why, node }: ZeroAt): string {
  return `${why}, ${labelOf(node)} at ${node.site}`;
}
