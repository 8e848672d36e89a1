/**
 * Gradients that cancel out: a value acts on the loss in several ways which take away from each other exactly what they add, so
 * that nothing is left but rounding. Softmax numbers that are summed up, the mean of centred numbers, `hard - soft + soft`.
 */

import { rules } from "../../grad/rules.ts";
import { vjpNodes } from "../../grad/vjp.ts";
import { magnitude } from "../../graph/composite.ts";
import { type Node, substitute } from "../../graph/node.ts";
import * as ops from "../../graph/ops.ts";
import type { OpName } from "../../graph/primitives.ts";
import { sizeOf } from "../../graph/types.ts";
import { between, passes } from "../flow/edges.ts";
import { type Compute, dataOf, shake } from "./shake.ts";

/** Where gradients cancel. */
export interface Cancellation {
  /** What acts in several ways. */
  readonly node: Node;
  /** Where these ways meet. */
  readonly join: Node;
}

/** What is left of a sum may be this share of its parts: rounding. */
const rounding = 2 ** -17;

interface Use {
  readonly user: Node;
  readonly input: number;
}

function usesOf(nodes: readonly Node[]): Map<Node, Use[]> {
  const on = new Set(nodes);
  const uses = new Map<Node, Use[]>(nodes.map((x) => [x, []]));
  for (const user of nodes) {
    user.inputs.forEach((x, input) => {
      if (on.has(x) && passes(user, input)) uses.get(x)!.push({ user, input });
    });
  }
  return uses;
}

/** What `use` gives to the gradient of its input. */
function partOf({ user, input }: Use, g: Node): Node | null {
  const rule = rules[user.op as Exclude<OpName, "scan" | "output">] as
    | ((g: Node, node: Node) => (Node | null)[])
    | null;
  return rule?.(g, user)[input] ?? null;
}

/** The nodes of which next to nothing is left when the gradients of their uses are added. */
async function cancelled(loss: Node, uses: ReadonlyMap<Node, Use[]>, compute: Compute): Promise<Set<Node>> {
  const isPlain = ({ user }: Use): boolean => user.op !== "scan" && user.op !== "output";
  const isFloat = (x: Node): boolean => x.dtype === "float32" && sizeOf(x.shape) > 0;
  const several = [...uses].filter(([x, some]) => isFloat(x) && some.length > 1 && some.every(isPlain));
  const users = [...new Set(several.flatMap(([, some]) => some.map((x) => x.user)))];
  const wanted = [...several.map(([x]) => x), ...users];
  const gradients = vjpNodes([loss], [ops.fullLike(loss, 1)], wanted);
  const of = new Map(wanted.map((x, i) => [x, gradients[i]!]));
  const measured = several.flatMap(([x, some]): { x: Node; left: Node; parts: Node }[] => {
    const parts = some.flatMap((use) => (of.get(use.user) && partOf(use, of.get(use.user)!)) || []);
    const left = of.get(x);
    if (!left || parts.length < 2) return [];
    return [{
      x,
      left: magnitude(left),
      parts: magnitude(parts.map((p) => ops.unary("abs", p)).reduce((a, b) => ops.add(a, b))),
    }];
  });
  await compute(measured.flatMap(({ left, parts }) => [left, parts]));
  const found = new Set<Node>();
  for (const { x, left, parts } of measured) {
    const [sum] = await left.value!.read();
    const [all] = await parts.value!.read();
    if (all! > 0 && Number.isFinite(all!) && sum! <= rounding * all!) found.add(x);
  }
  return found;
}

/** Where all ways from `node` to `loss` meet first: its immediate dominator, seen from the loss. */
function joinOf(node: Node, nodes: readonly Node[], uses: ReadonlyMap<Node, Use[]>): Node {
  const place = new Map(nodes.map((x, i) => [x, i]));
  const above = new Map<Node, Node>();
  const meet = (a: Node, b: Node): Node => {
    let [x, y] = [a, b];
    while (x !== y) {
      if (place.get(x)! < place.get(y)!) x = above.get(x)!;
      else y = above.get(y)!;
    }
    return x;
  };
  for (const x of nodes.toReversed()) {
    const users = uses.get(x)!.map((use) => use.user);
    if (users.length > 0) above.set(x, users.reduce(meet));
  }
  return above.get(node)!;
}

/** What keeps every gradient from `leaf`, if cancellations do. */
async function find(loss: Node, leaf: Node, compute: Compute): Promise<Cancellation | null> {
  const nodes = between(loss, leaf);
  const uses = usesOf(nodes);
  const ends = await cancelled(loss, uses, compute);
  if (ends.size === 0) return null;
  const passed = new Set<Node>([loss]);
  const met = new Set<Node>();
  const on = new Set(nodes);
  for (const node of passed) {
    if (ends.has(node)) {
      met.add(node);
      continue;
    }
    if (node === leaf) return null;
    node.inputs.forEach((x, i) => {
      if (on.has(x) && passes(node, i)) passed.add(x);
    });
  }
  const node = nodes.findLast((x) => met.has(x))!;
  return { node, join: joinOf(node, nodes, uses) };
}

/** The cancellation that keeps the gradient of `loss` from `leaf`, whatever the numbers of parameter and data are. */
export async function cancellation(loss: Node, leaf: Node, compute: Compute): Promise<Cancellation | null> {
  const here = await find(loss, leaf, compute);
  if (!here) return null;
  const shaken = await shake([leaf, ...dataOf(loss)], compute);
  const [again] = substitute([loss], shaken);
  return await find(again!, shaken.get(leaf)!, compute) ? here : null;
}
