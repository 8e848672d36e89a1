/** A divided graph as one for WebAssembly, in which ONNX Runtime's parts are nodes of their own. */

import { makePart } from "../fused/part.ts";
import { type Node, placeholder, rebuild, substitute, topological } from "../../graph/node.ts";
import { primitives } from "../../graph/primitives.ts";
import { withSite } from "../../graph/site.ts";
import type { Block } from "./block.ts";
import { type Division, isLeaf } from "./divide.ts";
import { rootOf } from "./views.ts";

/** The same outputs, with parts. */
export function cut(outputs: readonly Node[], { block, levels, bodies }: Division): Node[] {
  const order = topological(outputs);
  const image = new Map<Node, Node>();
  const byLevel: Node[][] = [];
  for (const node of order) {
    if (isLeaf(node)) image.set(node, node);
    else (byLevel[levels[block.placeOf(node)!]!] ??= []).push(node);
  }
  const read = readElsewhere(outputs, order, block, levels);
  byLevel.forEach((members, level) => {
    if (level % 2 === 1) makeParts(members, read, image, block);
    else for (const node of members) image.set(node, again(node, image, bodies));
  });
  return outputs.map((x) => image.get(x)!);
}

/** A node of inputs that were cut, with the body of a loop cut too. */
function again(node: Node, image: ReadonlyMap<Node, Node>, bodies: ReadonlyMap<Node, Division>): Node {
  const inputs = node.inputs.map((x) => image.get(x)!);
  const inner = bodies.get(node);
  if (node.op === "scan" && inner) {
    const { body } = node.attrs;
    const attrs = { ...node.attrs, body: { inputs: body.inputs, outputs: cut(body.outputs, inner) } };
    return { ...rebuild(node, inputs), attrs } as Node;
  }
  return inputs.every((x, i) => x === node.inputs[i]) ? node : rebuild(node, inputs);
}

/** What somebody reads who does not run together with it. */
function readElsewhere(
  outputs: readonly Node[],
  order: readonly Node[],
  block: Block,
  levels: readonly number[],
): Set<Node> {
  const levelOf = (x: Node): number | undefined => levels[block.placeOf(x) ?? -1];
  const read = new Set(outputs);
  for (const node of order) {
    for (const x of node.inputs) if (levelOf(x) !== levelOf(node)) read.add(x);
  }
  return read;
}

const isProduct = ({ op }: Node): boolean => primitives[op].kind === "contract";

const isFree = ({ op }: Node): boolean => op === "full" || op === "iota";

function makeParts(members: readonly Node[], read: ReadonlySet<Node>, image: Map<Node, Node>, block: Block): void {
  const own = new Set(members);
  const given = new Map<Node, Node>();
  for (const node of members) {
    for (const x of node.inputs) if (!own.has(x) && !isFree(x) && !given.has(x)) given.set(x, placeholder(x));
  }
  const taken = members.filter((x) => read.has(x) && x.op !== "scan");
  const body = { inputs: [...given.values()], outputs: substitute(taken, given) };
  const pieces = [...given.keys()].map((x) => {
    const current = image.get(x)!;
    const piece = rootOf(current);
    return piece.root.op === "input" || piece.root.op === "output" ? piece : { root: current, offset: 0 };
  });
  const products = members.filter(isProduct);
  const results = withSite((products[0] ?? taken[0]!).site, () => makePart(body, pieces, why(members, block)));
  taken.forEach((x, i) => image.set(x, results[i]!));
}

/** What a listing says of a part. */
function why(members: readonly Node[], block: Block): string {
  const places = [...new Set(members.map((x) => block.placeOf(x)!))];
  const saved = block.gainOf(places);
  const products = members.filter(isProduct).length;
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
  return `${count(places.length, "operation")}, of them ${count(products, "product")}: ` +
    `${Math.round(saved / 1000)} us less than as WebAssembly, by estimate`;
}
