/** The calls of modules, distributions, optimisers, audits and of compiled functions. */

import * as p from "../../mod.ts";
import {
  aFunction,
  anAxis,
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
  type Parameter,
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
  method(of, target, "step", aTensor(x), anObject(state, row, { ...Object(state), cell: 3, hidden: {} })),
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

const symbols = p.tensor([[0, 1, 2]], { dtype: "int32" });
const classes = p.tensor([0, 2], { dtype: "int32" });
const states = p.zeros([2, 3, 4]);
const aShare = own(0.5, null, "0.5", -0.1, 1.5, NaN, [0.5], {}, x);
const aState = (of: { stateDict(): object }): Parameter =>
  own(of.stateDict(), null, 3, "net", [x], x, { weight: 3 }, { strange: x }, new Map());
const plain = [p.Identity, p.ReLU, p.Tanh, p.Sigmoid, p.SiLU, p.Softplus];
const reductions = [{ reduction: "avg" }, { reduction: 1 }, { reduction: null }, { size_average: true }];
const masks = options(
  { isCausal: true },
  { isCausal: 1 },
  { attnMask: [[true]] },
  { keyPaddingMask: x },
  { need_weights: true },
);
const multihead = new p.MultiheadAttention(4, 2, random, { batchFirst: true });
const block = new p.TransformerBlock(4, 2, random);

const modulesOf = (of: new (...args: never[]) => p.Module, target: p.Module): Call =>
  method(of.name, target, "forward", aTensor(x));

const transformer: readonly Call[] = [
  ...plain.flatMap((of) => [makes(of), modulesOf(of, new of())]),
  makes(p.GELU, maybe(own("tanh", null, "fast", 3, ["tanh"]))),
  modulesOf(p.GELU, new p.GELU()),
  makes(p.ELU, maybe(aScale)),
  modulesOf(p.ELU, new p.ELU()),
  makes(p.LeakyReLU, maybe(aScale)),
  modulesOf(p.LeakyReLU, new p.LeakyReLU()),
  makes(p.Softmax, anAxis(-1)),
  modulesOf(p.Softmax, new p.Softmax(-1)),
  makes(p.LogSoftmax, anAxis(-1)),
  modulesOf(p.LogSoftmax, new p.LogSoftmax(-1)),
  makes(p.Flatten, maybe(anAxis(0)), maybe(anAxis(-1))),
  modulesOf(p.Flatten, new p.Flatten(0)),
  many(makes(p.Sequential, maybe(own(new p.ReLU(), null, 3, [new p.ReLU()], x, {}, () => x)))),
  modulesOf(p.Sequential, new p.Sequential(new p.ReLU())),
  makes(p.Dropout, aShare, aRandom),
  modulesOf(p.Dropout, new p.Dropout(0.5, random)),
  calls("dropout", p.dropout, aTensor(x), aShare, aKey),
  makes(
    p.Embedding,
    aCount,
    aCount,
    aRandom,
    options({ paddingIdx: 0 }, { paddingIdx: 3 }, { paddingIdx: 0.5 }, ...bias),
  ),
  method("Embedding", new p.Embedding(3, 2, random), "forward", own(symbols, null, 3, [1, 2], x)),
  makes(p.RMSNorm, aCount, maybe(aScale)),
  modulesOf(p.RMSNorm, new p.RMSNorm(3)),
  calls(
    "scaledDotProductAttention",
    p.scaledDotProductAttention,
    aTensor(states),
    aTensor(states),
    aTensor(states),
    options({ isCausal: true }, { isCausal: 1 }, { attnMask: 3 }, { dropoutP: 0.5 }, { dropoutP: 2 }, { scale: "1" }),
  ),
  makes(
    p.MultiheadAttention,
    own(4, null, "4", 0, 5),
    own(2, null, "2", 0, 3),
    aRandom,
    options(
      { dropout: 0.1 },
      { dropout: 2 },
      { bias: null },
      { kdim: 0 },
      { vdim: "3" },
      { batch_first: true },
      { addZeroAttn: true },
      { rotary: true },
    ),
  ),
  method(
    "MultiheadAttention",
    multihead,
    "forward",
    aTensor(states),
    maybe(aTensor(states)),
    maybe(aTensor(states)),
    options({ needWeights: true }, { needWeights: 1 }, { averageAttnWeights: "no" }, { isCausal: 1 }, {
      attnMask: [[1]],
    }),
  ),
  makes(
    p.TransformerBlock,
    own(4, null, "4", 0, 5),
    own(2, null, "2", 0, 3),
    aRandom,
    options({ dropout: 0.1 }, { dropout: 2 }, { activation: "glu" }, { norm: "batch" }, { layerNormEps: "0" }),
  ),
  method("TransformerBlock", block, "forward", aTensor(states), masks),
  calls("rotaryPositions", p.rotaryPositions, aTensor(states), options({ base: 100 }, { base: "100" }, { offset: -1 })),
  calls(
    "sinusoidalPositions",
    p.sinusoidalPositions,
    own(3, null, "3", 0, -1, 2.5, NaN, true, [3], {}, x, 2 ** 53, 1e308),
    aCount,
    options({ base: 100 }, { base: "100" }),
  ),
];

const image = p.zeros([2, 2, 4, 4]);
const sequence = p.zeros([2, 2, 5]);
const filters = p.zeros([3, 2, 2, 2]);
const aSize = own(2, null, "2", 0, -1, 1.5, [2], [2, 0], {}, x);
const aLength = own(2, null, "2", 0, -1, 1.5, [2, 2], {}, x);
const anOutputSize = own(2, "2", 0, -1, 1.5, [2], [2, 0], {}, x);
/** What a layer may be told before it is known how large its images are. */
const aFittingSize = { ...anOutputSize, wrong: [...anOutputSize.wrong, 2 ** 53, [2, 1e9]] };
const convolutionOptions = options(
  { padding: 1 },
  { padding: -1 },
  { padding: "full" },
  { stride: 0 },
  { stride: "2" },
  { dilation: 0.5 },
  { groups: 5 },
);
const poolOptions = options({ stride: 1 }, { stride: 0 }, { padding: 2 }, { padding: "1" }, { ceilMode: true });
const ofImages = (of: string, target: p.Module, right = image): Call =>
  method(of, target, "forward", own(right, null, 3, x, p.zeros([1, 1, 1, 1, 1])));

const convolutions: readonly Call[] = [
  calls(
    "conv2d",
    p.conv2d,
    own(image, null, 3, x),
    own(filters, null, 3, x),
    maybe(own(p.zeros([3]), 3, x, row)),
    convolutionOptions,
  ),
  calls(
    "conv1d",
    p.conv1d,
    own(sequence, null, 3, x),
    own(p.zeros([3, 2, 2]), null, 3, x, filters),
    maybe(own(p.zeros([3]), 3, x, row)),
    convolutionOptions,
  ),
  makes(p.Conv2d, aCount, aCount, aSize, aRandom, options({ padding: 1 }, { padding: -1 }, { groups: 2 }, ...bias)),
  ofImages("Conv2d", new p.Conv2d(2, 3, 2, random)),
  makes(p.Conv1d, aCount, aCount, aLength, aRandom, options({ padding: 1 }, { padding: [1] }, { groups: 2 }, ...bias)),
  ofImages("Conv1d", new p.Conv1d(2, 3, 2, random), sequence),
  calls("maxPool2d", p.maxPool2d, own(image, null, 3, x), aSize, poolOptions),
  calls("avgPool2d", p.avgPool2d, own(image, null, 3, x), aSize, poolOptions),
  ...[p.MaxPool2d, p.AvgPool2d].flatMap((of) => [
    makes(of, aSize, options({ stride: 1 }, { stride: 0 }, { padding: "1" }, { ceilMode: true })),
    ofImages(of.name, new of(2)),
  ]),
  ...[p.MaxPool1d, p.AvgPool1d].flatMap((of) => [
    makes(of, aLength, options({ stride: 1 }, { stride: 0 }, { padding: "1" }, { ceilMode: true })),
    ofImages(of.name, new of(2), sequence),
  ]),
  calls("adaptiveAvgPool2d", p.adaptiveAvgPool2d, own(image, null, 3, x), aFittingSize),
  calls("adaptiveMaxPool2d", p.adaptiveMaxPool2d, own(image, null, 3, x), aFittingSize),
  ...[p.AdaptiveAvgPool2d, p.AdaptiveMaxPool2d].flatMap((of) => [
    makes(of, anOutputSize),
    ofImages(of.name, new of(2)),
  ]),
  ...[p.AdaptiveAvgPool1d, p.AdaptiveMaxPool1d].flatMap((of) => [
    makes(of, aLength),
    ofImages(of.name, new of(2), sequence),
  ]),
  makes(p.GroupNorm, own(2, null, "2", 0, 3), own(4, null, "4", 0, 5), maybe(aScale)),
  ofImages("GroupNorm", new p.GroupNorm(1, 2)),
  makes(p.BatchNorm, aCount, options({ eps: 1e-3 }, { eps: "0" }, { momentum: null }, { affine: false })),
  ofImages("BatchNorm", new p.BatchNorm(2)),
];

const losses: readonly Call[] = [
  calls("mseLoss", p.mseLoss, aTensor(x), aTensor(x), options({ reduction: "sum" }, ...reductions)),
  calls("l1Loss", p.l1Loss, aTensor(x), aTensor(x), options({ reduction: "sum" }, ...reductions)),
  calls(
    "huberLoss",
    p.huberLoss,
    aTensor(x),
    aTensor(x),
    options({ delta: 2 }, { delta: 0 }, { delta: "1" }, ...reductions),
  ),
  calls(
    "binaryCrossEntropyWithLogits",
    p.binaryCrossEntropyWithLogits,
    aTensor(x),
    aTensor(x),
    options({ posWeight: x }, { posWeight: 2 }, { weight: [1] }, { pos_weight: x }, ...reductions),
  ),
  calls("klDiv", p.klDiv, aTensor(x), aTensor(x), options({ reduction: "batchmean" }, { logTarget: 1 }, ...reductions)),
  calls(
    "nllLoss",
    p.nllLoss,
    aTensor(x),
    own(classes, null, 3, [0, 2], x, row),
    options({ ignoreIndex: 2 }, { ignoreIndex: "2" }, { weight: x }, { ignore_index: 2 }, ...reductions),
  ),
  calls(
    "crossEntropy",
    p.crossEntropy,
    aTensor(x),
    own(classes, null, 3, [0, 2], row),
    options({ labelSmoothing: 0.1 }, { labelSmoothing: 2 }, { weight: x }, { label_smoothing: 0.1 }, ...reductions),
  ),
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
  makes(
    p.StackedMLP,
    own(3, null, "3", 0, -1, 2.5, NaN, true, [3], {}, x, 2 ** 53, 1e308),
    sizes,
    aRandom,
    options({ activation: "relu" }, { activation: "rlu" }),
  ),
  method("StackedMLP", stacked, "forward", aTensor(p.zeros([5, 2, 3]))),
  ...[p.LSTM, p.GRU].map((of) =>
    makes(
      of,
      aCount,
      aCount,
      aRandom,
      options(
        { numLayers: 2, biasInit: null },
        { numLayers: 0 },
        { bidirectional: 1 },
        { batchFirst: "yes" },
        { dropout: 1.5 },
        ...bias,
      ),
    )
  ),
  makes(
    p.RecurrentMLP,
    own("gru", null, "rnn", 3, ["gru"]),
    own([3, 4, 2], null, 3, [3], [3, "4", 2]),
    aRandom,
    options({}, { numLayers: 2 }, { bidirectional: true }, ...bias),
  ),
  ...recurrent("LSTM", lstm, lstm.initialState(2)),
  ...recurrent("GRU", gru, gru.initialState(2)),
  ...recurrent("RecurrentMLP", net, net.initialState(2)),
  ...recurrent("Recurrent", new Sum(), p.zeros([2, 3])).filter(({ name }) => /run|forward/.test(name)),
  ...transformer,
  ...convolutions,
  ...losses,
  method("Module", mlp, "namedVariables", maybe(words("net"))),
  method("Module", mlp, "train", maybe(truth(true))),
  method("Module", mlp, "eval"),
  method("Module", mlp, "stateDict", maybe(words("net."))),
  method(
    "Module",
    mlp,
    "loadStateDict",
    aState(mlp),
    options({ strict: true }, { strict: 1 }, { prefix: 3 }, { strict: false, prefix: null }),
  ),
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
const mixed = new p.Categorical(row);
const mixture = new p.MixtureSameFamily(mixed, normal);
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
    own(mixed, null, 3, x, {}),
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
const scheduled = new p.SGD([new p.Parameter(row, "scheduled")], { lr: 0.1 });
const average = new p.ExponentialMovingAverage(new p.Parameter(row, "averaged"));
const group = new p.ParameterGroup("group", [v]);
const flat = group.values();
const another = (): p.Parameter => new p.Parameter(row);
const sums = new p.GradientAccumulator(another());
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
  makes(
    p.RMSprop,
    parameters,
    options({ lr: 0.1, alpha: 0.9 }, ...rates, { alpha: 2 }, { centered: 1 }, { momentum: -1 }, { eps: "0" }),
  ),
  makes(p.ExponentialMovingAverage, own(w, null, 3, "w", {}, row), maybe(own(0.9, null, "0.9", 2, -1, [1]))),
  method("ExponentialMovingAverage", average, "stateDict", maybe(words("ema."))),
  method(
    "ExponentialMovingAverage",
    average,
    "loadStateDict",
    aState(average),
    options({ strict: true }, { strict: 1 }),
  ),
  ...["update", "swap", "variables"].map((name) => method("ExponentialMovingAverage", average, name)),
  makes(p.GradientAccumulator, own(w, null, 3, "w", {}, row)),
  ...["add", "take", "variables"].map((name) => method("GradientAccumulator", sums, name)),
  method("GradientAccumulator", sums, "stateDict", maybe(words("sums."))),
  method("GradientAccumulator", sums, "loadStateDict", aState(sums), options({ strict: true }, { strict: 1 })),
  makes(
    p.LRScheduler,
    own(scheduled, null, 3, "sgd", {}, w),
    own(() => 1, null, 3, "cosine", [3], [() => 1, () => 1], {}, () => NaN),
    maybe(own(2, null, "2", -1, 0.5)),
  ),
  method("LRScheduler", new p.LRScheduler(scheduled, () => 1), "step"),
  calls("warmup", p.warmup, aCount, maybe(own(() => 1, null, 3, "cosine", {}, [() => 1]))),
  calls("cosineAnnealing", p.cosineAnnealing, aCount, maybe(own(0.1, null, "0.1", -1, 2))),
  calls("stepDecay", p.stepDecay, aCount, maybe(aScale)),
  calls(
    "oneCycle",
    p.oneCycle,
    own(10, null, "10", 1, 2.5),
    options({ pctStart: 0.5 }, { pctStart: 2 }, { divFactor: "25" }),
  ),
  method("Optimizer", sgd, "setLearningRate", own(0.1, null, "0.1", -1, NaN, { lr: 0.1 }, [0.1], row)),
  method("Optimizer", sgd, "clipGradNorm", own(1, null, "1", -1, NaN, { maxNorm: 1 }, row)),
  ...["step", "zeroGrad", "variables"].map((name) => method("Optimizer", sgd, name)),
  method("Optimizer", sgd, "stateDict", maybe(words("sgd."))),
  method("Optimizer", sgd, "loadStateDict", aState(sgd), options({ strict: true }, { strict: 1 }, { prefix: 3 })),
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
  calls(
    "probeAdapters",
    p.probeAdapters,
    maybe(own(1, null, "1", {}, 0, -1, NaN, Infinity)),
    maybe(own(["true"], null, "true", [1])),
  ),
  calls(
    "exportOnnx",
    p.exportOnnx,
    aFunction((y: p.Tensor) => ({ z: y.add(1) })),
    anObject({ y: row }, row, [row], { y: 1 }, { y: null }),
    options({ dynamicAxes: { y: { 0: "batch" } } }, { dynamicAxes: { y: 0 } }, { dynamicAxes: { z: { 0: "batch" } } }),
  ),
];

export const modules: readonly Call[] = [...nn, ...distributions, ...optim, ...audits];
