/** Rewrites of a graph to a smaller one with the same values: common subexpressions, constants, identities. */

import { attributeText, makeNode, type Node, rebuild, substitute, topological } from "./node.ts";
import { cast, full, matmul, neg, permute, reshape, sub } from "./ops.ts";
import { primitives } from "./primitives.ts";
import { sameShape, sizeOf } from "./types.ts";
import { withSite } from "./site.ts";

const isFull = (x: Node | undefined, value: number): boolean => x?.op === "full" && x.attrs.value === value;

/** Arithmetic on constants in float64, which float32 rounds as if it had been its own. */
const arithmetic: { readonly [op: string]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};

function foldConstants(node: Node): Node | null {
  const [a, b] = node.inputs;
  if (a?.op !== "full") return null;
  if (primitives[node.op].kind === "move" && node.op !== "pad" && node.op !== "concat") {
    return full(node.dtype, node.shape, a.attrs.value, node.axes);
  }
  if (node.dtype !== "float32") return null;
  if (node.op === "neg") return full(node.dtype, node.shape, -a.attrs.value, node.axes);
  const fold = arithmetic[node.op];
  if (!fold || b?.op !== "full") return null;
  const { fround } = Math;
  return full(node.dtype, node.shape, fround(fold(fround(a.attrs.value), fround(b.attrs.value))), node.axes);
}

function isLastTwoSwapped(perm: readonly number[]): boolean {
  const rank = perm.length;
  return perm.every((p, i) => p === (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2));
}

/** A transposition of the last two axes becomes a flag of the product. */
function absorbTranspose(node: Node): Node | null {
  if (node.op !== "matmul") return null;
  const swapped = node.inputs.map((x) => x.op === "permute" && isLastTwoSwapped(x.attrs.perm));
  if (!swapped.includes(true)) return null;
  const [a, b] = node.inputs.map((x, i) => swapped[i] ? x.inputs[0]! : x);
  return matmul(a!, b!, node.attrs.transA !== swapped[0], node.attrs.transB !== swapped[1]);
}

/** A transposed product is the product of the transposed factors in the other order. */
function rewritePermute(x: Node, perm: readonly number[]): Node | null {
  if (perm.every((p, i) => p === i)) return x;
  if (x.op === "permute") return permute(x.inputs[0]!, perm.map((p) => x.attrs.perm[p]!));
  if (x.op !== "matmul" || !isLastTwoSwapped(perm)) return null;
  return matmul(x.inputs[1]!, x.inputs[0]!, !x.attrs.transB, !x.attrs.transA);
}

/** One step of rewriting, whose inputs are simplified already; `null` if nothing applies. */
function rewrite(node: Node): Node | null {
  const [a, b, c] = node.inputs;
  switch (node.op) {
    case "stopGradient":
      return a!;
    case "add":
      if (isFull(b, 0)) return a!;
      if (isFull(a, 0)) return b!;
      if (b!.op === "neg") return sub(a!, b!.inputs[0]!);
      return a!.op === "neg" ? sub(b!, a!.inputs[0]!) : null;
    case "sub":
      if (isFull(b, 0)) return a!;
      // Not of 0, from which 0 leaves 0.
      if (a!.op === "full" && Object.is(a!.attrs.value, -0)) return neg(b!);
      return b!.op === "neg" ? makeNode("add", [a!, b!.inputs[0]!], {}) : null;
    case "mul":
      if (isFull(b, 1)) return a!;
      if (isFull(a, 1)) return b!;
      if (isFull(b, -1)) return neg(a!);
      return isFull(a, -1) ? neg(b!) : null;
    case "div":
      return isFull(b, 1) ? a! : null;
    case "neg":
      return a!.op === "neg" ? a!.inputs[0]! : null;
    case "not":
      return a!.op === "not" ? a!.inputs[0]! : null;
    case "where":
      return b === c ? b! : null;
    case "cast":
      return a!.dtype === node.dtype ? a! : a!.op === "full" ? cast(a!, node.dtype) : null;
    case "sum":
      if (sizeOf(a!.shape) === 0) return full(node.dtype, node.shape, 0, node.axes);
      return sameShape(a!.shape, node.shape) ? a! : null;
    case "max":
    case "min":
      return sameShape(a!.shape, node.shape) ? a! : null;
    case "reshape":
      if (sameShape(a!.shape, node.shape)) return a!;
      return a!.op === "reshape" ? reshape(a!.inputs[0]!, node.shape, node.axes) : null;
    case "expand":
      return a!.op === "expand" ? makeNode("expand", a!.inputs, node.attrs) : null;
    case "permute":
      return rewritePermute(a!, node.attrs.perm);
    case "matmul":
      // A sum over nothing, which engines need not know.
      return sizeOf(a!.shape) === 0 ? full(node.dtype, node.shape, 0, node.axes) : absorbTranspose(node);
    default:
      return null;
  }
}

/** A loop with a simpler body, which receives what is the same in all steps once. */
function simplifyLoop(node: Node): Node {
  if (node.op !== "scan") return node;
  const { body, carries, xs } = node.attrs;
  const received = new Map<Node, Node>();
  const twins = new Map<Node, Node>();
  node.inputs.slice(carries + xs).forEach((x, i) => {
    const inner = body.inputs[carries + xs + i]!;
    const twin = received.get(x);
    if (twin) twins.set(inner, twin);
    else received.set(x, inner);
  });
  const inputs = body.inputs.filter((x) => !twins.has(x));
  const given = node.inputs.filter((_, i) => !twins.has(body.inputs[i]!));
  const outputs = simplify(twins.size === 0 ? body.outputs : substitute(body.outputs, twins));
  return makeNode("scan", given, { ...node.attrs, body: { inputs, outputs } });
}

function keyOf(node: Node): string | null {
  if (node.op === "input" || node.op === "scan") return null;
  return `${node.op}(${node.inputs.map((x) => x.id)})${node.dtype}[${node.shape}]${attributeText(node.attrs)}`;
}

/** The same outputs, with less to compute. Inputs (leaves) stay the very same nodes. */
export function simplify(outputs: readonly Node[]): Node[] {
  const image = new Map<Node, Node>();
  const known = new Map<string, Node>();
  const reduce = (node: Node): Node => {
    let current = node;
    for (
      let next = foldConstants(current) ?? rewrite(current);
      next;
      next = foldConstants(current) ?? rewrite(current)
    ) {
      current = next;
    }
    const key = keyOf(current);
    const twin = key === null ? undefined : known.get(key);
    if (twin) return twin;
    if (key !== null) known.set(key, current);
    return current;
  };
  for (const node of topological(outputs)) {
    const inputs = node.inputs.map((x) => image.get(x)!);
    const unchanged = inputs.every((x, i) => x === node.inputs[i]);
    const copy = unchanged ? node : rebuild(node, inputs);
    image.set(node, withSite(node.site, () => reduce(simplifyLoop(copy))));
  }
  return outputs.map((x) => image.get(x)!);
}
