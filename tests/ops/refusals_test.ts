/** Arguments that an operation cannot take are refused in a sentence that names the caller's line: a notebook checks no types. */

import { match, ok } from "node:assert/strict";
import { arange, full, PlumblineError, type Tensor, tensor } from "../../mod.ts";

// deno-lint-ignore no-explicit-any
type Untyped = any;

const whole = arange(3) as Untyped;
const table = tensor([[1, 5], [7, 2]]) as Untyped;

/** What is called, and what the sentence says. */
const refused: readonly (readonly [call: () => Tensor | Tensor[], sentence: RegExp])[] = [
  [() => table.argmax([0, 1]), /float32 \[2, 2\] has no axis \[0,1\]/],
  [() => table.argmin([0]), /float32 \[2, 2\] has no axis \[0\]/],
  [() => table.sum(null), /float32 \[2, 2\] has no axis null/],
  [() => table.unsqueeze(), /unsqueeze\(undefined\) is outside of float32 \[2, 2\]/],
  [() => table.unsqueeze(0.5), /unsqueeze\(0\.5\) is outside of float32 \[2, 2\]/],
  [() => whole.less(3e9), /3000000000 does not fit in int32, which goes from -2147483648 to 2147483647/],
  [() => whole.equal(2 ** 32), /4294967296 does not fit in int32/],
  [() => whole.add(-3e9), /-3000000000 does not fit in int32/],
  [() => full([2], 3e9, { dtype: "int32" }), /3000000000 does not fit in int32/],
  [() => full([2], -1, { dtype: "uint32" }), /-1 does not fit in uint32/],
  [() => tensor([3e9], { dtype: "int32" }), /3000000000 does not fit in int32/],
  [() => (full as Untyped)([2]), /full\(\) needs a number to fill \[2\] with, not undefined/],
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
