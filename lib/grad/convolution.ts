/**
 * Derivatives of convolutions and of windows. That of a convolution is two convolutions: of the gradient with the weight turned
 * round, and of the input with the gradient, batch and channels exchanged. So it has all further derivatives.
 */

import type { Padding } from "../graph/convolution.ts";
import type { Node, NodeOf } from "../graph/node.ts";
import { add, convolution, flip, fullLike, pad, permute, reshape, slice } from "../graph/ops.ts";

/** `step - 1` zeros after every entry of an axis. */
export function dilate(g: Node, axis: number, step: number): Node {
  const wide = [...g.shape.slice(0, axis + 1), 1, ...g.shape.slice(axis + 1)];
  const after = wide.map((_, i) => i === axis + 1 ? step - 1 : 0);
  const padded = pad(reshape(g, wide), wide.map(() => 0), after);
  return reshape(padded, g.shape.map((n, i) => i === axis ? n * step : n));
}

/** From `from` up to `to` of one axis. */
function along(x: Node, axis: number, from: number, to: number): Node {
  return slice(x, x.shape.map((_, i) => i === axis ? from : 0), x.shape.map((n, i) => i === axis ? to : n));
}

/** The gradient of the input: the gradient spread by the stride, with the weight turned round. */
function ofInput(g: Node, node: NodeOf<"convolution">): Node {
  const [x, w] = node.inputs as [Node, Node];
  const { stride, padding, dilation, groups } = node.attrs;
  const [filters, each, ...size] = w.shape as [number, number, number, number];
  let spread = g;
  const paddings = [0, 1].map((i): Padding => {
    const axis = 2 + i;
    const length = g.shape[axis] === 0 ? 0 : stride[i]! * (g.shape[axis]! - 1) + 1;
    if (stride[i]! > 1) spread = along(dilate(spread, axis, stride[i]!), axis, 0, length);
    const before = dilation[i]! * (size[i]! - 1) - padding[i]![0];
    const after = x.shape[axis]! - length - before + dilation[i]! * (size[i]! - 1);
    // Where the input was widened by more than the window reaches, what lies out there is of no use: all of it may.
    const first = Math.min(length, Math.max(0, -before));
    const kept = Math.max(0, length - Math.max(0, -after) - first);
    spread = along(spread, axis, first, first + kept);
    const zeros = before + length + after - kept;
    const inFront = Math.min(zeros, Math.max(0, before));
    return [inFront, zeros - inFront];
  });
  const parts = reshape(w, [groups, filters / groups, each, ...size]);
  const turned = flip(permute(parts, [0, 2, 1, 3, 4]), [3, 4]);
  const weight = reshape(turned, [groups * each, filters / groups, ...size]);
  const attrs = { stride: [1, 1], padding: paddings as [Padding, Padding], dilation, groups } as const;
  return reshape(convolution(spread, weight, attrs), x.shape, x.axes);
}

/** The gradient of the weight: the input's channels as its batch, with the gradient as the weight. */
function ofWeight(g: Node, node: NodeOf<"convolution">): Node {
  const [x, w] = node.inputs as [Node, Node];
  const { stride, padding, dilation, groups } = node.attrs;
  const [filters, each, height, width] = w.shape as [number, number, number, number];
  const batch = x.shape[0]!;
  const parts = reshape(x, [batch, groups, each, ...x.shape.slice(2)]);
  const images = reshape(permute(parts, [2, 1, 0, 3, 4]), [each, groups * batch, ...x.shape.slice(2)]);
  const kernel = permute(g, [1, 0, 2, 3]);
  const all = convolution(images, kernel, { stride: dilation, padding, dilation: stride, groups });
  const own = slice(all, [0, 0, 0, 0], [each, filters, height, width]);
  return reshape(permute(own, [1, 0, 2, 3]), w.shape, w.axes);
}

/** The gradients of input and weight. */
export function unconvolve(g: Node, node: NodeOf<"convolution">, isAsked: (input: Node) => boolean): (Node | null)[] {
  const [x, w] = node.inputs as [Node, Node];
  if (g.shape.includes(0)) return [fullLike(x, 0), fullLike(w, 0)];
  return [isAsked(x) ? ofInput(g, node) : null, isAsked(w) ? ofWeight(g, node) : null];
}

/** The gradient of what windows look at: each entry's from all windows that see it. */
export function fold(g: Node, node: NodeOf<"unfold">): Node {
  const x = node.inputs[0]!;
  const { axis, size, step, dilation } = node.attrs;
  const [last, n, count] = [g.shape.length - 1, x.shape[axis]!, node.shape[axis]!];
  if (count === 0) return fullLike(x, 0);
  const length = step * (count - 1) + 1;
  const places = Array.from({ length: size }, (_, i) => {
    const seen = reshape(along(g, last, i, i + 1), g.shape.slice(0, -1));
    const spread = step > 1 ? along(dilate(seen, axis, step), axis, 0, length) : seen;
    const at = (value: number): number[] => x.shape.map((_, k) => k === axis ? value : 0);
    return pad(spread, at(i * dilation), at(n - length - i * dilation));
  });
  return reshape(places.reduce(add), x.shape, x.axes);
}
