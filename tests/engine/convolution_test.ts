/** Convolutions and windows on both ways of the CPU engine: ONNX Runtime's, and WebAssembly's without a copy for each window. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { ConvolutionAttrs } from "../../lib/graph/convolution.ts";
import { vjpNodes } from "../../lib/grad/vjp.ts";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import * as onnx from "./onnx_harness.ts";
import * as wasm from "./wasm_harness.ts";

const cases: Readonly<Record<string, [x: number[], w: number[], attrs: Partial<ConvolutionAttrs>]>> = {
  "a window at each place": [[2, 3, 6, 7], [8, 3, 3, 3], { padding: [[1, 1], [1, 1]] }],
  "steps, gaps and margins of their own for each axis": [[2, 2, 7, 8], [5, 2, 2, 3], {
    stride: [2, 3],
    dilation: [3, 2],
    padding: [[2, 0], [0, 3]],
  }],
  "channels in groups": [[3, 4, 5, 5], [8, 2, 3, 2], { groups: 2, stride: [1, 2] }],
  "each channel by itself": [[2, 6, 4, 5], [6, 1, 3, 3], { groups: 6, padding: [[1, 1], [1, 1]] }],
  "windows of one element": [[2, 8, 3, 3], [4, 8, 1, 1], {}],
  "an image that is smaller than the window": [[1, 2, 2, 2], [3, 2, 3, 3], {}],
};

const plain = { stride: [1, 1], padding: [[0, 0], [0, 0]], dilation: [1, 1], groups: 1 } as const;

/** The convolution and its gradients. */
function graphOf(x: Node, w: Node, attrs: Partial<ConvolutionAttrs>): Node[] {
  const y = ops.convolution(x, w, { ...plain, ...attrs });
  const [gx, gw] = vjpNodes([y], [ops.unary("sin", ops.add(y, ops.fullLike(y, 1)))], [x, w]);
  return [y, gx!, gw!];
}

for (const [name, [x, w, attrs]] of Object.entries(cases)) {
  Deno.test({
    name: `a convolution and its gradients have the oracle's values: ${name}`,
    fn: async () => {
      const [image, weight] = [wasm.input(x), wasm.input(w)];
      const outputs = graphOf(image, weight, attrs);
      const lines = await onnx.agree([image, weight], outputs);
      ok(outputs[0]!.shape.includes(0) || lines.some((line) => line.includes("= Conv(")), lines.join("\n"));
      await wasm.agree([image, weight], outputs, [wasm.floats(image), wasm.floats(weight, 2)]);
    },
    sanitizeOps: false,
    sanitizeResources: false,
  });
}

Deno.test("a number for each channel is added by the convolution itself", async () => {
  const [x, w, bias] = [wasm.input([2, 3, 5, 5]), wasm.input([4, 3, 3, 3]), wasm.input([4])];
  const y = ops.convolution(x, w, plain);
  const sum = ops.add(y, ops.expand(ops.reshape(bias, [1, 4, 1, 1]), y.shape));
  const lines = await onnx.agree([x, w, bias], [sum]);
  equal([onnx.count(lines, "Conv"), onnx.count(lines, "Add")], [1, 0]);
  // What somebody else reads is not swallowed; nor is what is added along another axis.
  equal(onnx.count(await onnx.agree([x, w, bias], [y, sum]), "Add"), 1);
  const [square, row] = [wasm.input([2, 3, 6, 6]), wasm.input([4])];
  const z = ops.convolution(square, w, plain);
  await onnx.agree([square, w, row], [ops.add(z, ops.expand(ops.reshape(row, [1, 1, 1, 4]), z.shape))]);
});

Deno.test("windows that overlap are the numbers of their places, on both ways", async () => {
  const x = wasm.input([2, 9, 3]);
  const windows = ops.unfold(x, 1, 3, 2, 2);
  equal(windows.shape, [2, 3, 3, 3]);
  const largest = ops.max(windows, [3]);
  const [g] = vjpNodes([ops.mul(windows, windows)], [ops.fullLike(windows, 1)], [x]);
  await onnx.agree([x], [largest, g!]);
  await wasm.agree([x], [largest, g!], [wasm.floats(x)]);
});

Deno.test("WebAssembly writes no window of a convolution to memory", async () => {
  const [x, w] = [wasm.input([4, 8, 16, 16]), wasm.input([8, 8, 3, 3])];
  const y = ops.convolution(x, w, { ...plain, padding: [[1, 1], [1, 1]] });
  const program = await wasm.compile([x, w], [y]);
  // One product; the windows alone would have nine times the numbers of the image.
  const lines = program.listing();
  equal(lines.filter((line) => line.includes("matmul")).length, 1, lines.join("\n"));
  ok(lines.length <= 2, lines.join("\n"));
  program.dispose();
});
