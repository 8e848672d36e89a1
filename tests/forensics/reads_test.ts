/** Loops that read at each step, uncompiled: what a read costs and keeps does not grow with the steps before it. */

import { deepStrictEqual as equal, ok } from "node:assert";
import { dropOf, learnersOf } from "../../lib/forensics/reads/drops.ts";
import type { Node } from "../../lib/graph/node.ts";
import { gradients, onWarning, Parameter, type PlumblineError, SGD, tensor, useDevice } from "../../mod.ts";
import { raises } from "./expect.ts";

await useDevice("cpu");

/** Counts how often somebody looks at what is behind `node`. */
function watchInputs(node: Node): () => number {
  const { inputs } = node;
  let looks = 0;
  Object.defineProperty(node, "inputs", { get: () => (looks++, inputs) });
  return () => looks;
}

Deno.test("a read in a loop without parameters does not go back to the steps before", async () => {
  let x = tensor([1, 2]);
  // What other tests have left to be computed is not computed with the first step.
  await x.add(1).data();
  const looks: (() => number)[] = [];
  for (let i = 0; i < 20; i++) {
    x = x.mul(0.5).add(1);
    if (i < 10) looks.push(watchInputs(x.node));
    await x.data();
  }
  // Looked at for the step itself and for the one after it, not for the ten after that.
  const once = looks[0]!();
  equal(looks.map((count) => count()), looks.map(() => once));
});

Deno.test("what learns behind a read is not looked for behind what was read before", async () => {
  const w = new Parameter(tensor(0.5), "w");
  let x = w.mul(tensor([1, 2]));
  const old = x;
  for (let i = 0; i < 10; i++) {
    await x.data();
    x = x.mul(0.5).add(1);
  }
  const looks = watchInputs(old.node);
  equal([...learnersOf([x.node])], [w]);
  equal(looks(), 0);
});

Deno.test("a number that was read tells of the read; one that is often written, or one of many, does not", async () => {
  const w = new Parameter(tensor([0.5, 0.1234567]), "w");
  const [, odd] = await w.mul(1).data();
  equal(dropOf(tensor([odd!]).node)?.kind, "data()");
  equal(dropOf(tensor(0.5).node), null);
  const others = Array.from({ length: 63 }, (_, i) => Math.sqrt(i + 2) / 7);
  equal(dropOf(tensor([odd!, ...others]).node), null);
});

Deno.test("a parameter that learns again is found behind what was read while it was frozen", async () => {
  const w = new Parameter(tensor(0.5), "w");
  w.requiresGrad = false;
  const x = w.mul(tensor([1, 2])).add(1);
  await x.data();
  const y = x.mul(3);
  equal(learnersOf([y.node]).size, 0);
  w.requiresGrad = true;
  ok(learnersOf([y.node]).has(w));
});

Deno.test("a metric that is summed with its graph and read at each step is warned of once, and not walked through each time", async () => {
  const w = new Parameter(tensor(0.5), "w");
  const optimizer = new SGD([w], { lr: 0.1 });
  const warnings: PlumblineError[] = [];
  const end = onWarning((x) => warnings.push(x));
  const looks: (() => number)[] = [];
  let total = tensor(0);
  for (let i = 0; i < 20; i++) {
    optimizer.zeroGrad();
    const loss = w.mul(2).sub(1.5).square();
    loss.backward();
    optimizer.step();
    total = total.add(loss);
    if (i < 10) looks.push(watchInputs(total.node));
    await total.item();
  }
  end();
  equal(warnings.map(({ code, sites }) => [code, sites[0]!.text?.trim()]), [["G205", "total = total.add(loss);"]]);
  const settled = looks[5]!();
  equal(looks.slice(5).map((count) => count()), looks.slice(5).map(() => settled));
});

Deno.test("the graphs of a training loop that reads its losses are given back", async () => {
  const program = new URL("reads_growth.ts", import.meta.url).pathname;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", program],
    stderr: "inherit",
  }).output();
  ok(success);
  const held = Number(new TextDecoder().decode(stdout));
  // The last 128 reads are kept with their stacks, and what these hold.
  ok(held < 140, `${held} of 400 are held`);
});

Deno.test("what was read long ago is told by the line of its read", async () => {
  const w = new Parameter(tensor(0.7), "w");
  const other = new Parameter(tensor(1), "other");
  const early = await w.mul(0.9).square().item() as number;
  for (let i = 0; i < 200; i++) await w.mul(i).item();
  const error = await raises("G101", "w.mul(0.9).square().item()", () => {
    const loss = other.mul(early);
    gradients(loss, [w]);
  });
  ok(/item\(\) turned mul#\d+ float32 \[\] into the number 0\.3969/.test(error.message), error.message);
});
