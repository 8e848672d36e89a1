/** Arguments that an operation cannot take are refused in a sentence that names the caller's line: a notebook checks no types. */

import { match, ok } from "node:assert/strict";
import {
  arange,
  concat,
  full,
  PlumblineError,
  randomKey,
  stack,
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
  [() => table.argmax([0, 1]), /float32 \[2, 2\] has no axis \[0,1\]/],
  [() => table.argmin([0]), /float32 \[2, 2\] has no axis \[0\]/],
  [() => table.sum(null), /float32 \[2, 2\] has no axis null/],
  [() => table.unsqueeze(), /unsqueeze\(undefined\) is outside of float32 \[2, 2\]/],
  [() => table.unsqueeze(0.5), /unsqueeze\(0\.5\) is outside of float32 \[2, 2\]/],
  [() => whole.split([1, 1], 0), /\[1,1\] does not add up to 3/],
  [() => whole.split([2, 2], 0), /\[2,2\] does not add up to 3/],
  [() => whole.split(1.5), /\[1\.5,1\.5\] does not add up to 3/],
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
  [() => whole.less(3e9), /3000000000 does not fit in int32, which goes from -2147483648 to 2147483647/],
  [() => whole.equal(2 ** 32), /4294967296 does not fit in int32/],
  [() => whole.add(-3e9), /-3000000000 does not fit in int32/],
  [() => full([2], 3e9, { dtype: "int32" }), /3000000000 does not fit in int32/],
  [() => full([2], -1, { dtype: "uint32" }), /-1 does not fit in uint32/],
  [() => tensor([3e9], { dtype: "int32" }), /3000000000 does not fit in int32/],
  [() => (full as Untyped)([2]), /full\(\) needs a number to fill \[2\] with, not undefined/],
  [() => tensor([1, 2], { axes: ["a", "b"] }), /tensor\(\) was given 2 names for the 1 axes of float32 \[2\]/],
  [() => tensor([[1]], { axes: ["a", "a"] }), /tensor\(\) was given `a` for two axes of float32 \[1, 1\]/],
  [() => full([2], 0, { axes: [] }), /full\(\) was given 0 names for the 1 axes of float32 \[2\]/],
  [() => table.named("a", "a"), /named\(\) was given `a` for two axes/],
  [() => table.named("a", "b").unsqueeze(0, "b"), /`b` for two axes/],
  [() => table.variance(0, true), /variance\(\) and std\(\) take their options by name, not the boolean true/],
  [() => table.std(0, true), /variance\(0, \{ keepDim: true \}\)/],
  [() => arange(0, 4, 0), /arange\(\) cannot go from 0 to 4 in steps of 0/],
  [() => arange(4, 0), /arange\(\) cannot go from 4 to 0 in steps of 1/],
  [() => table.where(1, 2), /where\(\) was given the number 1 where a tensor belongs/],
  [() => (where as Untyped)(1, table, table), /where\(\) was given the number 1 where a tensor belongs/],
  [() => table.maskedFill([true], 2), /maskedFill\(\) was given an array where a tensor belongs/],
  [() => table.matmul(2), /matmul\(\) was given the number 2 where a tensor belongs/],
  [() => table.take([0, 1], 0), /take\(\) was given an array where a tensor belongs/],
  [() => table.takeAlongAxis(0, 0), /takeAlongAxis\(\) was given the number 0 where a tensor belongs/],
  [() => table.gather(0, [[1]]), /gather\(\) was given an array where a tensor belongs/],
  [() => table.scatterAdd(0, whole, 1), /scatterAdd\(\) was given the number 1 where a tensor belongs/],
  [() => (concat as Untyped)(table, table), /concat\(\) takes a list of tensors.*\n[^]*concat\(\[a, b\]\)/],
  [() => (concat as Untyped)([table, 1]), /concat\(\) was given the number 1 where a tensor belongs/],
  [() => stack([table, null as Untyped]), /stack\(\) was given null where a tensor belongs/],
  [() => new Variable(table).assign(2 as Untyped), /assign\(\) was given the number 2 where a tensor belongs/],
  [() => uniform(randomKey(0), 3 as Untyped), /a shape is an array of sizes, not 3/],
  [() => table.outer(2), /outer\(\) takes two vectors, not float32 \[2, 2\] and float32 \[\]/],
  [() => whole.cast("float32").tril(), /tril\(\) needs at least two axes, not float32 \[3\]/],
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
