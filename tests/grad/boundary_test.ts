/** Rules of boundaries: what they give is checked before it flows, and has a derivative of its own. */

import assert from "node:assert/strict";
import { boundary, gradients, Parameter, SGD, type Tensor, tensor } from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";

type Rule = Parameters<typeof boundary<[Tensor, Tensor]>>[2];

/** A sum of two parameters, [2] and [1], computed outside, and its gradients by a rule. */
async function step(rule: unknown): Promise<readonly number[]> {
  const [w, v] = [new Parameter(tensor([1, 2]), "w"), new Parameter(tensor([3]), "v")];
  const optimizer = new SGD([w, v], { lr: 1 });
  const sum = async (w: Tensor, v: Tensor): Promise<Tensor> => {
    const [[a, b], [c]] = [await w.data(), await v.data()] as unknown as [[number, number], [number]];
    return tensor(10 * (a + b) + 100 * c);
  };
  const simulated = boundary<[Tensor, Tensor]>("sim", sum, rule as Rule);
  (await simulated(w, v)).backward();
  optimizer.step();
  return [...await w.data(), ...await v.data()];
}

onEachEngine("the gradients of a boundary are those that its rule gives, in the order of the inputs", async () => {
  assert.deepEqual(await step({ vjp: (g: Tensor) => [g.mul(10).expand(2), g.mul(100).reshape(1)] }), [-9, -8, -97]);
});

onEngine("cpu", "null in a rule is a cut, unless zeros are asked for", async () => {
  const [w, v] = [new Parameter(tensor([1]), "w"), new Parameter(tensor([3]), "v")];
  const product = boundary<[Tensor, Tensor]>("product", (w) => w.mul(3), { vjp: (g) => [g.mul(3), null] });
  const sum = (await product(w, v)).sum();
  assert.throws(() => gradients(sum, [w, v]), { name: "PlumblineError", code: "G101" });
  const found = gradients(sum, [w, v], { allowUnused: true });
  assert.deepEqual([await found[0]!.toList(), await found[1]!.toList()], [[3], [0]]);
});

const wrong: readonly (readonly [name: string, vjp: (g: Tensor) => unknown, message: RegExp])[] = [
  [
    "swapped",
    (g) => [g.mul(100).reshape(1), g.mul(10).expand(2)],
    /the vjp of the boundary `sim` gave float32 \[1\] as the gradient of input 0, which is float32 \[2\]/,
  ],
  ["too few", (g) => [g.mul(10).expand(2)], /gave 1 gradients for 2 inputs/],
  ["too many", (g) => [g.mul(10).expand(2), g.reshape(1), null], /gave 3 gradients for 2 inputs/],
  ["none", () => undefined, /gave nothing, not a list/],
  ["one tensor", (g) => g.expand(2), /gave the tensor float32 \[2\], not a list/],
  ["numbers", () => [[10, 10], [100]], /gave an array as the gradient of input 0/],
  ["undefined", (g) => [undefined, g.reshape(1)], /gave nothing as the gradient of input 0/],
  ["whole numbers", (g) => [g.cast("int32").expand(2), null], /gave int32 \[2\] as the gradient of input 0/],
  [
    "a scalar",
    (g) => [g.mul(10), g.reshape(1)],
    /gave float32 \[\] as the gradient of input 0, which is float32 \[2\]/,
  ],
  [
    "promised",
    async (g) => await Promise.resolve([g, g]),
    /the vjp of the boundary `sim` is async.*leave out async and await/s,
  ],
];

for (const [name, rule, message] of wrong) {
  onEngine("cpu", `gradients of a boundary that are ${name} are refused`, async () => {
    await assert.rejects(step({ vjp: rule }), { name: "PlumblineError", message });
  });
}

onEngine("cpu", "what a boundary gives is a tensor", async () => {
  for (const [given, told] of [[3, "the number 3"], [[1], "an array"], [undefined, "nothing"]] as const) {
    const bad = boundary<[Tensor]>("sim", () => given as unknown as Tensor, "stop");
    await assert.rejects(bad(tensor([1])), {
      name: "PlumblineError",
      message: new RegExp(`the boundary \`sim\` needs a function that gives a tensor; this one gave ${told}`),
    });
  }
});

/** x e^x: its derivative is what it gave, times 1 + 1/x; so a rule may use the output, which has a derivative too. */
const xExp = boundary<[Tensor]>("x e^x", async (x) => tensor((await x.data()).map((v) => v * Math.exp(v))), {
  vjp: (g, [x], output) => [g.mul(output).mul(x!.reciprocal().add(1))],
});

onEachEngine("second derivatives of a boundary go through the output that its rule uses", async () => {
  const x = new Parameter(tensor([2, -1]), "x");
  const [first] = gradients((await xExp(x)).sum(), [x]);
  const [second] = gradients(first!.sum(), [x]);
  // (1 + x) e^x and (2 + x) e^x.
  const [slope, curvature] = [await first!.data(), await second!.data()];
  for (const [i, v] of [2, -1].entries()) {
    assert.ok(Math.abs(slope[i]! - (1 + v) * Math.exp(v)) < 1e-4, `${slope[i]}`);
    assert.ok(Math.abs(curvature[i]! - (2 + v) * Math.exp(v)) < 1e-4, `${curvature[i]}`);
  }
});
