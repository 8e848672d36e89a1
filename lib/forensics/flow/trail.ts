/** Ways through a graph, as a person reads them: `loss <- add#22 <- 0.318 <- item() <- mean#17 <- matmul#15 <- aux.weight`. */

import type { Node } from "../../graph/node.ts";
import { labelOf } from "./label.ts";

/** What a way tells of a node. */
export type Stop = Pick<Node, "op" | "id" | "site">;

const quiet = new Set(["reshape", "expand", "permute", "output"]);
const longest = 5;

/** From `to` back to one of `from`, over nodes of `within`, of which at most `most` are seen: the nodes between, `from` first. */
export function trail(
  from: readonly Node[],
  to: (node: Node) => boolean,
  within: (node: Node) => boolean = () => true,
  most = Infinity,
): Node[] {
  const before = new Map<Node, Node | null>(from.map((x) => [x, null]));
  for (const node of before.keys()) {
    if (to(node)) {
      const path: Node[] = [];
      for (let x: Node | null = node; x; x = before.get(x) ?? null) path.unshift(x);
      return path;
    }
    if (before.size > most) return [];
    for (const x of node.inputs) if (!before.has(x) && within(x)) before.set(x, node);
  }
  return [];
}

/** The names of a way: without what only moves numbers, one for each call of the user, and not many of them. */
function namesOf(way: readonly Stop[]): string[] {
  const loud = way.filter((x) => !quiet.has(x.op));
  const calls = loud.map((x) => `${x.site.key} ${x.site.called}`);
  const names = loud.flatMap((x, i) => calls[i] === calls[i - 1] ? [] : [labelOf(x)]);
  return names.length > longest ? [...names.slice(0, 3), "..", ...names.slice(-2)] : names;
}

/** The way from the loss to `end`: nodes, and words for what is no node. */
export function pathText(way: readonly (Stop | string)[], end: string): string {
  const told: string[] = [];
  let nodes: Stop[] = [];
  for (const x of [...way, ""]) {
    if (typeof x !== "string") {
      nodes.push(x);
      continue;
    }
    told.push(...namesOf(nodes), ...(x ? [x] : []));
    nodes = [];
  }
  return ["loss", ...told, end].join(" <- ");
}
