/**
 * Loops that draw random bits are split in two: one for the host, with the keys and all that is made of them, and the rest,
 * which receives the bits of each step as xs.
 */

import { type Node, type NodeOf, topological } from "../../graph/node.ts";
import type { ScanAttrs } from "../../graph/node.ts";
import { loopOutputs, receive } from "./fission.ts";
import { isHost } from "./host.ts";

/** Nodes of a body that the host can compute if it has the body's inputs in `leaves`. */
function hosted(outputs: readonly Node[], leaves: ReadonlySet<Node>): Set<Node> {
  const found = new Set<Node>();
  for (const node of topological(outputs)) {
    if (node.op === "input" ? leaves.has(node) : isHost(node, (x) => found.has(x))) found.add(node);
  }
  return found;
}

/** The largest set of carries that the host can follow without the rest, and what else it knows in the body. */
function hostPart({ body, carries }: ScanAttrs, known: readonly boolean[]): { nodes: Set<Node>; carried: boolean[] } {
  const carried = known.slice(0, carries);
  for (;;) {
    const leaves = new Set(body.inputs.filter((_, i) => i < carries ? carried[i] : known[i]));
    const nodes = hosted(body.outputs, leaves);
    const lost = carried.findIndex((is, i) => is && !nodes.has(body.outputs[i]!));
    if (lost < 0) return { nodes, carried };
    carried[lost] = false;
  }
}

/** Takes in turn from `a` where `which` is true and from `b` where it is not. */
function interleave(which: readonly boolean[], a: readonly Node[], b: readonly Node[]): Node[] {
  let [i, k] = [0, 0];
  return which.map((first) => first ? a[i++]! : b[k++]!);
}

/** Splits a loop whose inputs are `known` to the host or not: its outputs, or null if the host has nothing to draw. */
export function splitScan(scan: NodeOf<"scan">, known: readonly boolean[]): Node[] | null {
  const { body, carries, xs, length, reverse } = scan.attrs;
  const { nodes, carried } = hostPart(scan.attrs, known);
  if (![...nodes].some((x) => x.op === "randomBits" || x.op === "scan")) return null;
  const onHost = <T>(items: readonly T[]): T[] => items.filter((_, i) => i < carries ? carried[i] : known[i]);
  const next = body.outputs.slice(0, carries).filter((_, i) => carried[i]);
  const rest = body.outputs.filter((_, i) => i >= carries || !carried[i]);
  const available = new Set(body.inputs.slice(carries));
  const drawn = topological(rest, (x) => nodes.has(x)).filter((x) => nodes.has(x) && !available.has(x));
  const host = loopOutputs(onHost(scan.inputs), {
    body: { inputs: onHost(body.inputs), outputs: [...next, ...drawn] },
    carries: next.length,
    xs: known.slice(carries, carries + xs).filter((x) => x).length,
    length,
    reverse,
  });
  const values = host.slice(next.length, next.length + drawn.length);
  const device = receive(scan, carried.map((x) => !x), { nodes: drawn, values });
  const first = carries - next.length;
  const ys = device.slice(first, device.length - first);
  const history = interleave(carried, host.slice(next.length + drawn.length), device.slice(device.length - first));
  return [...interleave(carried, host, device), ...ys, ...history];
}
