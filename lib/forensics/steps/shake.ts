/** Other numbers for what is given: what is 0 with them too is 0 by construction, not by chance. */

import { constant, type Node, topological } from "../../graph/node.ts";
import { Storage } from "../../graph/storage.ts";
import { randomBits } from "../../graph/threefry.ts";

/** Computes the values of nodes. */
export type Compute = (nodes: readonly Node[]) => Promise<void>;

const creating = new Set(["full", "ones", "zeros", "onesLike", "zerosLike"]);

/** Whether a person gave these numbers as a tensor. */
function isData({ op, value, owner, site }: Node): boolean {
  return op === "input" ? value !== null && owner === null : op === "full" && creating.has(site.called ?? "");
}

/** The data behind `output`: numbers that nobody learns; nodes of `keep` are not entered. */
export function dataOf(output: Node, keep: (node: Node) => boolean = () => false): Node[] {
  return topological([output], keep).filter((x) => x.dtype === "float32" && isData(x) && !keep(x));
}

/** A little more of each number of `nodes`: never less, so that what is positive stays so. */
export async function shake(nodes: readonly Node[], compute: Compute): Promise<Map<Node, Node>> {
  await compute(nodes);
  const moved = new Map<Node, Node>();
  for (const [k, node] of nodes.entries()) {
    const bits = randomBits([k, 1], node.value!.size);
    const numbers = Float32Array.from(await node.value!.read(), (x, i) => x + 0.1 * 2 ** -32 * bits[i]!);
    moved.set(node, constant(node, new Storage("float32", numbers.length, numbers)));
  }
  return moved;
}
