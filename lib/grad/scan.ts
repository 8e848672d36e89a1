/**
 * The derivative of `scan` is a scan in the other direction. It carries the gradients of the carries and of the constants,
 * receives each step's carry from the stacked history, and runs the step again: memory grows with the carries only.
 */

import { makeNode, type Node, type NodeOf, substitute } from "../graph/node.ts";
import { add, fullLike } from "../graph/ops.ts";
import { scanOutputs } from "../graph/primitives.ts";
import { makeScan } from "../graph/scan.ts";

/** A loop as it is differentiated: constants of its body may have become inputs. */
export type Loop = Pick<NodeOf<"scan">, "inputs" | "attrs">;

type Vjp = (outputs: readonly Node[], cotangents: readonly (Node | null)[], wrt: readonly Node[]) => (Node | null)[];

const isFloat = (x: Node): boolean => x.dtype === "float32";

function instantiate(nodes: readonly (Node | null)[], actual: ReadonlyMap<Node, Node>): (Node | null)[] {
  const present = substitute(nodes.filter((x) => x !== null), actual).values();
  return nodes.map((x) => x && present.next().value!);
}

/**
 * `parts[i]` is the gradient of output i of `node`, if any. Gives the gradient of each input of `loop`, which is what `node`
 * computes; integers get none.
 */
export function scanRule(
  parts: readonly (Node | null | undefined)[],
  node: NodeOf<"scan">,
  loop: Loop,
  vjp: Vjp,
): (Node | null)[] {
  const { body, carries, xs, length, reverse } = loop.attrs;
  const init = loop.inputs.slice(0, carries);
  const slices = loop.inputs.slice(carries, carries + xs);
  const constants = loop.inputs.slice(carries + xs);
  const ys = body.outputs.length - carries;
  const all = scanOutputs(node.attrs);
  const history = init.map((_, i) => {
    const index = carries + ys + i;
    return makeNode("output", [node as Node], { index, aval: all[index]! });
  });
  const gradient = (index: number): Node | null => parts[index] ?? null;
  const floatCarries = init.flatMap((x, i) => isFloat(x) ? [i] : []);
  const floatConstants = constants.flatMap((x, i) => isFloat(x) ? [i] : []);
  const floatXs = slices.flatMap((x, i) => isFloat(x) ? [i] : []);
  const yGradients = Array.from({ length: ys }, (_, i) => i).filter((i) => gradient(carries + i));
  const hGradients = floatCarries.filter((i) => gradient(carries + ys + i));

  const result = makeScan({
    init: [
      ...floatCarries.map((i) => gradient(i) ?? fullLike(init[i]!, 0)),
      ...floatConstants.map((i) => fullLike(constants[i]!, 0)),
    ],
    xs: [
      ...history,
      ...slices,
      ...yGradients.map((i) => gradient(carries + i)!),
      ...hGradients.map((i) => gradient(carries + ys + i)!),
    ],
    length,
    reverse: !reverse,
    step: (carried, received) => {
      const gCarries = carried.slice(0, floatCarries.length);
      const gConstants = carried.slice(floatCarries.length);
      const inner = received.slice(0, carries + xs);
      const gys = received.slice(carries + xs, carries + xs + yGradients.length);
      const ghs = received.slice(carries + xs + yGradients.length);
      const cotangents = body.outputs.map((_, i) =>
        i < carries ? gCarries[floatCarries.indexOf(i)] ?? null : gys[yGradients.indexOf(i - carries)] ?? null
      );
      const wrt = [
        ...floatCarries,
        ...floatConstants.map((i) => carries + xs + i),
        ...floatXs.map((i) => carries + i),
      ].map((i) => body.inputs[i]!);
      // The body is closed: differentiated in its own placeholders, constants cannot be counted through each other.
      const actual = [...inner, ...constants];
      const found = instantiate(
        vjp(body.outputs, cotangents, wrt),
        new Map(body.inputs.map((x, i) => [x, actual[i]!])),
      );
      const dCarries = floatCarries.map((carry, i) => {
        const g = found[i] ?? fullLike(inner[carry]!, 0);
        const direct = ghs[hGradients.indexOf(carry)];
        return direct ? add(g, direct) : g;
      });
      const dConstants = floatConstants.map((_, i) => {
        const g = found[floatCarries.length + i];
        return g ? add(gConstants[i]!, g) : gConstants[i]!;
      });
      const dXs = floatXs.map((x, i) => {
        return found[floatCarries.length + floatConstants.length + i] ?? fullLike(inner[carries + x]!, 0);
      });
      return { carries: [...dCarries, ...dConstants], ys: dXs };
    },
  });

  const gradients: (Node | null)[] = node.inputs.map(() => null);
  floatCarries.forEach((i, k) => gradients[i] = result.carries[k]!);
  floatConstants.forEach((i, k) => gradients[carries + xs + i] = result.carries[floatCarries.length + k]!);
  floatXs.forEach((i, k) => gradients[carries + i] = result.ys[k]!);
  return gradients;
}
