/** Loops on the CPU engine. */

import { ok, strictEqual } from "node:assert";
import type { Node } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan, type ScanResult } from "../../lib/graph/scan.ts";
import { agree, count, input } from "./onnx_harness.ts";

const tanh = (x: Node): Node => ops.unary("tanh", x);

/** h' = tanh(h w + x), y = h' * h. */
function recurrence(h: Node, xs: Node, w: Node, length: number, reverse = false): ScanResult {
  return makeScan({
    init: [h],
    xs: [xs],
    length,
    reverse,
    step: ([h], [x]) => {
      const next = tanh(ops.add(ops.matmul(h!, w), x!));
      return { carries: [next], ys: [ops.mul(next, h!)] };
    },
  });
}

for (const reverse of [false, true]) {
  Deno.test(`scan gives carries, ys and history${reverse ? " from the last step to the first" : ""}`, async () => {
    const [h, xs, w] = [input([2, 3]), input([5, 2, 3]), input([3, 3])];
    const { carries, ys, history } = recurrence(h, xs, w, 5, reverse);
    await agree([h, xs, w], [...carries, ...ys, ...history]);
  });
}

for (const length of [0, 1]) {
  Deno.test(`scan of ${length} steps works`, async () => {
    const [h, xs, w] = [input([2, 3]), input([length, 2, 3]), input([3, 3])];
    const { carries, ys, history } = recurrence(h, xs, w, length);
    await agree([h, xs, w], [...carries, ...ys, ...history, ops.add(carries[0]!, h), ops.sum(ys[0]!, [0])]);
  });
}

Deno.test("scan computes, carries and stacks only what somebody takes", async () => {
  const [a, b, xs] = [input([2]), input([2]), input([4, 2])];
  const { carries, ys } = makeScan({
    init: [a, b],
    xs: [xs],
    length: 4,
    reverse: false,
    step: ([a, b], [x]) => ({
      carries: [tanh(ops.add(a!, x!)), ops.unary("sin", b!)],
      ys: [ops.unary("cos", ops.mul(a!, b!)), ops.unary("exp", a!)],
    }),
  });
  const first = await agree([a, b, xs], [carries[0]!]);
  strictEqual(count(first, "Tanh"), 1);
  strictEqual(count(first, "Sin") + count(first, "Cos") + count(first, "Exp"), 0);
  const last = await agree([a, b, xs], [ys[1]!]);
  strictEqual(count(last, "Tanh") + count(last, "Exp"), 2);
  strictEqual(count(last, "Sin") + count(last, "Cos"), 0);
});

Deno.test("a carry that feeds a taken one is kept", async () => {
  const [a, b] = [input([2]), input([2])];
  const { carries } = makeScan({
    init: [a, b],
    xs: [],
    length: 3,
    reverse: false,
    step: ([a, b]) => ({ carries: [ops.add(a!, b!), ops.mul(b!, b!)], ys: [] }),
  });
  await agree([a, b], [carries[0]!]);
});

Deno.test("scan without xs counts its steps, and carries may swap", async () => {
  const [a, b] = [input([2]), input([2])];
  const { carries, history } = makeScan({
    init: [a, b],
    xs: [],
    length: 3,
    reverse: false,
    step: ([a, b]) => ({ carries: [b!, a!], ys: [] }),
  });
  await agree([a, b], [...carries, ...history]);
});

Deno.test("scan without carries maps over its xs, and passes xs, constants and numbers on", async () => {
  const [xs, c] = [input([3, 2]), input([2])];
  const { ys } = makeScan({
    init: [],
    xs: [xs],
    length: 3,
    reverse: true,
    step: (_, [x]) => ({ carries: [], ys: [tanh(ops.mul(x!, c)), x!, c, ops.full("float32", [2], 4)] }),
  });
  await agree([xs, c], ys);
});

Deno.test("scan takes initial carries and constants that are still to be broadcast", async () => {
  const [s, c, xs] = [input([]), input([3]), input([4, 2, 3])];
  const { carries, ys } = makeScan({
    init: [ops.expand(s, [2, 3])],
    xs: [xs],
    length: 4,
    reverse: false,
    step: ([a], [x]) => ({
      carries: [ops.add(a!, ops.mul(x!, ops.expand(c, [2, 3])))],
      ys: [ops.sum(ops.expand(c, [2, 3]), [0, 1])],
    }),
  });
  await agree([s, c, xs], [...carries, ...ys]);
});

Deno.test("scans nest, and the inner one reads values of the outer body and from outside", async () => {
  const [h, xs, w] = [input([2]), input([3, 2]), input([2])];
  const { carries, ys, history } = makeScan({
    init: [h],
    xs: [xs],
    length: 3,
    reverse: false,
    step: ([h], [x]) => {
      const inner = makeScan({
        init: [h!],
        xs: [],
        length: 2,
        reverse: false,
        step: ([g]) => ({ carries: [tanh(ops.add(ops.mul(g!, w), x!))], ys: [ops.mul(g!, x!)] }),
      });
      return { carries: [inner.carries[0]!], ys: [ops.reshape(ops.sum(inner.ys[0]!, [0]), [2])] };
    },
  });
  await agree([h, xs, w], [...carries, ...ys, ...history]);
});

Deno.test("what only the xs of a scan decide is computed outside of the loop", async () => {
  const [h, xs, w, index] = [input([2, 3]), input([6, 2, 4]), input([4, 3]), input([2, 1], "int32")];
  const { carries, ys, history } = makeScan({
    init: [h],
    xs: [xs],
    length: 6,
    reverse: true,
    step: ([h], [x]) => {
      const projected = ops.unary("sin", ops.matmul(x!, w));
      const parts = ops.concat([ops.slice(projected, [0, 1], [2, 3]), ops.takeAlongAxis(x!, index, 1)], 1);
      const moved = ops.permute(ops.reshape(ops.pad(parts, [1, 0], [0, 0]), [3, 3]), [1, 0]);
      const total = ops.sum(ops.mul(moved, ops.cast(ops.iota([3, 3], 0), "float32")), [1]);
      const gain = ops.expand(ops.reshape(ops.max(total, [0]), [1, 1]), [2, 3]);
      return { carries: [tanh(ops.add(ops.mul(h!, gain), projected))], ys: [gain, ops.cumsum(parts, 1, true)] };
    },
  });
  const lines = await agree([h, xs, w, index], [...carries, ...ys, ...history], [null, null, null, [0, 3]]);
  const inside = lines.filter((line) => line.startsWith("  "));
  ok(inside.length <= 6, inside.join("\n"));
  strictEqual(count(inside, "Sin") + count(inside, "MatMul") + count(inside, "Transpose"), 0);
});

Deno.test("the gradient of a scan runs", async () => {
  const { vjpNodes } = await import("../../lib/grad/vjp.ts");
  const [h, xs, w] = [input([2, 3]), input([5, 2, 3]), input([3, 3])];
  const { carries, ys } = recurrence(h, xs, w, 5);
  const gradients = vjpNodes([carries[0]!, ys[0]!], [carries[0]!, ys[0]!], [h, xs, w]);
  await agree([h, xs, w], gradients.map((x) => x!));
});
