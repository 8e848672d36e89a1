/**
 * A convolution as a matrix product: the weight times the windows of the input. The windows are views, which are looked up where
 * the product needs them, and never written to memory.
 */

import type { Node, NodeOf } from "../../graph/node.ts";
import { matmul, pad, permute, reshape, unfold } from "../../graph/ops.ts";

/** The product, and what becomes of it: the result with the axes of the convolution. */
export function convolutionAsProduct(node: NodeOf<"convolution">): { product: Node; finish: (product: Node) => Node } {
  const [x, w] = node.inputs as [Node, Node];
  const { stride, padding, dilation, groups } = node.attrs;
  const [filters, each, height, width] = w.shape as [number, number, number, number];
  const [batch, , rows, columns] = node.shape as [number, number, number, number];
  const terms = each * height * width;
  const [[top, bottom], [left, right]] = padding;
  const wide = pad(x, [0, 0, top, left], [0, 0, bottom, right]);
  const windows = unfold(unfold(wide, 2, height, stride[0], dilation[0]), 3, width, stride[1], dilation[1]);
  const parts = reshape(windows, [batch, groups, each, rows, columns, height, width]);
  const columnsOf = reshape(permute(parts, [1, 2, 5, 6, 0, 3, 4]), [groups, terms, batch * rows * columns]);
  const product = matmul(reshape(w, [groups, filters / groups, terms]), columnsOf);
  const finish = (y: Node): Node => {
    const apart = reshape(y, [groups, filters / groups, batch, rows, columns]);
    return reshape(permute(apart, [2, 0, 1, 3, 4]), node.shape, node.axes);
  };
  return { product, finish };
}
