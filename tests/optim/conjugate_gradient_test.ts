/** Conjugate gradients and Hessians of groups, against matrices that are written out. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import {
  compile,
  conjugateGradient,
  FlatVector,
  HostRandom,
  MLP,
  Normal,
  ones,
  ParameterGroup,
  PlumblineError,
  tensor,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

const size = 6;

/** A symmetric matrix with eigenvalues of at least 1. */
function definite(random: HostRandom) {
  const a = tensor(random.uniform(size * size, -1, 1), { shape: [size, size] });
  return a.matmul(a.transpose()).add(
    tensor(Array.from({ length: size }, (_, i) => [...Array(size)].map((_, j) => +(i === j)))),
  );
}

function closeTo(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  equal(found.length, expected.length);
  const worst = Math.max(...Array.from(found, (x, i) => Math.abs(x - expected[i]!)));
  ok(worst <= tolerance, `off by ${worst}: ${found} against ${expected}`);
}

onEachEngine("conjugateGradient() solves a system in as many steps as it has unknowns", async () => {
  const random = new HostRandom(3);
  const matrix = definite(random);
  const x = tensor(random.uniform(size, -2, 2));
  const b = new FlatVector("w", matrix.matmul(x));
  const found = conjugateGradient((v) => new FlatVector("w", matrix.matmul(v.tensor)), b, { iterations: size });
  equal(found.group, "w");
  closeTo(await found.tensor.data(), await x.data(), 1e-4);
});

onEachEngine("more iterations than are needed, and a right side of zeros, change nothing and give no NaN", async () => {
  const random = new HostRandom(4);
  const matrix = definite(random);
  const product = (v: FlatVector) => new FlatVector("w", matrix.matmul(v.tensor));
  const x = tensor(random.uniform(size, -2, 2));
  const solve = compile((b) => conjugateGradient(product, new FlatVector("w", b), { iterations: 40 }).tensor);
  closeTo(await (await solve(matrix.matmul(x))).data(), await x.data(), 1e-4);
  closeTo(await (await solve(zeros([size]))).data(), new Float32Array(size), 0);
});

Deno.test("hessian() of a group is the matrix of second derivatives", async () => {
  const random = new HostRandom(5);
  const net = new MLP([2, 3, 1], random);
  const group = new ParameterGroup("net", net.parameters());
  const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });
  const slopeAt = async (shift: Float32Array) => {
    const before = group.values();
    group.assign(before.add(new FlatVector("net", tensor(shift))));
    const slope = await group.gradient(net.forward(x).square().mean()).tensor.data();
    group.assign(before);
    return slope;
  };
  const hessian = group.hessian(net.forward(x).square().mean());
  const step = 1e-2;
  for (const i of [0, 4, 9, group.size - 1]) {
    const unit = (by: number) => Float32Array.from({ length: group.size }, (_, k) => k === i ? by : 0);
    const column = await hessian(new FlatVector("net", tensor(unit(1)))).tensor.data();
    const [up, down] = [await slopeAt(unit(step)), await slopeAt(unit(-step))];
    closeTo(column, Array.from(up, (v, k) => (v - down[k]!) / (2 * step)), 2e-3);
  }
});

onEachEngine(
  "the Hessian of a policy's KL to itself is Fisher's matrix, also inside of the solver's loop",
  async () => {
    const random = new HostRandom(6);
    const policy = new MLP([3, 4, 2], random);
    const group = new ParameterGroup("policy", policy.parameters());
    const x = tensor(random.uniform(30, -1, 1), { shape: [10, 3] });
    const distribution = () => new Normal(policy.forward(x), ones([10, 2]));
    const solve = compile((b) => {
      const now = distribution();
      const old = new Normal(now.loc.detach("the policy before the step"), ones([10, 2]));
      const fisher = group.hessian(old.kl(now).sum(1).mean());
      const damped = (v: FlatVector<"policy">) => fisher(v).add(v.mul(0.1));
      const x = conjugateGradient(damped, new FlatVector("policy", b), { iterations: 30 });
      return [x.tensor, damped(x).tensor] as const;
    }, { state: group });
    const b = tensor(random.uniform(group.size, -1, 1));
    const [solution, image] = await solve(b);
    ok(Number(await solution.norm().item()) > 1);
    closeTo(await image.data(), await b.data(), 2e-3);
  },
);

Deno.test("a KL divergence that is not reduced is refused, with its axes and both reductions", () => {
  const policy = new MLP([3, 4, 2], new HostRandom(7));
  const group = new ParameterGroup("policy", policy.parameters());
  const now = new Normal(policy.forward(ones([5, 3])), ones([5, 2]));
  const kl = new Normal(now.loc.detach("the policy before the step"), now.scale).kl(now).named("state", "action");
  throws(() => group.hessian(kl), (error) => {
    ok(error instanceof PlumblineError && error.code === "G305", String(error));
    return /`state` \(5\), `action` \(2\)/.test(error.message) && /loss\.mean\(.*loss\.sum\(/.test(error.message);
  });
});
