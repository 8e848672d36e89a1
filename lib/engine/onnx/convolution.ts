/**
 * Convolutions as ONNX operations: Conv, but for those that give few numbers of large windows, as the gradient of a weight does.
 * ONNX Runtime would write all numbers of a window once for each place of it; a product for each place is several times faster.
 */

import type { NodeOf } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import type { Builder, Value } from "./builder.ts";

/** Places of a window that are products of their own, at most. */
const mostPlaces = 64;
/** How many times as many numbers the window then has at least. */
const muchLarger = 4;

/** Whether it is one operation, which can add a bias. */
export function isWhole({ shape, inputs, attrs: { groups } }: NodeOf<"convolution">): boolean {
  if (sizeOf(shape) === 0 || inputs.some((input) => sizeOf(input.shape) === 0)) return false;
  const [places, window] = [shape, inputs[1]!.shape].map((x) => sizeOf(x.slice(2))) as [number, number];
  return groups > 1 || places > mostPlaces || window < muchLarger * places;
}

/** The convolution of an image with a weight, plus a bias `[channel]` where it is whole and there is one. */
export function convolution(
  b: Builder,
  node: NodeOf<"convolution">,
  x: readonly Value[],
  bias: Value | null = null,
): Value {
  const { stride, dilation, padding: [[top, bottom], [left, right]], groups } = node.attrs;
  // ONNX Runtime refuses inputs without elements.
  if (sizeOf(node.shape) === 0 || node.inputs.some((input) => sizeOf(input.shape) === 0)) return b.scalar("float32", 0);
  const [image, weight] = x.map((v, i) => b.materialize(v, node.inputs[i]!.shape)) as [Value, Value];
  if (!isWhole(node)) return placeByPlace(b, node, image, weight);
  const attributes = { strides: stride, dilations: dilation, pads: [top, left, bottom, right], group: groups };
  return {
    name: b.op("Conv", [image.name, weight.name, ...(bias ? [bias.name] : [])], attributes),
    dtype: node.dtype,
    shape: node.shape,
  };
}

/** A product of the weight with what it sees, for each place. */
function placeByPlace(b: Builder, node: NodeOf<"convolution">, image: Value, weight: Value): Value {
  const { stride, dilation, padding: [[top, bottom], [left, right]] } = node.attrs;
  const [batch, filters, rows, columns] = node.shape as [number, number, number, number];
  const [, channels, height, width] = node.inputs[1]!.shape as [number, number, number, number];
  const terms = channels * height * width;
  const around = [0, 0, top, left, 0, 0, bottom, right];
  const isWide = around.some((n) => n > 0);
  const wide = isWide ? b.op("Pad", [image.name, b.sizes(around), b.scalar("float32", 0).name]) : image.name;
  const weights = b.reshape(weight, [filters, terms]).name;
  const products: string[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const starts = [row * stride[0], column * stride[1]];
      const ends = [height, width].map((n, i) => starts[i]! + (n - 1) * dilation[i]! + 1);
      const seen = b.op("Slice", [wide, b.sizes(starts), b.sizes(ends), b.sizes([2, 3]), b.sizes(dilation)]);
      const shape = [batch, channels, height, width];
      const flat = b.reshape({ name: seen, dtype: "float32", shape }, [batch, terms]).name;
      products.push(b.op("Gemm", [flat, weights], { transB: 1 }));
    }
  }
  const all: Value = {
    name: b.op("Concat", products, { axis: 1 }),
    dtype: "float32",
    shape: [batch, products.length * filters],
  };
  const apart = b.reshape(all, [batch, rows, columns, filters]).name;
  return { name: b.op("Transpose", [apart], { perm: [0, 3, 1, 2] }), dtype: node.dtype, shape: node.shape };
}
