/** Orders, products, letters, diagonals and triangular factors: what they refuse, what they do at their edges, and compiled. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import {
  arange,
  cholesky,
  compile,
  einsum,
  eye,
  grad,
  gradients,
  hstack,
  meshgrid,
  ones,
  PlumblineError,
  solveTriangular,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
import { checkNumbers } from "../fixtures/pytorch.ts";

function message(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof PlumblineError) return `${error.code} ${error.parts.message}`;
  }
  return "no error";
}

const x = tensor([[1, 2, 3], [4, 5, 6]]);
const whole = (...numbers: number[]): Tensor => tensor(numbers, { dtype: "int32" });

Deno.test("letters of einsum() that do not fit the tensors are refused in sentences", () => {
  const told: Readonly<Record<string, [equation: string, tensors: Tensor[]]>> = {
    "G301 einsum() was given 1 tensors for 2 groups of letters.": ["ij,jk->ik", [x]],
    "G301 einsum() has the letters `ijk` for float32 [2, 3].": ["ijk->i", [x]],
    "G301 einsum() has the sizes 2 and 3 for `i`.": ["ii", [x]],
    "G301 einsum() has the sizes 3 and 2 for `j`.": ["ij,jk", [x, x]],
    "G301 einsum() has `k` in its result alone.": ["ij->ik", [x]],
    "G301 einsum() has `i` in its result twice.": ["ij->ii", [x]],
    "G301 einsum() does not understand `i?`.": ["i?->i", [x]],
    "G301 einsum() does not understand `ij->i->j`.": ["ij->i->j", [x]],
  };
  for (const [expected, [equation, tensors]] of Object.entries(told)) {
    equal(message(() => einsum(equation, ...tensors)), expected);
  }
});

Deno.test("shapes that cannot be repeated, rolled, taken apart or solved are refused in sentences", () => {
  const cube = zeros([2, 3, 4]);
  equal([
    message(() => x.repeat(2)),
    message(() => x.roll([1, 2], 0)),
    message(() => x.roll([1, 2])),
    message(() => cube.diag()),
    message(() => x.unflatten(1, [2, 2])),
    message(() => x.indexAdd(1, whole(0, 1), x)),
    message(() => meshgrid([x])),
    message(() => cholesky(x)),
    message(() => solveTriangular(eye(2), zeros([3, 1]))),
    message(() => solveTriangular(eye(2), zeros([3, 1]), { left: false })),
    message(() => whole(1, 2).scatter(0, whole(0), whole(1))),
  ], [
    "G301 repeat() takes how often for each axis of float32 [2, 3], at least 2 counts of 0 or more, not [2].",
    "G304 roll() was given 2 shifts for 1 axes.",
    "G304 roll() was given 2 shifts and no axes.",
    "G301 diag() takes a vector or a matrix, not float32 [2, 3, 4].",
    "G301 reshape() cannot make [2,2,2] of float32 [2, 3], which has 6 elements.",
    "G301 indexAdd() along axis 1 takes int32 [k] indices and a source of k entries there, not int32 [2] and float32 [2, 3].",
    "G301 meshgrid() takes vectors, not float32 [2, 3].",
    "G301 cholesky() takes square float32 matrices [.., n, n], not float32 [2, 3].",
    "G301 solveTriangular() takes a right side [.., 2, m] for float32 [2, 2], not float32 [3, 1].",
    "G301 solveTriangular() takes a right side [.., m, 2] for float32 [2, 2], not float32 [3, 1].",
    "G301 scatter() along axis 0 cannot put int32 [1] at int32 [1] in int32 [2].",
  ]);
});

Deno.test("of several values for one place scatter() takes the last, and only that learns", async () => {
  const source = tensor([1, 2, 3, 4]);
  const placed = zeros([3]).scatter(0, whole(2, 0, 2, 2), source);
  equal(await placed.toList(), [2, 0, 4]);
  equal(await gradients(placed.mul(tensor([10, 20, 30])).sum(), [source])[0]!.toList(), [0, 10, 0, 30]);
  equal(await zeros([3], { dtype: "int32" }).scatter(0, whole(1), 7).toList(), [0, 7, 0]);
});

Deno.test("an index below 0 or beyond the end is refused by scatter() and indexAdd(), as PyTorch does", async () => {
  for (const index of [whole(-1), whole(3)]) {
    for (const result of [zeros([3]).scatter(0, index, 1), zeros([3]).indexAdd(0, index, tensor([1]))]) {
      const error = await result.data().then(() => null, (e) => e);
      ok(error instanceof PlumblineError && error.code === "G308", String(error));
    }
  }
});

Deno.test("of nothing and of one the product is 1 and that one; orders, rolls and diagonals of nothing are empty", async () => {
  equal(await Promise.all([zeros([0]).prod(), zeros([2, 0]).prod(1), tensor([3]).cumprod(0)].map((y) => y.toList())), [
    1,
    [1, 1],
    [3],
  ]);
  const empty = [zeros([0]).sort().values, zeros([0]).roll(1), zeros([2, 2]).diagonal(2), zeros([0]).cumprod(0)];
  equal(empty.map((y) => y.shape), [[0], [0], [0], [0]]);
  equal(await Promise.all(empty.map((y) => y.toList())), [[], [], [], []]);
});

Deno.test("axis names stay where an axis stays what it is", () => {
  const named = x.named("env", "feature");
  equal(
    [named.roll(1, "env"), named.sort("feature").values, named.cumprod("env"), named.movedim("env", 1)].map((y) =>
      y.axes
    ),
    [["env", "feature"], ["env", "feature"], ["env", "feature"], ["feature", "env"]],
  );
  equal(named.prod("feature").axes, ["env"]);
  equal(named.unsqueeze(0).diagonal(0, "env", "feature").axes, [null, null]);
});

/** A little of everything, of a matrix [4, 4]. */
function everyday(a: Tensor): Tensor {
  const definite = einsum("ik,jk->ij", a, a).add(eye(4));
  const factor = cholesky(definite);
  const solved = solveTriangular(factor, a);
  const { values, indices } = solved.topk(2, 1);
  const spread = zeros([4, 4]).scatter(1, indices, values).add(a.cumprod(1)).add(a.prod(0).diag());
  const [rows] = meshgrid([arange(4).float(), arange(4).float()]);
  return hstack([spread.roll([1, -1], [0, 1]).mul(rows!), a.sort(0, true).values]);
}

onEachEngine("a compiled step of them gives what it gives uncompiled, with its gradient", async () => {
  const both = (a: Tensor): Tensor[] => {
    const result = everyday(a);
    return [result, ...gradients(result.square().sum(), [a])];
  };
  const compiled = compile(both);
  for (const shift of [0, 0.3]) {
    const a = arange(16).float().reshape(4, 4).mul(0.7).add(shift).sin();
    const [found, expected] = [await compiled(a), both(a)];
    for (const [i, y] of found.entries()) {
      checkNumbers(await y.data(), [...await expected[i]!.data()], 5e-5, `result ${i}`);
    }
  }
});

Deno.test("a constant that is put in places has a gradient for each of its entries", async () => {
  const slope = (...places: number[]) =>
    grad((x) => zeros([3]).scatter(0, whole(...places), x).mul(tensor([5, 6, 7])).sum())(ones([places.length]));
  equal(await slope(1).toList(), [6]);
  // The last of two for one place has it.
  equal(await slope(2, 1, 1).toList(), [7, 0, 6]);
});
