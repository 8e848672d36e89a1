/** Why a gradient that could flow is zero everywhere: the operation on the way that stops it. */

import { vjpNodes } from "../grad/vjp.ts";
import { attributeText, type Node, topological } from "../graph/node.ts";
import { fullLike, max, unary } from "../graph/ops.ts";
import { passes } from "./edges.ts";
import { sizeOf } from "../graph/types.ts";
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

/** Behind what changes no number: reductions of axes of one element, divisions by 1, other shapes of the same size. */
function bare(node: Node): Node {
  const [x, by] = node.inputs;
  const isNothing =
    (["sum", "max", "min", "expand", "reshape"].includes(node.op) && sizeOf(x!.shape) === sizeOf(node.shape)) ||
    (node.op === "div" && by!.op === "full" && by!.attrs.value === 1);
  return isNothing ? bare(x!) : node;
}

/** Whether two nodes are the same computation, however often it was written. */
function isSame(left: Node, right: Node, seen: Map<Node, Node>): boolean {
  const [a, b] = [bare(left), bare(right)];
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

const normalisers = new Set(["softmax", "logSoftmax", "logSumExp", "Categorical"]);
const saturating = new Set(["tanh", "sigmoid", "erf", "softplus"]);
const choosing = new Set<string>(["where", "maximum", "minimum"]);

/** What `node` chooses from: without the condition. */
const sidesOf = ({ op, inputs }: Node): readonly Node[] => op === "where" ? inputs.slice(1) : inputs;

/** Whether a choice holds one value within bounds: its other side is a number, and only the value itself decides. */
function isBound(node: Node, on: ReadonlySet<Node>): boolean {
  const numbersOnly = sidesOf(node).every((x) =>
    on.has(x) || topological([x]).every((y) => y.inputs.length > 0 || y.op === "full")
  );
  if (node.op !== "where") return numbersOnly;
  return numbersOnly && topological([node.inputs[0]!], (x) => on.has(x)).some((x) => on.has(x));
}

function because(node: Node, loss: number, on: ReadonlySet<Node>): Pick<ZeroAt, "why" | "isPassing"> {
  const { called } = node.site;
  if (called === "clamp") return { why: "a saturated clamp: every value lies outside of its bounds", isPassing: false };
  if (node.op === "relu") return { why: "a dead relu: no input is above 0", isPassing: loss === 0 };
  if (saturating.has(node.op)) return { why: `a saturated ${node.op}: its slope is 0 in float32`, isPassing: false };
  if (node.op === "exp") return { why: "exp() that underflows", isPassing: false };
  if (choosing.has(node.op)) {
    return { why: `${node.op}() always chooses the other side`, isPassing: !isBound(node, on) };
  }
  if (node.op === "mul" || node.op === "matmul") return { why: "a product with 0", isPassing: true };
  return { why: `the derivative of ${called ?? node.op} is 0`, isPassing: true };
}

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
  const { why, isPassing } = because(node, value, on);
  // Of two sides that both come from here one is always chosen: that is meant, as in a clipped ratio.
  const isChoice = (x: Node): boolean => choosing.has(x.op) && sidesOf(x).filter((y) => on.has(y)).length > 1;
  const above = nodes.slice(nodes.indexOf(node) + 1).some((x) => isChoice(x) && !isZero(x));
  return { node, why, isPassing: isPassing || above || isChoice(node) };
}

/** A sentence that names the operation and its line. */
export function describeZero({ why, node }: ZeroAt): string {
  return `${why}, ${labelOf(node)} at ${node.site}`;
}
