/** Arguments that an operation cannot take are refused in a sentence that names the caller's line: a notebook checks no types. */

import { match, ok, throws } from "node:assert/strict";
import {
  arange,
  concat,
  full,
  PlumblineError,
  randomKey,
  stack,
  Tensor,
  tensor,
  uniform,
  Variable,
  where,
  zeros,
} from "../../mod.ts";

// deno-lint-ignore no-explicit-any
type Untyped = any;

const whole = arange(3) as Untyped;
const table = tensor([[1, 5], [7, 2]]) as Untyped;

/** What is called, and what the sentence says. */
const refused: readonly (readonly [call: () => unknown, sentence: RegExp])[] = [
  [() => table.argmax([0, 1]), /argmax\(\) takes an axis \(its position or its name\) as `axis`, not an array/],
  [() => table.argmin([0]), /argmin\(\) takes an axis \(its position or its name\) as `axis`, not an array/],
  [() => table.sum(null), /sum\(\) takes an axis \(its position or its name\) or a list of them as `axis`, not null/],
  [() => table.unsqueeze(), /unsqueeze\(\) needs `position`, a whole number\./],
  [() => table.unsqueeze(0.5), /unsqueeze\(\) takes a whole number as `position`, not the number 0\.5\./],
  [() => whole.split([1, 1], 0), /\[1,1\] does not add up to 3/],
  [() => whole.split([2, 2], 0), /\[2,2\] does not add up to 3/],
  [() => whole.split(1.5), /split\(\) takes a whole number or a list of them as `sizes`, not the number 1\.5/],
  [() => whole.split([4, -1], 0), /\[4,-1\] does not add up to 3/],
  [() => whole.split(0, 0), /the sizes of all parts of axis 0 of int32 \[3\] as an array; 0 does not/],
  [() => table.flatten(1, 0), /flatten\(1, 0\) of float32 \[2, 2\] begins after its end/],
  [
    () => zeros([3, 5, 6]).matmul(zeros([4, 6, 7])),
    /the shapes of float32 \[3, 5, 6\] and float32 \[4, 6, 7\] do not fit: axis -3 has sizes 3 and 4/,
  ],
  [
    () => zeros([2, 5, 6], { axes: ["env", null, null] }).matmul(zeros([2, 6, 7], { axes: ["agent", null, null] })),
    /the axes of float32 \[env 2, 5, 6\] and float32 \[agent 2, 6, 7\] do not align/,
  ],
  [() => tensor(2).matmul(table), /matmul\(\) multiplies vectors and matrices, not float32 \[\] by float32 \[2, 2\]/],
  [() => whole.pad(0, 1, 1, 0.5), /pad\(\) cannot put 0\.5 into int32 \[3\], which holds no fractions/],
  [() => table.greater(2).pad(0, 1, 1, 0.5), /pad\(\) cannot put 0\.5 into bool \[2, 2\]/],
  [() => whole.scatter(0, arange(2), -0.5), /scatter\(\) cannot put -0\.5 into int32 \[3\], which holds no fractions/],
  [() => whole.softmax(0, { where: whole.less(2) }), /softmax\(\) takes float32, not int32 \[3\]/],
  [() => whole.atan2(2), /atan2\(\) takes float32, not int32 \[\]/],
  [() => whole.less(3e9), /3000000000 does not fit in int32, which goes from -2147483648 to 2147483647/],
  [() => whole.equal(2 ** 32), /4294967296 does not fit in int32/],
  [() => whole.add(-3e9), /-3000000000 does not fit in int32/],
  [() => full([2], 3e9, { dtype: "int32" }), /3000000000 does not fit in int32/],
  [() => full([2], -1, { dtype: "uint32" }), /-1 does not fit in uint32/],
  [() => tensor([3e9], { dtype: "int32" }), /3000000000 does not fit in int32/],
  [() => (full as Untyped)([2]), /full\(\) needs `value`, a number or true or false/],
  [() => tensor([1, 2], { axes: ["a", "b"] }), /tensor\(\) was given 2 names for the 1 axes of float32 \[2\]/],
  [() => tensor([[1]], { axes: ["a", "a"] }), /tensor\(\) was given `a` for two axes of float32 \[1, 1\]/],
  [() => full([2], 0, { axes: [] }), /full\(\) was given 0 names for the 1 axes of float32 \[2\]/],
  [() => table.named("a", "a"), /named\(\) was given `a` for two axes/],
  [() => table.named("a", "b").unsqueeze(0, "b"), /`b` for two axes/],
  [
    () => table.variance(0, true),
    /variance\(\) takes options by name \(correction, keepDim\) as `options`, not the boolean true/,
  ],
  [() => table.std(0, true), /write it so: std\(0, \{ keepDim: true \}\)/],
  [() => arange(0, 4, 0), /arange\(\) cannot go from 0 to 4 in steps of 0/],
  [() => arange(4, 0), /arange\(\) cannot go from 4 to 0 in steps of 1/],
  [() => table.where(1, 2), /where\(\) takes a tensor as `condition`, not the number 1/],
  [() => (where as Untyped)(1, table, table), /where\(\) takes a tensor as `condition`, not the number 1/],
  [() => table.maskedFill([true], 2), /maskedFill\(\) takes a tensor as `mask`, not an array/],
  [() => table.matmul(2), /matmul\(\) takes a tensor as `other`, not the number 2/],
  [() => table.take([0, 1], 0), /take\(\) takes a tensor as `index`, not an array/],
  [() => table.takeAlongAxis(0, 0), /takeAlongAxis\(\) takes a tensor as `index`, not the number 0/],
  [() => table.gather(0, [[1]]), /gather\(\) takes a tensor as `index`, not an array/],
  [() => table.scatterAdd(0, whole, 1), /scatterAdd\(\) takes a tensor as `source`, not the number 1/],
  [
    () => (concat as Untyped)(table, table),
    /concat\(\) takes a list of tensors as `tensors`, not the tensor float32 \[2, 2\].*\n[^]*concat\(\[a, b\]\)/,
  ],
  [() => (concat as Untyped)([table, 1]), /concat\(\) takes a tensor as `tensors\[1\]`, not the number 1/],
  [() => stack([table, null as Untyped]), /stack\(\) takes a tensor as `tensors\[1\]`, not null/],
  [() => new Variable(table).assign(2 as Untyped), /assign\(\) takes a tensor as `value`, not the number 2/],
  [
    () => uniform(randomKey(0), 3 as Untyped),
    /uniform\(\) takes a list of sizes such as \[2, 3\] as `shape`, not the number 3/,
  ],
  [() => table.outer(2), /outer\(\) takes two vectors, not float32 \[2, 2\] and float32 \[\]/],
  [() => whole.cast("float32").tril(), /tril\(\) needs at least two axes, not float32 \[3\]/],
  [() => whole.pad(0, 1, 1, 1e30), /1e\+30 does not fit in int32/],
  [() => whole.pad(0, 1, 1, NaN), /NaN does not fit in int32/],
  [() => whole.cast("uint32").pad(0, 1, 1, -1), /-1 does not fit in uint32/],
  [() => whole.variance(), /variance\(\) takes float32, not int32 \[3\].*\n[^]*t\.cast\("float32"\)\.variance\(\)/],
  [() => whole.std(0), /std\(\) takes float32, not int32 \[3\].*\n[^]*t\.cast\("float32"\)\.std\(\)/],
  [() => whole.mean(), /mean\(\) takes float32, not int32 \[3\]: the mean of whole numbers is not whole/],
  [() => table.matmul(tensor(2)), /matmul\(\) multiplies vectors and matrices, not float32 \[2, 2\] by float32 \[\]/],
  [() => table.reshape([[4]]), /reshape\(\) takes a whole number as `sizes\[0\]`, not an array/],
  [
    () => new (Tensor as Untyped)([1, 2]),
    /new Tensor\(\) is the library's own, .*\n[^]*made without new: tensor\(\[1,2\]\)/,
  ],
  [() => table.chunk(0), /chunk\(\) makes a whole number of parts, at least 1, not 0/],
];

for (const [call, sentence] of refused) {
  Deno.test(`${call.toString().replace(/\s+/g, "").slice(4)} is refused in a sentence`, () => {
    let error: unknown = null;
    try {
      call();
    } catch (thrown) {
      error = thrown;
    }
    ok(error instanceof PlumblineError, `${error} is no PlumblineError`);
    match(error.message, sentence);
    match(error.message, /refusals_test\.ts/);
  });
}

Deno.test("what is made of several operations says which dtype the whole of it takes", () => {
  for (const name of ["leakyRelu", "elu", "logSumExp", "norm", "sigmoid", "silu", "softmax", "logSoftmax"]) {
    for (const x of [whole, whole.greater(1)]) {
      const told = new RegExp(`${name}\\(\\) takes float32, not ${x.dtype} \\[3\\]`);
      throws(() => name.includes("oftmax") ? x[name](0) : x[name](), told);
    }
  }
});
