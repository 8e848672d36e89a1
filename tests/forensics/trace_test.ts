/** What a traced function must not do is one error, which can be caught, and leaves everything as it was. */

import { deepStrictEqual as equal, match, ok, rejects, throws } from "node:assert";
import {
  compile,
  exportOnnx,
  Generator,
  grad,
  hvp,
  metric,
  ones,
  Parameter,
  scan,
  SGD,
  type Tensor,
  tensor,
  useDevice,
  valueAndGrad,
  Variable,
  vjp,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
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

Deno.test("a training step that is exported, traced or scanned without its state leaves the gradients as they were", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  const optimizer = new SGD([w], { lr: 0.1 });
  const lossOf = (x: Tensor): Tensor => {
    const loss = w.mul(x).square().mean();
    loss.backward();
    return loss;
  };
  lossOf(tensor([1, 1]));
  const before = w.grad;
  await exportOnnx((x) => {
    const loss = lossOf(x);
    optimizer.step();
    return { loss };
  }, { x: ones([2]) });
  ok(w.grad === before);
  await raises("G203", "w.mul(x)", () => compile(lossOf)(ones([2])));
  ok(w.grad === before);
  scan((sum, x) => [sum.add(lossOf(x)), []], zeros([]), ones([3, 2]));
  ok(w.grad === before);
  optimizer.step();
  equal(await w.toList(), [0.9, 1.8].map(Math.fround));
});

Deno.test("functions that cannot be exported are refused in a sentence", async () => {
  const generator = new Generator(1);
  await raises("G203", "generator.uniform([3])", () => exportOnnx(() => ({ y: generator.uniform([3]) }), {}));
  const x = ones([2]);
  const async = (async (x: Tensor) => ({ y: await x.add(1) })) as unknown as (x: Tensor) => { y: Tensor };
  await rejects(() => exportOnnx(async, { x }), { code: "G102" });
  const bare = ((x: Tensor) => x.add(1)) as unknown as (x: Tensor) => { y: Tensor };
  await rejects(() => exportOnnx(bare, { x }), /its outputs as tensors by name, \{ x: tensor \}, and found one tensor/);
  const nothing = (() => {}) as unknown as () => { y: Tensor };
  await rejects(() => exportOnnx(nothing, { x }), /its outputs as tensors by name.*found nothing/);
  await rejects(() => exportOnnx((x) => ({ x }), { x: 3 as unknown as Tensor }), /its inputs as tensors by name/);
});

onEachEngine("a compiled function that only steps gives nothing", async () => {
  const count = new Variable(tensor(1), "count");
  const step = compile((x: Tensor) => {
    count.assign(count.add(x));
  }, { state: count });
  equal([await step(2), await step(3)], [undefined, undefined]);
  equal(await count.item(), 6);
  equal(await compile(() => {})(), undefined);
});

Deno.test("what is no function, no state or no loss is refused in a sentence", async () => {
  const given = (x: unknown): never => x as never;
  throws(() => compile(given(3)), /compile\(\) takes a function as `fn`, not the number 3\./);
  const x = tensor([1, 2]);
  throws(
    () => compile((y: Tensor) => y, { state: [given(x)] }),
    /as `options\.state\[0\]`, not the tensor float32 \[2\]\.\n[^]*new Variable/,
  );
  throws(
    () => scan((sum, y) => [sum, y], zeros([]), x, { state: given(3) }),
    /generator.* as `options\.state`, not the number 3\./,
  );
  await raises("G305", "grad(() => given(3))", () => grad(() => given(3))(x));
  await raises("G305", "hvp(() => given(3), x, x)", () => hvp(() => given(3), x, x));
  await raises("G305", "vjp(() => given(3), x, x)", () => vjp(() => given(3), x, x));
  const giving = async (result: unknown): Promise<string> =>
    (await raises("G305", "valueAndGrad", () => valueAndGrad(() => given(result))(x))).message;
  match(await giving(undefined), /valueAndGrad\(\) needs a function that gives a tensor; this one gives nothing\./);
  match(await giving(Promise.reject(new Error("later"))), /gives a promise\.[^]*leave out async and await/);
});

onEachEngine(
  "what was made of a variable before compiled steps keeps its value if it was computed, and else says what happened",
  async () => {
    const a = new Variable(tensor([1, 2]), "a");
    const step = compile(() => {
      a.assign(a.add(1));
    }, { state: a });
    const plus = compile((x: Tensor) => x.add(1));
    for (let i = 0; i < 2; i++) {
      const start = 1 + 2 * i;
      const [computed, old, assigned] = [a.mul(2), a.mul(3), a.add(0)];
      await computed.data();
      const other = new Variable(assigned, "other");
      other.assign(assigned);
      await step();
      await step();
      equal(await computed.toList(), [2 * start, 2 * start + 2]);
      equal(await other.toList(), [start, start + 1]);
      const told = await raises("G202", "const [computed, old, assigned]", () => old.toList());
      equal([told.sites[0]?.call, told.sites.length], ["mul(3)", 2]);
      await raises("G202", "const [computed, old, assigned]", () => plus(old));
      equal(await a.toList(), [start + 2, start + 3]);
    }
  },
);
