/** Loops as the operations of their last steps, for questions about single operations: which of them stops a gradient. */

import { customRule } from "../../grad/custom.ts";
import { makeNode, type Node, type NodeOf, rebuild, substitute, topological } from "../../graph/node.ts";
import * as ops from "../../graph/ops.ts";
import { scanOutputs } from "../../graph/primitives.ts";

/** Steps of a loop that are written out; those before stay a loop. */
const written = 6;

type Scan = NodeOf<"scan">;

const alongFirst = (x: Node, from: number, to: number): Node =>
  ops.slice(x, x.shape.map((_, i) => i === 0 ? from : 0), x.shape.map((n, i) => i === 0 ? to : n));

const entry = (x: Node, at: number): Node => ops.reshape(alongFirst(x, at, at + 1), x.shape.slice(1), x.axes.slice(1));

const asRow = (x: Node): Node => ops.reshape(x, [1, ...x.shape], [null, ...x.axes]);

/** The carries and ys of `scan`, given its inputs. */
function resultsOf({ attrs }: Scan, inputs: readonly Node[]): Node[] {
  const { body, carries, xs, length, reverse } = attrs;
  const looped = Math.max(0, length - written);
  const slices = inputs.slice(carries, carries + xs);
  const constants = inputs.slice(carries + xs);
  // In the order in which they run; the first of them stay a loop.
  const steps = Array.from({ length }, (_, i) => reverse ? length - 1 - i : i);
  const [from, to] = reverse ? [length - looped, length] : [0, looped];
  const short = { ...attrs, length: looped };
  const loop = looped > 0 &&
    makeNode("scan", [...inputs.slice(0, carries), ...slices.map((x) => alongFirst(x, from, to)), ...constants], short);
  const before = loop
    ? scanOutputs(short).map((aval, index) => makeNode("output", [loop as Node], { index, aval }))
    : inputs.slice(0, carries);
  let carried = before.slice(0, carries);
  const rows = body.outputs.slice(carries).map((_, i): Node[] => loop ? [before[carries + i]!] : []);
  for (const step of steps.slice(looped)) {
    const given = [...carried, ...slices.map((x) => entry(x, step)), ...constants];
    const results = substitute(body.outputs, new Map(body.inputs.map((x, i) => [x, given[i]!])));
    carried = results.slice(0, carries);
    results.slice(carries).forEach((y, i) => rows[i]!.push(asRow(y)));
  }
  return [...carried, ...rows.map((some) => ops.concat(reverse ? some.toReversed() : some, 0))];
}

/**
 * `output` with the last steps of its loops written out; nodes of `keep` are not entered. Loops inside of loops, with a rule of
 * the user, or whose history is used (by a derivative) stay as they are.
 */
export function unrolled(output: Node, keep: (node: Node) => boolean): Node {
  const order = topological([output], keep);
  const staying = new Set(order.flatMap((node) => {
    const scan = node.op === "output" ? node.inputs[0]! : node;
    if (scan.op !== "scan") return [];
    const isHistory = node.op === "output" && node.attrs.index >= scan.attrs.body.outputs.length;
    return isHistory || customRule(scan) || scan.attrs.length === 0 ? [scan] : [];
  }));
  const image = new Map<Node, Node>();
  const results = new Map<Node, Node[]>();
  for (const node of order) {
    const scan = node.op === "output" ? node.inputs[0]! : null;
    const inputs = keep(node) ? node.inputs : node.inputs.map((x) => image.get(x) ?? x);
    if (node.op === "scan" && !staying.has(node)) results.set(node, resultsOf(node, inputs));
    const known = scan && node.op === "output" ? results.get(scan)?.[node.attrs.index] : undefined;
    image.set(node, known ?? (inputs.every((x, i) => x === node.inputs[i]) ? node : rebuild(node, inputs)));
  }
  return image.get(output)!;
}
