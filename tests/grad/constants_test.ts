/** Tensors of one number, as zeros(), ones() and full() make them, have the gradients of those that tensor() makes of lists. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import {
  checkpoint,
  compile,
  full,
  grad,
  gradcheck,
  gradients,
  hvp,
  ones,
  scan,
  stack,
  type Tensor,
  tensor,
  valueAndGrad,
  vjp,
  where,
  zeros,
  zerosLike,
} from "../../mod.ts";
import { topological } from "../../lib/graph/node.ts";
import { onEachEngine } from "../engines.ts";
import { checkNumbers } from "../fixtures/pytorch.ts";
import { interpretNodes } from "../oracle.ts";
import { Random } from "../random.ts";

type Step = (h: Tensor, a: Tensor) => Tensor;

const steps: readonly Step[] = [
  (h, a) => h.add(a),
  (h, a) => a.sub(h),
  (h, a) => h.mul(a.add(1)),
  (h, a) => h.div(a.square().add(1)),
  (h, a) => h.add(3).maximum(a).sub(3),
  (h, a) => where(h.greater(0), h, a),
  (h, a) => h.abs().add(1).pow(a),
  (h, a) => h.add(a.add(1).pow(h.abs().add(1))),
  (h, a) => checkpoint((x: Tensor) => x.mul(a).sin())(h),
  (h, a) => checkpoint((x: Tensor) => h.mul(x.add(1)))(a),
  (h, a) => scan((s: Tensor) => [s.tanh().add(a), s.mul(a)], h, [], { length: 2 }).reduce((x, y) => x.add(y.sum(0))),
  (h, a) =>
    scan((s: Tensor) => [scan((r: Tensor) => [r.mul(a).add(h), []], s, [], { length: 2 })[0], []], h, [], {
      length: 2,
    })[0],
];

const leaves: readonly (readonly [shape: number[], value: number])[] = [[[2], 0], [[], 1], [[1, 2], 0.5], [[3, 2], 2]];

const asConstants = (): Tensor[] =>
  leaves.map(([shape, x]) => x === 0 ? zeros(shape) : x === 1 ? ones(shape) : full(shape, x));
const asNumbers = (): Tensor[] =>
  leaves.map(([shape, x]) => tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(x), { shape }));

/** A scalar of the leaves that the seed chooses, its gradients and those of their squares, in one vector. */
function derivatives(seed: number, points: readonly Tensor[], length = 5): Tensor {
  const random = new Random(seed);
  let h = tensor(Float32Array.from(random.floats(6)), { shape: [3, 2] });
  for (let i = 0; i < length; i++) h = random.pick(steps)(h, random.pick(points)).sin();
  const first = gradients(h.sum(), points, { allowUnused: true });
  const second = gradients(first.map((g) => g.square().sum()).reduce((a, b) => a.add(b)), points, {
    allowUnused: true,
  });
  return [...first, ...second].map((g) => g.sum().add(g.square().sum())).reduce((all, g) => all.mul(0.7).add(g));
}

/** The value in float64. */
function exactly({ node }: Tensor): number {
  const data = topological([node]).filter((x) => x.op === "input");
  return interpretNodes([node], new Map(data.map((x) => [x, [...x.value!.hostIfAny!]])))[0]![0]!;
}

Deno.test("constants have the gradients of the same numbers in lists, in 60 random programs in float64", () => {
  for (let seed = 0; seed < 60; seed++) {
    const [wanted, found] = [exactly(derivatives(seed, asNumbers())), exactly(derivatives(seed, asConstants()))];
    ok(Math.abs(found - wanted) <= 1e-9 * (1 + Math.abs(wanted)), `seed ${seed}: ${found}, not ${wanted}.`);
  }
});

const seeds = [1, 2];

onEachEngine(
  "constants have the gradients of the same numbers in lists, compiled and not",
  async () => {
    const all = (points: readonly Tensor[]): Tensor => stack(seeds.map((seed) => derivatives(seed, points, 2)));
    const constants = asConstants();
    const wanted = seeds.map((seed) => exactly(derivatives(seed, asNumbers(), 2)));
    checkNumbers(await all(constants).data(), wanted, 1e-4, "the program");
    checkNumbers(await (await compile(() => all(constants))()).data(), wanted, 1e-4, "the compiled program");
  },
);

const x = tensor([[1, 2], [3, 4]]);

onEachEngine(
  "a constant that is broadcast, converted, an exponent or used inside of a loop has its gradient",
  async () => {
    const loop = (a: Tensor): Tensor => scan((s: Tensor) => [s.mul(2).add(a), []], a, [], { length: 3 })[0].sum();
    const cases: readonly (readonly [(a: Tensor) => Tensor, number[]])[] = [
      [(a) => x.add(a).sum(), [2, 2]],
      [(a) => x.add(a).sum().add(a.sum()), [3, 3]],
      [(a) => where(x.greater(2), a, x).sum(), [1, 1]],
      [(a) => x.pow(a).sum(), [Math.log(3), Math.log(8)]],
      [(a) => tensor([1, 2]).pow(a).sum(), [0, Math.log(2)]],
      [loop, [15, 15]],
      [(a) => checkpoint((y: Tensor) => y.mul(x).exp())(a).sum(), [4, 6]],
    ];
    const points = [zeros([2]), zerosLike(tensor([5, 6])), zeros([2], { dtype: "int32" }).cast("float32")];
    const found = cases.flatMap(([f]) => points.map((a) => valueAndGrad(f)(a)[1]));
    checkNumbers(await stack(found).data(), cases.flatMap(([, g]) => points.flatMap(() => g)), 1e-5, "the gradients");
  },
);

onEachEngine("the gradient of a power, differentiated by its constant exponent, is x^(n-1) (1 + n log x)", async () => {
  const n = full([2], 3);
  const [found] = gradients(grad((y) => y.pow(n).sum())(x).sum(), [n]);
  const at = (y: number): number => y ** 2 * (1 + 3 * Math.log(y));
  checkNumbers(await found!.data(), [at(1) + at(3), at(2) + at(4)], 1e-5, "the gradient");
});

onEachEngine("vjp(), hvp() and gradcheck() take constants", async () => {
  const f = (a: Tensor): Tensor => x.mul(a).exp();
  equal(await vjp(f, zeros([2]), ones([2, 2]))[1].toList(), [4, 6]);
  equal(await hvp((a) => f(a).sum(), zeros([2]), tensor([1, 2])).toList(), [10, 40]);
  ok(await gradcheck((a) => f(a).sum(), [zeros([2])]) < 1e-2);
});

Deno.test("of a constant that only decides it is said that it influences the result", () => {
  for (const a of [zeros([2]), tensor([0, 0])]) {
    throws(() => gradients(where(x.greater(a), x, 0).sum(), [a]), {
      message: /float32 \[2\] influences the result, but through operations that pass no gradient/,
    });
    throws(() => gradients(x.sum(), [a]), { message: /the result does not depend on float32 \[2\]/ });
  }
});
