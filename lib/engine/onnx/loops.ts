/** Loops made small before they are lowered: random bits are drawn on the host, and what the xs decide is lifted out. */

import { type Node, rebuild, topological } from "../../graph/node.ts";
import { withSite } from "../../graph/site.ts";
import { isHost, isHostLeaf } from "./host.ts";
import { liftScan } from "./lift.ts";
import { splitScan } from "./split.ts";

/** The same outputs, with smaller loops. Leaves stay the very same nodes. */
export function reduceLoops(outputs: readonly Node[]): Node[] {
  const split = rewriteScans(outputs, (scan, isKnown) => splitScan(scan, scan.inputs.map(isKnown)));
  return rewriteScans(split, (scan, isKnown) => isHost(scan, isKnown) ? null : liftScan(scan));
}

type ScanNode = Extract<Node, { op: "scan" }>;

/** Replaces scans by what `rewrite` gives for their outputs; `isKnown` tells what the host can compute. */
function rewriteScans(
  outputs: readonly Node[],
  rewrite: (scan: ScanNode, isKnown: (x: Node) => boolean) => readonly Node[] | null,
): Node[] {
  const image = new Map<Node, Node>();
  const parts = new Map<Node, readonly Node[]>();
  const seen = new Set<Node>();
  const host = new Set<Node>();
  const isKnown = (x: Node): boolean => host.has(x);
  const learn = (nodes: readonly Node[]): void => {
    for (const x of topological(nodes, (x) => seen.has(x))) {
      seen.add(x);
      if (isHostLeaf(x) || isHost(x, isKnown)) host.add(x);
    }
  };
  for (const node of topological(outputs)) {
    const inputs = node.inputs.map((x) => image.get(x)!);
    const taken = node.op === "output" ? parts.get(node.inputs[0]!)?.[node.attrs.index] : undefined;
    const current = taken ?? (inputs.every((x, i) => x === node.inputs[i]) ? node : rebuild(node, inputs));
    image.set(node, current);
    learn([current]);
    if (current.op !== "scan") continue;
    const pieces = withSite(node.site, () => rewrite(current, isKnown));
    if (pieces) parts.set(node, pieces);
  }
  return outputs.map((x) => image.get(x)!);
}
