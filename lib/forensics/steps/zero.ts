/** Why a gradient that could flow is zero everywhere: the operation on the way that stops it. */

import { vjpNodes } from "../../grad/vjp.ts";
import { magnitude } from "../../graph/composite.ts";
import { type Node, substitute, topological } from "../../graph/node.ts";
import { fullLike } from "../../graph/ops.ts";
import { type Cancellation, cancellation } from "./cancel.ts";
import { between, passes } from "../flow/edges.ts";
import { type Compute, dataOf, shake } from "./shake.ts";
import { unrolled } from "../flow/unroll.ts";
import { sizeOf } from "../../graph/types.ts";
import { isGeneral, labelOf } from "../flow/label.ts";
import { differenceOfSame, oneIsData, withItself } from "../flow/same.ts";

export type { Compute };

/** Whether a node is a leaf, which is not looked behind. */
export type Keep = (node: Node) => boolean;

/** Where a gradient ends. */
export interface ZeroAt {
  readonly node: Node;
  /** A few words. */
  readonly why: string;
  /** What to do about it. */
  readonly help: string;
  /** Whether data, a choice or a start at 0 may make it so for a while: nothing to warn of. */
  readonly isPassing: boolean;
  /** The value that it is multiplied with, which these parameters make 0 whatever the data are. */
  readonly factor?: Node;
  /** Whether parts of it cancel out: also what is left of them may be told by rounding. */
  readonly isCancelled?: boolean;
}

/** The largest absolute entry of the gradient at each node. */
async function sizesAt(loss: Node, nodes: readonly Node[], compute: Compute): Promise<Map<Node, number>> {
  const some = nodes.filter((x) => x.op !== "scan" && x.dtype === "float32" && sizeOf(x.shape) > 0);
  const gradients = vjpNodes([loss], [fullLike(loss, 1)], some);
  const largest = gradients.map((g) => g && magnitude(g));
  await compute(largest.flatMap((x) => x ?? []));
  const sizes = await Promise.all(largest.map(async (x) => x ? (await x.value!.read())[0]! : 0));
  return new Map(some.map((x, i) => [x, sizes[i]!]));
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

const products = new Set<string>(["mul", "matmul", "convolution"]);
const linear = new Set<string>([
  "add",
  "sub",
  "neg",
  "sum",
  "reshape",
  "expand",
  "permute",
  "slice",
  "unfold",
  "concat",
  "pad",
]);

/** Whether the loss is a sum of what comes out of `node`, weighted at most: then `node` is a penalty, and may be 0. */
function isLinear(node: Node, nodes: readonly Node[], keep: Keep): boolean {
  const behind = new Set<Node>([node]);
  const isGiven = (x: Node): boolean => behind.has(x) || !topological([x], keep).some(keep);
  return nodes.every((x) => {
    if (x === node || !x.inputs.some((input) => behind.has(input))) return true;
    behind.add(x);
    if (products.has(x.op) || x.op === "div") {
      return x.inputs.filter((input) => behind.has(input)).length === 1 && x.inputs.every(isGiven);
    }
    return linear.has(x.op);
  });
}

function because(node: Node, loss: number, on: ReadonlySet<Node>): Pick<ZeroAt, "why" | "help" | "isPassing"> {
  const { called } = node.site;
  // What the user called: an elu() has a where() inside.
  const name = called === null || isGeneral(called) ? node.op : called;
  const within = "begin within the bounds, or bound softly: with tanh(), say.";
  if (called === "clamp") {
    return { why: "a saturated clamp: every value lies outside of its bounds", help: within, isPassing: false };
  }
  if (node.op === "relu") {
    const help = "leakyRelu() has a slope below 0 too; or begin with a larger bias.";
    return { why: "a dead relu: no input is above 0", help, isPassing: loss === 0 };
  }
  if (saturating.has(node.op)) {
    const help = "bring what goes in nearer to 0: a smaller start, or a LayerNorm before it.";
    return { why: `a saturated ${name}: its slope is 0 in float32`, help, isPassing: false };
  }
  if (node.op === "exp") {
    return {
      why: `exp()${name === "exp" ? "" : ` in ${name}()`} that underflows`,
      help: "compute with the logarithms: logSoftmax(), logSumExp().",
      isPassing: false,
    };
  }
  if (choosing.has(node.op)) {
    const isBounding = isBound(node, on);
    const help = isBounding ? within : "see that the other side is chosen at times.";
    return { why: `${name}() always chooses the other side`, help, isPassing: !isBounding };
  }
  if (products.has(node.op)) {
    return { why: "a product with 0", help: "let what it is multiplied with begin away from 0.", isPassing: true };
  }
  return {
    why: `the derivative of ${name} is 0`,
    help: "look at the numbers that come in here.",
    isPassing: true,
  };
}

/** What is said where parts of a gradient cancel out. */
function whereCancelled({ node, join }: Cancellation, nodes: readonly Node[]): ZeroAt {
  const { called, key } = join.site;
  const isOfOne = nodes.some(({ op, site, inputs: [x], shape }) =>
    op === "sum" && site.key === key && sizeOf(x!.shape) === sizeOf(shape)
  );
  const [why, help] = called !== null && normalisers.has(called) && isOfOne
    ? [`${called}() over an axis of one element is constant`, oneElement]
    : [
      `what ${labelOf(node)} adds to the loss in one way it takes away in another, whatever its numbers are`,
      "it is constant by construction (probabilities add up to 1, centred numbers to 0): make the loss of something else.",
    ];
  return { node: join, why, help, isPassing: false, isCancelled: true };
}

/** Why nothing is left of the gradient of `loss` at `leaf` but rounding; null if it is only small. */
export async function whyNearZero(loss: Node, leaf: Node, keep: Keep, compute: Compute): Promise<ZeroAt | null> {
  const written = unrolled(loss, keep);
  const nodes = between(written, leaf);
  const own = withItself(nodes);
  if (own) return ofItself(own);
  const found = await cancellation(written, leaf, compute);
  return found && whereCancelled(found, nodes);
}

const oneElement = "it is the same whatever goes in: take the axis along which there is something to choose.";

/** The operation of a thing with itself; over an axis of one element it is that of what normalises along it. */
function ofItself(node: Node): ZeroAt {
  const { called } = node.site;
  if (called !== null && normalisers.has(called)) {
    return { node, why: `${called}() over an axis of one element is constant`, help: oneElement, isPassing: false };
  }
  return { node, why: `${node.op} of a thing with itself`, help: oneIsData, isPassing: false };
}

/** The first of `nodes` that is 0 everywhere. */
async function firstZero(nodes: readonly Node[], compute: Compute): Promise<Node | undefined> {
  const some = nodes.filter((x) => sizeOf(x.shape) > 0);
  const sizes = some.map(magnitude);
  await compute(sizes);
  const values = await Promise.all(sizes.map(async (x) => (await x.value!.read())[0]));
  return some.find((_, i) => values[i] === 0);
}

/** Whether `node` is 0 whatever the data are. */
async function isZeroForAll(node: Node, keep: Keep, compute: Compute): Promise<boolean> {
  return await firstZero(substitute([node], await shake(dataOf(node, keep), compute)), compute) !== undefined;
}

/** Where the gradient of `loss` ends that is 0 at `leaf`. */
export async function whyZero(loss: Node, leaf: Node, keep: Keep, compute: Compute): Promise<ZeroAt> {
  const written = unrolled(loss, keep);
  const nodes = between(written, leaf);
  const own = withItself(nodes);
  if (own) return ofItself(own);
  const cancelled = await cancellation(written, leaf, compute);
  if (cancelled) return whereCancelled(cancelled, nodes);
  const sizes = await sizesAt(written, [...nodes, written], compute);
  await compute([written]);
  const value = (await written.value!.read())[0]!;
  const isZero = (x: Node): boolean => sizes.get(x) === 0;
  const on = new Set(nodes);
  const ends = nodes.filter((node) =>
    !isZero(node) && node.inputs.some((x, i) => on.has(x) && passes(node, i) && isZero(x))
  );
  const node = ends.at(-1) ?? written;
  const floats = node.inputs.filter((x) => x.dtype === "float32");
  const nothing = await firstZero(floats, compute);
  const same = nothing && differenceOfSame(nothing);
  if (same) {
    const why = "a thing less itself: it is 0, and so is what is multiplied with it";
    const help = "are the two to be of two networks, or of two moments? Here they are computed from the same numbers.";
    return { node: same, why, help, isPassing: false };
  }
  const { why, help, isPassing } = because(node, value, on);
  const isPenalty = !isPassing && isLinear(node, nodes, keep) && await firstZero([node], compute) !== undefined;
  // Of two sides that both come from here one is always chosen: that is meant, as in a clipped ratio.
  const isChoice = (x: Node): boolean => choosing.has(x.op) && sidesOf(x).filter((y) => on.has(y)).length > 1;
  const above = nodes.slice(nodes.indexOf(node) + 1).some((x) => isChoice(x) && !isZero(x));
  const factor = products.has(node.op) ? await firstZero(floats.filter((x) => !on.has(x)), compute) : undefined;
  const lasts = factor !== undefined && await isZeroForAll(factor, keep, compute);
  return {
    node,
    why,
    help,
    isPassing: isPassing || isPenalty || above || isChoice(node),
    ...(lasts ? { factor } : {}),
  };
}

/** A sentence that names the operation and its line. */
export function describeZero({ why, node }: ZeroAt): string {
  return `${why}, ${labelOf(node)} at ${node.site}`;
}
