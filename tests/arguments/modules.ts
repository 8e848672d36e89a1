/** The calls of modules, distributions, optimisers, audits and of compiled functions. */

import * as p from "../../mod.ts";
import {
  aFunction,
  anObject,
  aNumber,
  aShape,
  aTensor,
  type Call,
  calls,
  fresh,
  makes,
  many,
  maybe,
  method,
  options,
  own,
  tensorOrNumber,
  truth,
  words,
} from "./parameters.ts";

const random = new p.HostRandom(0);
const key = p.randomKey(0);
const x = p.tensor([[1, 2, 3], [4, 5, 6]]);
const row = p.tensor([1, 2]);
const w = new p.Parameter(p.tensor([1, 2]), "w");

const aRandom = own(random, null, 0, { seed: 0 }, Math.random, key);
const aKey = own(key, null, 0, 3n, [0, 0], x, random);
const aCount = own(3, null, "3", 0, -1, 2.5, NaN, true, [3], {}, x);
const aScale = own(0.5, null, "1", [1], {}, true, x, 3n);
const sizes = own([3, 2], null, 3, "3, 2", [3], [3, 0], [3, 2.5], ["3", 2], {}, x);
const bias = [{ bias: false }, { biasInit: 0 }, { weightInit: "zeros" }, { weight_init: null }];

const linear = new p.Linear(3, 2, random);
const layerNorm = new p.LayerNorm(3);
const mlp = new p.MLP([3, 2], random);
const stacked = new p.StackedMLP(2, [3, 2], random);
const lstm = new p.LSTM(3, 2, random);
const gru = new p.GRU(3, 2, random);
const net = new p.RecurrentMLP("lstm", [3, 4, 2], random);

/** A recurrent network of one's own: what it remembers is the sum. */
class Sum extends p.Recurrent<p.Tensor> {
  override initialState(...leading: number[]): p.Tensor {
    return p.zeros([...leading, 3]);
  }

  override step(x: p.Tensor, state: p.Tensor): readonly [p.Tensor, p.Tensor] {
    const sum = state.add(x);
    return [sum, sum];
  }
}

const recurrent = (of: string, target: object, state: unknown): readonly Call[] => [
  many(method(of, target, "initialState", maybe(own(2, null, "2", 0.5, -1, [2])))),
  method(of, target, "step", aTensor(x), anObject(state, row)),
  method(
    of,
    target,
    "run",
    aTensor(p.zeros([5, 2, 3])),
    maybe(anObject(state)),
    maybe(own(p.zeros([5, 2], { dtype: "bool" }), null, 0, [0])),
  ),
  method(of, target, "forward", aTensor(p.zeros([5, 2, 3]))),
];

const nn: readonly Call[] = [
  makes(p.Linear, aCount, aCount, aRandom, options({ biasInit: null }, ...bias)),
  method("Linear", linear, "forward", aTensor(x)),
  makes(p.LayerNorm, aCount, maybe(aScale)),
  method("LayerNorm", layerNorm, "forward", aTensor(x)),
  makes(
    p.MLP,
    sizes,
    aRandom,
    options({ activation: "relu" }, { activation: "rlu" }, { activation: Math.tanh }, ...bias),
  ),
  method("MLP", mlp, "forward", aTensor(x)),
  makes(p.StackedMLP, aCount, sizes, aRandom, options({ activation: "relu" }, { activation: "rlu" })),
  method("StackedMLP", stacked, "forward", aTensor(p.zeros([5, 2, 3]))),
  ...[p.LSTM, p.GRU].map((of) =>
    makes(of, aCount, aCount, aRandom, options({}, { numLayers: 2 }, { bidirectional: true }, ...bias))
  ),
  makes(
    p.RecurrentMLP,
    own("gru", null, "rnn", 3, ["gru"]),
    own([3, 4, 2], null, 3, [3], [3, "4", 2]),
    aRandom,
    options({}, ...bias),
  ),
  ...recurrent("LSTM", lstm, lstm.initialState(2)),
  ...recurrent("GRU", gru, gru.initialState(2)),
  ...recurrent("RecurrentMLP", net, net.initialState(2)),
  ...recurrent("Recurrent", new Sum(), p.zeros([2, 3])).filter(({ name }) => /run|forward/.test(name)),
  method("Module", mlp, "namedVariables", maybe(words("net"))),
  method("Module", mlp, "namedParameters", maybe(words("net"))),
  ...["parameters", "variables"].map((name) => method("Module", mlp, name)),
  calls("frozen", p.frozen, anObject(mlp)),
  calls("joinsLater", p.joinsLater, anObject(mlp)),
  calls("uniformInit", p.uniformInit, aScale),
  calls("normalInit", p.normalInit, aScale),
  calls("orthogonal", p.orthogonal, maybe(aScale)),
  calls("defaultInit", p.defaultInit, aRandom, aShape([2, 3])),
  ...[p.uniformInit(1), p.normalInit(1), p.orthogonal()].map((init) =>
    calls("an initialiser", init, aRandom, aShape([2, 3]))
  ),
];

const normal = new p.Normal(row, 1);
const squashed = new p.TanhNormal(row, 1);
const categorical = new p.Categorical(x);
const classes = new p.Categorical(row);
const mixture = new p.MixtureSameFamily(classes, normal);
const spread = { scaleTril: p.eye(2) };
const others = {
  Bernoulli: new p.Bernoulli({ logits: row }),
  Uniform: new p.Uniform(row, row.add(1)),
  Beta: new p.Beta(row, row),
  MultivariateNormal: new p.MultivariateNormal(row, spread),
};
const sampleShape = maybe(own([3], null, 3, "3", [-1], [1.5], ["3"], {}, x));
const aLocation = own(row, null, "0", [0], {}, () => 0);

const distributions: readonly Call[] = [
  makes(p.Normal, aLocation, aLocation),
  method("Normal", normal, "logProb", tensorOrNumber(row)),
  ...["rsample", "sample"].map((name) => method("Normal", normal, name, aKey, sampleShape)),
  method("Normal", normal, "kl", anObject(new p.Normal(row, 2), row, squashed)),
  method("Normal", normal, "entropy"),
  makes(p.TanhNormal, aLocation, aLocation, maybe(aScale)),
  method("TanhNormal", squashed, "logProb", tensorOrNumber(row.tanh())),
  method("TanhNormal", squashed, "logProbOfBase", aTensor(row)),
  ...["sampleBase", "rsample", "sample"].map((name) => method("TanhNormal", squashed, name, aKey, sampleShape)),
  method("TanhNormal", squashed, "entropyEstimate", aTensor(row)),
  makes(
    p.Categorical,
    own(
      x,
      null,
      3,
      [1, 2],
      {},
      { probs: [0.5, 0.5] },
      { logits: x, probs: x },
      { probabilities: x },
      x.softmax(-1),
      p.tensor([0.2, 0.8]),
    ),
  ),
  method("Categorical", categorical, "logProb", aTensor(p.tensor([0, 1], { dtype: "int32" }))),
  method("Categorical", categorical, "sample", aKey, sampleShape),
  method("Categorical", categorical, "entropy"),
  method("Categorical", categorical, "kl", own(categorical, null, 3, x, {})),
  makes(p.Bernoulli, own({ probs: row }, null, 3, row, {}, { probs: 0.5 }, { probs: row, logits: row }, { p: row })),
  makes(p.Uniform, aLocation, aLocation),
  makes(p.Beta, aLocation, aLocation),
  makes(
    p.MultivariateNormal,
    aTensor(row),
    own(spread, null, 3, row, {}, { scaleTril: x }, { scaleTril: 2 }, { scale_tril: row }),
  ),
  makes(
    p.MixtureSameFamily,
    own(classes, null, 3, x, {}),
    own(normal, null, 3, x, {}, categorical, new p.Normal(x, 1)),
  ),
  ...Object.entries(others).flatMap(([name, distribution]) => [
    method(name, distribution, "logProb", name === "MultivariateNormal" ? aTensor(row) : tensorOrNumber(row)),
    method(name, distribution, "entropy"),
    method(name, distribution, "sample", aKey, sampleShape),
    method(name, distribution, "kl", own(distribution, null, 3, x, {}, normal)),
  ]),
  method("Uniform", others.Uniform, "rsample", aKey, sampleShape),
  method("MultivariateNormal", others.MultivariateNormal, "rsample", aKey, sampleShape),
  method("MixtureSameFamily", mixture, "logProb", aTensor(row)),
  method("MixtureSameFamily", mixture, "sample", aKey, sampleShape),
  calls(
    "klDivergence",
    p.klDivergence,
    own(normal, null, 3, x, {}, categorical),
    own(normal, null, 3, x, {}, categorical),
  ),
];

const v = new p.Parameter(row, "v");
w.square().sum().add(v.square().sum()).backward();
const sgd = new p.SGD([w], { lr: 0.1 });
const group = new p.ParameterGroup("group", [v]);
const flat = group.values();
const another = (): p.Parameter => new p.Parameter(row);
const parameters = fresh(() => [another()], own(null, null, 3, "w", {}, w, [w.add(1)], [null], [3], new Map()));
const rates = [0.1, { learningRate: 0.1 }, { lr: "0.1" }, { lr: -1 }, { lr: null }, { weightDecay: "0" }];

const optim: readonly Call[] = [
  makes(p.SGD, parameters, options({ lr: 0.1, momentum: 0.9 }, ...rates, { dampening: 0 })),
  makes(
    p.Adam,
    parameters,
    options({ lr: 0.1, betas: [0.9, 0.99] }, ...rates, { betas: 0.9 }, { betas: [0.9] }, { amsgrad: true }),
  ),
  makes(p.AdamW, parameters, options({ lr: 0.1 }, ...rates, { betas: [0.9, "1"] })),
  method("Optimizer", sgd, "setLearningRate", own(0.1, null, "0.1", -1, NaN, { lr: 0.1 }, [0.1], row)),
  method("Optimizer", sgd, "clipGradNorm", own(1, null, "1", -1, NaN, { maxNorm: 1 }, row)),
  ...["step", "zeroGrad", "variables"].map((name) => method("Optimizer", sgd, name)),
  calls("rateLeft", p.rateLeft, own("linear", null, "exponential", 3), aNumber(1), aNumber(2)),
  makes(p.FlatVector, words("group"), aTensor(row)),
  ...["add", "sub", "dot"].map((name) => method("FlatVector", flat, name, anObject(flat, row, [1, 2]))),
  method("FlatVector", flat, "mul", tensorOrNumber(2)),
  method("FlatVector", flat, "norm"),
  makes(p.ParameterGroup, words("group"), parameters),
  method("ParameterGroup", group, "gradient", aTensor(v.square().sum()), maybe(truth(true))),
  method(
    "ParameterGroup",
    group,
    "gaussNewton",
    own([v.mul(2)], null, 3, v.mul(2), [3]),
    aFunction(([y]: readonly p.Tensor[]) => y!.square().sum()),
  ),
  method("ParameterGroup", group, "hessian", aTensor(v.square().sum())),
  method("ParameterGroup", group, "assign", anObject(flat, row, [1, 2])),
  ...["values", "grads", "variables"].map((name) => method("ParameterGroup", group, name)),
  calls(
    "conjugateGradient",
    p.conjugateGradient,
    aFunction((y: p.FlatVector) => y),
    anObject(flat, row),
    options({ iterations: 2 }, 2, { iterations: 0.5 }, { iterations: "2" }, { maxIterations: 2 }, { tolerance: null }),
  ),
];

const metric = p.metric("loss", { reduction: "mean" });
const reduction = anObject({ reduction: "mean" }, "mean", { reduction: "avg" }, { over: 0 }, {
  reduction: "mean",
  over: 0.5,
});
const buffer = new p.RolloutBuffer();
const rule = (_: p.Tensor, [y]: readonly p.Tensor[]): p.Tensor[] => [y!];
const double = p.boundary("double", (y: p.Tensor) => Promise.resolve(y), { vjp: rule } as never);
const report = await p.audit(() => w.square().sum(), [w]);

const audits: readonly Call[] = [
  calls("audit", p.audit, own(() => w.sum(), null, 3, "x", [w], {}), maybe(own([w], null, 3, "w", [3], {}))),
  calls(
    "gradientOverTime",
    p.gradientOverTime,
    aTensor(x.sum()),
    own(x, null, 3, "x", {}, [1]),
    options({ bound: 10 }, { bound: "10" }, { limit: 10 }, { bound: 1 }),
  ),
  calls("auditUpdate", p.auditUpdate, own(() => {}, null, 3, "x", [w], {}), own([w], null, 3, "w", [3], {})),
  method("AuditReport", report, "of", words("w")),
  ...["assert", "toHtml", "toSvg"].map((name) => method("AuditReport", report, name)),
  makes(p.Metric, words("loss"), reduction),
  calls("metric", p.metric, words("loss"), reduction),
  method("Metric", metric, "read", aTensor(x.mean())),
  method("Metric", metric, "check", aTensor(x.mean())),
  calls(
    "boundary",
    p.boundary,
    words("physics"),
    aFunction((y: p.Tensor) => Promise.resolve(y)),
    anObject({ vjp: rule }, () => [], { gradient: () => [] }, { vjp: null }, { vjp: rule, jvp: rule }),
  ),
  many(calls("a boundary", double, aTensor(row))),
  calls("locateNonFinite", p.locateNonFinite, own(x, null, 3, "x", [1], { a: 1 }, new Map())),
  makes(p.RolloutBuffer, options({ keepGraphs: true }, { keepGraph: true }, { keepGraphs: 1 }, 100)),
  method("RolloutBuffer", buffer, "add", anObject({ x }, x, [x], { x: 1 }, { x: [1, 2] }, { x: null })),
  ...["stack", "clear"].map((name) => method("RolloutBuffer", buffer, name)),
  calls("explain", p.explain, words("G301")),
  calls("checkNumerics", p.checkNumerics, truth(false)),
  calls("onWarning", p.onWarning, aFunction(() => {})),
  calls("useDevice", p.useDevice, own("cpu", null, "cuda", 3, {}), maybe(own(null, 3, {}, "gpu"))),
  calls("deviceNotice", p.deviceNotice),
  calls("liveBytes", p.liveBytes),
  calls("countLiveBytes", p.countLiveBytes, words("a heap"), aFunction(() => 0)),
  calls("probeAdapters", p.probeAdapters, maybe(own(1, null, "1", {})), maybe(own(["true"], null, "true", [1]))),
  calls(
    "exportOnnx",
    p.exportOnnx,
    aFunction((y: p.Tensor) => ({ z: y.add(1) })),
    anObject({ y: row }, row, [row], { y: 1 }, { y: null }),
    options({ dynamicAxes: { y: { 0: "batch" } } }, { dynamicAxes: { y: 0 } }, { dynamicAxes: { z: { 0: "batch" } } }),
  ),
];

export const modules: readonly Call[] = [...nn, ...distributions, ...optim, ...audits];
