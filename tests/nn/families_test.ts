/** Distributions: samples have the moments and the shape that they should, on both engines; what does not fit is refused. */

import { deepStrictEqual as equal, ok, throws } from "node:assert/strict";
import {
  Bernoulli,
  Beta,
  Categorical,
  compile,
  eye,
  gradients,
  klDivergence,
  MixtureSameFamily,
  MultivariateNormal,
  Normal,
  PlumblineError,
  randomKey,
  type Tensor,
  tensor,
  Uniform,
  zeros,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";
import { checkNumbers } from "../fixtures/pytorch.ts";

const scaleTril = tensor([[1, 0], [0.8, 0.5]]);
const two = new Categorical({ probs: tensor([0.3, 0.7]) });
const families = {
  Normal: new Normal(tensor([1, -2]), tensor([0.5, 2])),
  Bernoulli: new Bernoulli({ probs: tensor([0.2, 0.9]) }),
  Uniform: new Uniform(tensor([0, -1]), tensor([1, 3])),
  Beta: new Beta(tensor([0.4, 2, 30]), tensor([0.7, 5, 20])),
  MultivariateNormal: new MultivariateNormal(tensor([1, 2]), { scaleTril }),
  MixtureSameFamily: new MixtureSameFamily(two, new Normal(tensor([-2, 1]), tensor([0.3, 1]))),
  "MixtureSameFamily of vectors": new MixtureSameFamily(two, new MultivariateNormal(eye(2).mul(3), { scaleTril })),
};

const draws = 20_000;

onEngine("cpu", "samples have the mean, the variance and the shape of their distribution", async () => {
  for (const [name, family] of Object.entries(families)) {
    const x = family.sample(randomKey(7), [draws]);
    equal(x.shape, [draws, ...family.mean.shape], name);
    const [mean, variance, deviation] = [family.mean, family.variance, family.stddev];
    const [wanted, spread, root] = await Promise.all([mean.data(), variance.data(), deviation.data()]);
    const [found, around] = await Promise.all([x.mean(0).data(), x.variance(0).data()]);
    for (const [i, m] of wanted.entries()) {
      ok(Math.abs(found[i]! - m) < 5 * root[i]! / Math.sqrt(draws), `${name}: a mean of ${found[i]} for ${m}`);
      ok(Math.abs(around[i]! / spread[i]! - 1) < 0.06, `${name}: a variance of ${around[i]} for ${spread[i]}`);
    }
  }
});

onEngine(
  "cpu",
  "the entries of vectors vary together as their covariance says, which may be given itself",
  async () => {
    const covarianceMatrix = scaleTril.matmul(scaleTril.transpose());
    const family = new MultivariateNormal(zeros([2]), { covarianceMatrix });
    checkNumbers(await family.scaleTril.data(), [...await scaleTril.data()], 1e-6, "the factor");
    const x = family.rsample(randomKey(1), [draws]);
    const found = x.transpose().matmul(x).div(draws);
    checkNumbers(await found.data(), [...await covarianceMatrix.data()], 0.03, "the covariance");
  },
);

onEngine(
  "cpu",
  "shares of small and of large concentrations lie where the incomplete beta function of SciPy says",
  async () => {
    // scipy.stats.beta.cdf(x, a, b).
    const cases = [
      { a: 0.4, b: 0.7, x: 0.1, below: 0.33178 },
      { a: 2, b: 5, x: 0.25, below: 0.46606 },
      { a: 30, b: 20, x: 0.6, below: 0.4923 },
    ];
    for (const { a, b, x, below } of cases) {
      const share = new Beta(a, b).sample(randomKey(3), [draws]).less(x).float().mean();
      const found = Number(await share.item());
      ok(Math.abs(found - below) < 0.015, `${found} for ${below} of Beta(${a}, ${b}) below ${x}`);
    }
  },
);

/** The shares that the other engine draws. */
const expectedShares = [
  0.066633113,
  0.096721932,
  0.57480234,
  0.67773038,
  0.3840425,
  0.56543618,
  0.93928689,
  0.4161689,
  0.49038085,
];

onEachEngine("samples are drawn in a compiled function, and gradients flow through rsample() alone", async () => {
  const family = families.MultivariateNormal;
  const step = (loc: Tensor): Tensor[] => {
    const x = new MultivariateNormal(loc, { scaleTril }).rsample(randomKey(2), [3]);
    return [x, ...gradients(x.square().sum(), [loc]), families.Beta.sample(randomKey(4), [3])];
  };
  const [x, slope, shares] = await compile(step)(family.loc);
  const [plain] = step(family.loc);
  checkNumbers(await shares!.data(), expectedShares, 1e-5, "shares");
  checkNumbers(await x!.data(), [...await plain!.data()], 1e-5, "samples");
  checkNumbers(await slope!.data(), [...await x!.sum(0).mul(2).data()], 1e-5, "gradient");
  const loc = family.loc;
  throws(() => gradients(new MultivariateNormal(loc, { scaleTril }).sample(randomKey(0)).sum(), [loc]), {
    code: "G101",
  });
});

Deno.test("samples of a Categorical have the shape in front", async () => {
  const x = new Categorical(zeros([2, 5])).sample(randomKey(0), [3, 4]);
  equal([x.shape, x.dtype], [[3, 4, 2], "int32"]);
  ok((await x.data()).every((i) => i >= 0 && i < 5));
});

Deno.test("each of many samples of a Categorical has its log-probability, and each choice that of a class for all", async () => {
  const choices = new Categorical(tensor([[0, 1, 2], [3, 1, 0]]));
  const drawn = choices.sample(randomKey(0), [3, 4]);
  const all = choices.logProbs.expand(3, 4, 2, 3).takeAlongAxis(drawn.unsqueeze(-1), -1).squeeze(-1);
  equal(await choices.logProb(drawn).toList(), await all.toList());
  const first = tensor([0], { dtype: "int32" });
  equal(await choices.logProb(first).toList(), await choices.logProbs.select(1, 0).toList());
  equal(choices.logProb(tensor([[0], [1], [2]], { dtype: "int32" })).shape, [3, 2]);
});

Deno.test("shapes that do not fit are refused in sentences", () => {
  const message = (fn: () => unknown): string => {
    try {
      fn();
    } catch (error) {
      if (error instanceof PlumblineError) return `${error.code} ${error.parts.message}`;
    }
    return "no error";
  };
  equal([
    message(() => new MultivariateNormal(zeros([3]), { scaleTril })),
    message(() => new MixtureSameFamily(two, new Normal(zeros([3]), 1))),
    message(() => klDivergence<never>(families.Normal as never, families.Beta as never)),
  ], [
    "G301 a MultivariateNormal takes loc [.., n] and a spread [.., n, n], not float32 [3] and float32 [2, 2].",
    "G301 a MixtureSameFamily chooses among classes [2], and has distributions [3]: they differ.",
    "G310 kl() takes another Normal as `other`, not a Beta.",
  ]);
});
