/** Squares of norms and sizes have their second derivatives at 0 too, where a root alone has none. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { grad, hvp, noGrad, Parameter, smoothL1, type Tensor, tensor } from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

type Scalar = (x: Tensor) => Tensor;

const halfSquares: readonly (readonly [name: string, f: Scalar])[] = [
  ["norm().square()", (x) => x.norm().square()],
  ["norm() times itself", (x) => {
    const size = x.norm();
    return size.mul(size);
  }],
  ["norm().pow(2)", (x) => x.norm().pow(2)],
  ["norm(0, true).square()", (x) => x.norm(0, true).square().sum()],
  ["the norm of rows", (x) => x.unsqueeze(0).norm(-1).square().sum()],
  ["abs().square()", (x) => x.abs().square().sum()],
];

for (const [name, f] of halfSquares) {
  onEachEngine(`the Hessian of ${name} is 2 everywhere, at 0 too`, async () => {
    for (const point of [[0, 0], [3, -4], [0, 1]]) {
      equal(await hvp(f, tensor(point), tensor([1, 0])).toList(), [2, 0], `at ${point}`);
      equal(await grad(f)(tensor(point)).toList(), point.map((x) => 2 * x || 0), `at ${point}`);
    }
  });
}

onEachEngine("the Hessian of std().square() is that of the variance where all are equal", async () => {
  equal(await hvp((x) => x.std().square(), tensor([1, 1]), tensor([1, 0])).toList(), [1, -1]);
});

onEachEngine("the second derivative of smoothL1() is 1 inside, at 0 too, and 0 outside", async () => {
  const [x, along] = [tensor([0, 0.5, -0.25, 3, -2]), tensor([1, 1, 1, 1, 1])];
  equal(await hvp((e) => smoothL1(e).sum(), x, along).toList(), [1, 1, 1, 0, 0]);
  equal(await smoothL1(x).toList(), [0, 0.125, 0.03125, 2.5, 1.5]);
  equal(await grad((e) => smoothL1(e).sum())(x).toList(), [0, 0.5, -0.25, 1, -1]);
});

onEachEngine("the square of a norm made outside of noGrad() passes no gradient inside of it", async () => {
  const w = new Parameter(tensor([3, 4]), "w");
  const size = w.norm();
  const square = noGrad(() => size.square(), "a target");
  w.sum().mul(square).backward();
  equal(await w.grad!.toList(), [25, 25]);
  ok(square.toString().includes("float32 []"));
});
