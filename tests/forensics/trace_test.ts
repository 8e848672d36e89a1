/** What a traced function must not do is one error, which can be caught, and leaves everything as it was. */

import { deepStrictEqual as equal } from "node:assert";
import { compile, metric, ones, scan, type Tensor, useDevice } from "../../mod.ts";
import { raises } from "./expect.ts";

await useDevice("cpu");

// A rejection that nobody handles fails a test, as it ends a program.
const reads: Record<string, (x: Tensor) => unknown> = {
  "x.item()": (x) => void x.item(),
  "x.toList()": (x) => void x.toList(),
  "x.data()": (x) => void x.data(),
  "read(x.sum())": (x) => void metric("return", { reduction: "sum" }).read(x.sum()),
};
for (const [line, read] of Object.entries(reads)) {
  Deno.test(`${line} in a traced function is one error, which can be caught`, async () => {
    const compiled = compile((x: Tensor) => (read(x), x));
    await raises("G102", line, () => compiled(ones([1])));
    await raises("G102", line, () => scan((sum, x) => (read(x), [sum, x]), ones([]), ones([3])));
    // Rejections are told of when the tasks of now are done.
    await new Promise((done) => setTimeout(done));
    equal(await ones([1]).toList(), [1]);
  });
}
