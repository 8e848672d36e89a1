/** grad, valueAndGrad, vjp, hvp, backward, checkpoint and scan, through the public interface, on both engines. */

import { deepStrictEqual as equal, ok, rejects, strictEqual, throws } from "node:assert";
import {
  checkpoint,
  compile,
  grad,
  gradcheck,
  gradients,
  hvp,
  Parameter,
  PlumblineError,
  scan,
  stack,
  stopGradient,
  type Tensor,
  tensor,
  valueAndGrad,
  Variable,
  vjp,
  where,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
import { checkNumbers } from "../fixtures/pytorch.ts";
import { Random } from "../random.ts";

const random = new Random(4);

function randomTensor(...shape: number[]): Tensor {
  return tensor(Float32Array.from(random.floats(shape.reduce((a, b) => a * b, 1))), { shape });
}

async function checkClose(actual: Tensor, expected: Tensor, what: string, tolerance = 1e-5): Promise<void> {
  equal(actual.shape, expected.shape);
  checkNumbers(await actual.data(), [...await expected.data()], tolerance, what);
}

const cube = (x: Tensor): Tensor => x.mul(x).mul(x).sum();

onEachEngine("grad() of grad() of grad() of a cube is 6", async () => {
  const second = (x: Tensor): Tensor => grad(cube)(x).sum();
  const third = grad((x) => grad(second)(x).sum());
  equal(await third(tensor([1, -2, 0])).toList(), [6, 6, 6]);
});

onEachEngine("valueAndGrad() gives both", async () => {
  const [value, gradient] = valueAndGrad(cube)(tensor([1, 2]));
  strictEqual(await value.item(), 9);
  equal(await gradient.toList(), [3, 12]);
});

onEachEngine("vjp() weighs the rows of the Jacobian", async () => {
  const m = tensor([[1, 2], [3, 4], [5, 6]]);
  const [value, product] = vjp((x) => m.matmul(x), tensor([1, 1]), tensor([1, 0, -1]));
  equal(await value.toList(), [3, 7, 11]);
  equal(await product.toList(), [-4, -4]);
});

onEachEngine("hvp() multiplies the Hessian of a quadratic form, and gives zeros for a linear one", async () => {
  const m = tensor([[2, 1], [1, 4]]);
  const quadratic = (x: Tensor): Tensor => x.mul(m.matmul(x)).sum().mul(0.5);
  equal(await hvp(quadratic, tensor([5, -3]), tensor([1, 2])).toList(), [4, 9]);
  equal(await hvp((x) => x.mul(tensor([3, 4])).sum(), tensor([1, 1]), tensor([1, 2])).toList(), [0, 0]);
});

onEachEngine("hvp() refuses a vector of another shape", () => {
  const square = (x: Tensor): Tensor => x.square().sum();
  throws(() => hvp(square, tensor([1, 2, 3]), tensor([1])), (e) => {
    ok(e instanceof PlumblineError);
    strictEqual(e.code, "G302");
    return e.message.includes("hvp() needs a vector like its argument float32 [3]; it was given float32 [1]");
  });
});

onEachEngine("gradcheck() hands indices on as they are", async () => {
  const index = tensor([2, 0], { dtype: "int32" });
  ok(await gradcheck((x, i) => x.take(i, 0).square().sum(), [tensor([1, 2, 3]), index]) < 1e-2);
});

onEachEngine("hvp() of an MLP is symmetric: u H v = v H u", async () => {
  const [x, w2] = [randomTensor(5, 3), randomTensor(4, 2)];
  const loss = (w: Tensor): Tensor => x.matmul(w.reshape(3, 4)).tanh().matmul(w2).square().mean();
  const [w, u, v] = [randomTensor(12), randomTensor(12), randomTensor(12)];
  const left = hvp(loss, w, v).mul(u).sum();
  const right = hvp(loss, w, u).mul(v).sum();
  await checkClose(left, right, "u H v");
});

onEachEngine("backward() adds to the gradients of parameters, call by call", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  w.square().sum().backward();
  equal(await w.grad!.toList(), [2, 4]);
  w.mul(10).sum().backward();
  equal(await w.grad!.toList(), [12, 14]);
});

onEachEngine("backward() leaves parameters that the loss does not reach without gradient", async () => {
  const [used, unused] = [new Parameter(tensor([1, 2]), "used"), new Parameter(tensor([3]), "unused")];
  used.sum().backward();
  equal(await used.grad!.toList(), [1, 1]);
  strictEqual(unused.grad, null);
});

onEachEngine("a parameter used twice gets the sum of both gradients", async () => {
  const w = new Parameter(tensor([[1, 2], [3, 4]]), "w");
  w.matmul(w).sum().backward();
  equal(await w.grad!.toList(), [[7, 11], [9, 13]]);
});

onEachEngine("stopGradient() stops one path and leaves the other", async () => {
  const w = new Parameter(tensor([3]), "w");
  w.mul(stopGradient(w, "a test")).sum().backward();
  equal(await w.grad!.toList(), [3]);
});

onEachEngine("gradcheck() accepts a right gradient and names the entry of a wrong one", async () => {
  const largest = await gradcheck((x, y) => x.mul(y).tanh().sum(), [tensor([0.3, -0.2]), tensor([0.5, 1])]);
  ok(largest < 1e-3);
  const wrong = (x: Tensor): Tensor => x.mul(stopGradient(x, "to be wrong")).sum();
  await rejects(() => gradcheck(wrong, [tensor([0, 2])]), (e) => {
    return e instanceof PlumblineError && e.code === "G109" && /entry 1 of input 0/.test(e.message);
  });
});

function step(w: Tensor): (h: Tensor, x: Tensor) => readonly [Tensor, Tensor] {
  return (h, x) => {
    const next = h.matmul(w).add(x).tanh();
    return [next, next.square()];
  };
}

function unrolled(w: Tensor, init: Tensor, xs: Tensor, reverse: boolean): [Tensor, Tensor] {
  let h = init;
  const ys: Tensor[] = [];
  const order = Array.from({ length: xs.shape[0]! }, (_, t) => reverse ? xs.shape[0]! - 1 - t : t);
  for (const t of order) {
    const [next, y] = step(w)(h, xs.select(0, t));
    h = next;
    ys[t] = y;
  }
  return [h, stack(ys)];
}

for (const reverse of [false, true]) {
  for (const length of [1, 2, 5]) {
    const name = `scan() of ${length} steps${reverse ? " in reverse" : ""}`;
    onEachEngine(`${name} agrees with the loop written out, in values, gradients and second derivatives`, async () => {
      const [w, init, xs] = [randomTensor(3, 3), randomTensor(2, 3), randomTensor(length, 2, 3)];
      const loss = ([h, ys]: [Tensor, Tensor]): Tensor => h.sum().add(ys.sin().sum());
      const scanned = (v: Tensor): Tensor => loss(scan(step(v), init, xs, { reverse }));
      const written = (v: Tensor): Tensor => loss(unrolled(v, init, xs, reverse));
      await checkClose(scanned(w), written(w), "value");
      await checkClose(grad(scanned)(w), grad(written)(w), "gradient of a captured weight");
      const direction = randomTensor(3, 3);
      await checkClose(hvp(scanned, w, direction), hvp(written, w, direction), "Hessian product", 5e-5);
      const both = [scan(step(w), init, xs, { reverse }), unrolled(w, init, xs, reverse)] as const;
      const [a, b] = both.map((result) => gradients(loss(result), [init, xs]));
      await checkClose(a![0]!, b![0]!, "gradient of the first carry");
      await checkClose(a![1]!, b![1]!, "gradient of the xs");
    });
  }
}

onEachEngine("scan() of no steps gives its first carry, with gradient 1", async () => {
  const init = new Parameter(tensor([1, 2]), "init");
  const [last, ys] = scan((h, x) => [h.add(x), h], init as Tensor, zeros([0, 2]));
  equal(ys.shape, [0, 2]);
  equal(await last.toList(), [1, 2]);
  equal(await gradients(last.sum(), [init])[0]!.toList(), [1, 1]);
});

onEachEngine("scan() resets its carry where a mask says so, and no gradient crosses the reset", async () => {
  const xs = tensor([1, 2, 3, 4]);
  const done = tensor([false, true, false, false]);
  const [total, running] = scan(
    (sum, x: { value: Tensor; done: Tensor }) => {
      const next = sum.add(x.value);
      return [where(x.done, 0, next), next];
    },
    zeros([]) as Tensor,
    { value: xs, done },
  );
  equal(await running.toList(), [1, 3, 3, 7]);
  strictEqual(await total.item(), 7);
  equal(await gradients(total, [xs])[0]!.toList(), [0, 0, 1, 1]);
});

onEachEngine("checkpoint() has the values, gradients and second derivatives of the plain function", async () => {
  const w = randomTensor(3, 3);
  const plain = (x: Tensor): Tensor => x.matmul(w).tanh().matmul(w).sin();
  const saved = checkpoint(plain);
  const x = randomTensor(2, 3);
  const [a, b] = [(v: Tensor) => plain(v).sum(), (v: Tensor) => saved(v).sum()] as const;
  await checkClose(b(x), a(x), "value");
  await checkClose(grad(b)(x), grad(a)(x), "gradient");
  const direction = randomTensor(2, 3);
  await checkClose(hvp(b, x, direction), hvp(a, x, direction), "Hessian product");
  const [gw, expected] = [saved, plain].map((f) => gradients(f(x).sum(), [w])[0]!);
  await checkClose(gw!, expected!, "gradient of a captured weight");
});

onEachEngine("gradients inside a compiled function are those outside, over several steps", async () => {
  const w = new Variable(tensor([[0.5, -0.2], [0.1, 0.3]]), "w");
  const loss = (v: Tensor): Tensor => v.matmul(v).tanh().sum();
  const compiled = compile(() => {
    const [value, gradient] = valueAndGrad(loss)(w);
    w.assign(w.sub(gradient.mul(0.1)));
    return { value, curvature: hvp(loss, w, gradient) };
  }, { state: w });
  let expected = tensor([[0.5, -0.2], [0.1, 0.3]]);
  for (let i = 0; i < 5; i++) {
    const [value, gradient] = valueAndGrad(loss)(expected);
    const next = expected.sub(gradient.mul(0.1));
    const found = await compiled();
    await checkClose(found.value, value, `value ${i}`);
    await checkClose(found.curvature, hvp(loss, next, gradient), `curvature ${i}`);
    await checkClose(w, next, `w after step ${i}`);
    expected = tensor(Float32Array.from(await next.data()), { shape: [2, 2] });
  }
});

Deno.test("gradients() names what is not reached, or gives zeros when asked", () => {
  const [x, y] = [tensor([1, 2]), tensor([3])];
  throws(() => gradients(x.sum(), [y]), (e) => e instanceof PlumblineError && e.code === "G101");
  throws(
    () => gradients(x.floor().sum(), [x]),
    (e) => e instanceof PlumblineError && /pass no gradient/.test(e.message),
  );
  strictEqual(gradients(x.sum(), [y], { allowUnused: true })[0]!.shape[0], 1);
});

Deno.test("a loss that is not a float32 scalar is refused with its shape", () => {
  const w = new Parameter(tensor([1, 2]), "w");
  for (const f of [() => w.square().backward(), () => gradients(w.square(), [w]), () => grad((x) => x.square())(w)]) {
    throws(f, (e) => e instanceof PlumblineError && e.code === "G305" && /float32 \[2\]/.test(e.message));
  }
  throws(() => w.argmax(0).backward(), (e) => e instanceof PlumblineError && e.code === "G305");
});

Deno.test("a loss that reaches no parameter is refused", () => {
  throws(() => tensor([1, 2]).sum().backward(), (e) => e instanceof PlumblineError && e.code === "G101");
  const w = new Parameter(tensor([1, 2]), "w");
  throws(() => w.detach("a test").sum().backward(), (e) => e instanceof PlumblineError && e.code === "G101");
});
