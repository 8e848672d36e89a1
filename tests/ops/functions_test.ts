/** Operations as functions: F has every operation that is a method, and its errors name the caller's line. */

import { deepStrictEqual as equal, match, throws } from "node:assert/strict";
import { arange, eye, F, PlumblineError, tensor } from "../../mod.ts";

Deno.test("every operation that is a method is a function of F", async () => {
  const x = tensor([[1, 5], [7, 2]]);
  equal(await F.sum(x, 0, true).toList(), [[8, 7]]);
  equal(await F.softmax(tensor([0, 0]), 0).toList(), [0.5, 0.5]);
  equal(await F.greater(x, 2).toList(), [[false, true], [true, false]]);
  equal(await F.clamp(x, 2, 5).toList(), [[2, 5], [5, 2]]);
  equal(await Promise.all(F.split(x, [1, 1], 1).map((part) => part.toList())), [[[1], [7]], [[5], [2]]]);
  equal(await F.gelu(tensor([0])).toList(), [0]);
  const issue =
    "reshape permute expand slice pad take gather scatterAdd cumsum argmax matmul where min max mean variance";
  equal(issue.split(" ").filter((name) => typeof F[name as keyof typeof F] !== "function"), []);
});

Deno.test("F holds operations only", () => {
  const others = "constructor node shape data item toList backward valueOf toString".split(" ");
  equal(others.filter((name) => Object.hasOwn(F, name)), []);
});

Deno.test("an error in a function of F names the line of the caller and the operation", () => {
  const find = (error: unknown): boolean => {
    match((error as PlumblineError).message, /functions_test\.ts:\d+:\d+/);
    match((error as PlumblineError).message, /F\.add\(tensor\(\[1, 2\]\)/);
    return error instanceof PlumblineError;
  };
  throws(() => F.add(tensor([1, 2]), tensor([1, 2, 3])), find);
  throws(() => F.exp(2 as never), /F\.exp\(\) takes a tensor as `x`, not the number 2/);
});

Deno.test("arange() and eye() take what PyTorch's take", async () => {
  const ranges = [arange(3), arange(2, 5), arange(2, 9, 3), arange(5, 0, -2), arange(0)];
  equal(await Promise.all(ranges.map((x) => x.toList())), [[0, 1, 2], [2, 3, 4], [2, 5, 8], [5, 3, 1], []]);
  equal(ranges.every((x) => x.dtype === "int32"), true);
  equal(arange(2.5).dtype, "float32");
  equal(await arange(2.5).toList(), [0, 1, 2]);
  equal(await arange(0, 1, 0.25).toList(), [0, 0.25, 0.5, 0.75]);
  equal(await eye(2, 3).toList(), [[1, 0, 0], [0, 1, 0]]);
  equal(await eye(2).toList(), [[1, 0], [0, 1]]);
});
