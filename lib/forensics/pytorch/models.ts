/** What PyTorch's layers, optimisers, schedules and distributions are called here, where that is another name. */

import { ofFunctional } from "./functions.ts";
import { onHost, type Sentences } from "./tensors.ts";

const f = (name: string): string => ofFunctional[name]!;
const cell = "new LSTM(from, to, random).step(x, state), and so GRU.";
const transformer = "blocks of one's own: a Module with softmax(), LayerNorm and Linear.";
const initial = "an option of the layer, a function of (random, shape):";
const adaptive = "new AdamW(parameters, { lr }), or a class of one's own that extends Optimizer.";
const byHand = "optimizer.setLearningRate(lr) before each step.";
const schedule = "rateLeft(schedule, step, steps) times the learning rate, by optimizer.setLearningRate(lr).";
const positive = "new Normal(loc, scale).rsample(key), through a function that has the range:";

/** Classes of torch.nn. */
export const ofLayers: Sentences = {
  Sequential: "new Sequential(..layers); new MLP(sizes, random) makes one of Linear.",
  ModuleList: "an array field of a Module.",
  ModuleDict: "fields of a Module.",
  ParameterList: "an array field of a Module.",
  Buffer: "a Variable field of a Module.",
  Bilinear: f("bilinear"),
  LazyLinear: "new Linear(from, to, random): sizes are known when a layer is made.",
  Identity: "new Identity(), or x itself.",
  Flatten: "new Flatten(), or x.flatten(1).",
  Unflatten: "x.unflatten(axis, sizes).",
  Embedding: "new Embedding(count, size, random, options).",
  EmbeddingBag: f("embedding_bag"),
  Conv1d: "new Conv1d(from, to, kernel, random, options).",
  Conv2d: "new Conv2d(from, to, kernel, random, options).",
  Conv3d: f("conv3d"),
  ConvTranspose2d: f("conv_transpose2d"),
  MaxPool2d: "new MaxPool2d(kernel, options).",
  AvgPool2d: "new AvgPool2d(kernel, options).",
  AdaptiveAvgPool2d: "new AdaptiveAvgPool2d(outputSize).",
  BatchNorm1d: "new BatchNorm(channels).",
  BatchNorm2d: "new BatchNorm(channels).",
  GroupNorm: f("group_norm"),
  InstanceNorm2d: f("instance_norm"),
  RMSNorm: f("rms_norm"),
  Dropout: "new Dropout(p, random).",
  Dropout2d: f("dropout2d"),
  RNN: "a class that extends Recurrent, or new GRU(from, to, random).",
  RNNCell: "a class that extends Recurrent, or new GRU(from, to, random).",
  LSTMCell: cell,
  GRUCell: cell,
  MultiheadAttention:
    "new MultiheadAttention(size, heads, random, options); of { needWeights: true } it gives the weights too.",
  Transformer: "new TransformerBlock(size, heads, random), in an array field of a Module.",
  TransformerEncoder: "new TransformerBlock(size, heads, random), in an array field of a Module.",
  TransformerEncoderLayer: "new TransformerBlock(size, heads, random).",
  TransformerDecoderLayer: transformer,
  ReLU: "new ReLU(), or x.relu().",
  GELU: "new GELU(), or x.gelu().",
  SiLU: "new SiLU(), or x.silu().",
  Tanh: "new Tanh(), or x.tanh().",
  Sigmoid: "new Sigmoid(), or x.sigmoid().",
  ELU: "new ELU(alpha), or x.elu(alpha).",
  LeakyReLU: "new LeakyReLU(slope), or x.leakyRelu(slope).",
  PReLU: f("prelu"),
  Softplus: "new Softplus(), or x.softplus().",
  Softmax: "new Softmax(axis), or x.softmax(axis).",
  LogSoftmax: "new LogSoftmax(axis), or x.logSoftmax(axis).",
  CrossEntropyLoss: "crossEntropy(logits, target).",
  NLLLoss: "nllLoss(logProbs, target).",
  MSELoss: "mseLoss(x, y).",
  L1Loss: "l1Loss(x, y).",
  HuberLoss: "huberLoss(x, y).",
  SmoothL1Loss: f("smooth_l1_loss"),
  BCELoss: f("binary_cross_entropy"),
  BCEWithLogitsLoss: "binaryCrossEntropyWithLogits(logits, target).",
  KLDivLoss: "klDiv(x, y).",
  CTCLoss: f("ctc_loss"),
  Upsample: f("interpolate"),
  PixelShuffle: f("pixel_shuffle"),
};

/** Functions of torch.nn.utils and torch.nn.init. */
export const ofInit: Sentences = {
  clip_grad_norm_: "optimizer.clipGradNorm(most).",
  clip_grad_value_: "p.grad = p.grad.clamp(-most, most).",
  parameters_to_vector: "new ParameterGroup(name, parameters).vector.",
  vector_to_parameters: "new ParameterGroup(name, parameters).assign(vector).",
  weight_norm: "w.div(w.norm(1, true)).mul(g), with a parameter for each.",
  spectral_norm: "w.div(u.matmul(w).matmul(v)), u and v Variables of a power iteration.",
  pack_padded_sequence: "padBatch(batch), whose mask the loss takes.",
  pad_sequence: "padBatch(batch).",
  xavier_uniform_: `${initial} uniformInit(Math.sqrt(6 / (from + to))).`,
  xavier_normal_: `${initial} normalInit(Math.sqrt(2 / (from + to))).`,
  kaiming_uniform_: `${initial} uniformInit(Math.sqrt(6 / from)).`,
  kaiming_normal_: `${initial} normalInit(Math.sqrt(2 / from)).`,
  trunc_normal_: `${initial} normalInit(std)(random, shape).clamp(-2 * std, 2 * std).`,
  uniform_: `${initial} uniformInit(bound).`,
  normal_: `${initial} normalInit(std).`,
  constant_: `${initial} (_, shape) => full(shape, value).`,
  zeros_: `${initial} (_, shape) => zeros(shape).`,
  eye_: `${initial} (_, [n, m]) => eye(n, m).`,
  dirac_: `${initial} (_, shape) => a tensor with ones in the middle.`,
};

/** Methods of torch.nn.Module. */
export const ofModules: Sentences = {
  named_modules: "namedVariables() has the paths of all that is inside.",
  children: "the fields of the module: Object.values(module).",
  named_children: "the fields of the module: Object.entries(module).",
  modules: "the fields of the module: Object.values(module).",
  buffers: "variables() has the parameters and all else that is assigned.",
  named_buffers: "namedVariables() has the parameters and all else that is assigned.",
  state_dict: "stateDict(), with PyTorch's names.",
  load_state_dict: "loadStateDict(state).",
  train: "train(), for layers that have two modes.",
  eval: "eval(), for layers that have two modes.",
  apply: "a loop over parameters(), or over the fields.",
  to: "await useDevice(name), once for the process.",
  cuda: 'await useDevice("webgpu"), once for the process.',
  cpu: 'await useDevice("cpu"), once for the process.',
  zero_grad: "optimizer.zeroGrad().",
  requires_grad_: "frozen(module), or p.requiresGrad = false.",
  register_buffer: "a Variable field.",
  register_parameter: "a Parameter field.",
  register_forward_hook: "forward() is a method: call it, and look at what it gives.",
  add_module: "a field of the module.",
  register_module: "a field of the module.",
  get_submodule: "the field of that name.",
  compile: "compile(fn, { state: module }).",
};

/** What torch.optim has. */
export const ofOptimizers: Sentences = {
  RMSprop: "new RMSprop(parameters, { lr }).",
  Adagrad: adaptive,
  Adadelta: adaptive,
  Adamax: adaptive,
  NAdam: adaptive,
  RAdam: adaptive,
  LBFGS: "conjugateGradient(product, b) solves for a step; hvp() is its product.",
  Adafactor: adaptive,
  Muon: adaptive,
  lr: "await optimizer.groups[0].lr.item(); setLearningRate(lr) sets it.",
  param_groups: "groups; group.lr is a Variable, which takes numbers by assign().",
  add_param_group: "all groups are given when the optimiser is made: new Adam([{ parameters, lr }]).",
  state_dict: "stateDict(), with PyTorch's names.",
  load_state_dict: "loadStateDict(state).",
};

/** Methods of schedulers. */
export const ofSchedulers: Sentences = {
  get_last_lr: "scheduler.rates: those of the next step.",
  last_epoch: "scheduler.count: the steps that were taken.",
  state_dict: "scheduler.count is all that it keeps: new LRScheduler(optimizer, schedule, count) goes on from there.",
  load_state_dict: "new LRScheduler(optimizer, schedule, count) goes on from there.",
};

/** Classes of torch.optim.lr_scheduler. */
export const ofSchedules: Sentences = {
  LambdaLR: "new LRScheduler(optimizer, schedule), schedule a function of the step.",
  StepLR: "new LRScheduler(optimizer, stepDecay(steps, gamma)).",
  MultiStepLR: byHand,
  ExponentialLR: byHand,
  LinearLR: "new LRScheduler(optimizer, warmup(steps, after)).",
  CosineAnnealingLR: "new LRScheduler(optimizer, cosineAnnealing(steps, floor)).",
  CosineAnnealingWarmRestarts: schedule.replace("schedule, step", '"cosine", step % steps'),
  OneCycleLR: "new LRScheduler(optimizer, oneCycle(steps)).",
  ReduceLROnPlateau: byHand,
  CyclicLR: byHand,
  SequentialLR: "new LRScheduler(optimizer, schedule), schedule a function of the step.",
  ConstantLR: "the learning rate that the optimiser was made with.",
  PolynomialLR: byHand,
  "swa_utils.AveragedModel": "new ExponentialMovingAverage(module, decay).",
};

/** Classes of torch.distributions. */
export const ofDistributions: Sentences = {
  LogNormal: `${positive} x.exp().`,
  LowRankMultivariateNormal: "new MultivariateNormal(loc, { scaleTril }).",
  Binomial: "the sum of Bernoulli: new Bernoulli({ probs }).sample(key, [n]).sum(0).",
  OneHotCategorical: "oneHot(new Categorical(logits).sample(key), classes).",
  Multinomial: "oneHot(new Categorical(logits).sample(key, [n]), classes).sum(0).",
  Dirichlet: onHost("Dirichlet distribution"),
  Gamma: onHost("gamma distribution"),
  Exponential: "uniform(key, shape).neg().log1p().neg().div(rate).",
  Laplace:
    "where(u.less(0), u.mul(2).log1p(), u.neg().mul(2).log1p().neg()).mul(scale), u = uniform(key, shape, -0.5, 0.5).",
  Cauchy: "uniform(key, shape).sub(0.5).mul(Math.PI).tan().mul(scale).add(loc).",
  StudentT: onHost("Student's t distribution"),
  Poisson: onHost("Poisson distribution"),
  Geometric: "uniform(key, shape).log().div(Math.log(1 - p)).floor().",
  NegativeBinomial: onHost("negative binomial distribution"),
  VonMises: onHost("von Mises distribution"),
  HalfNormal: "normal(key, shape).abs().mul(scale).",
  Gumbel: "uniform(key, shape).log().neg().log().neg().mul(scale).add(loc).",
  Kumaraswamy: "uniform(key, shape).pow(1 / b).neg().add(1).pow(1 / a).",
  Weibull: "uniform(key, shape).neg().log1p().neg().pow(1 / k).mul(scale).",
  Pareto: "uniform(key, shape).neg().log1p().div(-alpha).exp().mul(scale).",
  Independent: "distribution.logProb(x).sum(-1).",
  TransformedDistribution: "logProb() of the value before the transform, less the log-derivative; of tanh: TanhNormal.",
  RelaxedBernoulli: "logits.add(u.log().sub(u.neg().log1p())).div(tau).sigmoid(), u = uniform(key, shape).",
  RelaxedOneHotCategorical: f("gumbel_softmax"),
  TanhTransform: "new TanhNormal(loc, scale).",
  register_kl: "a function of both distributions.",
};

/** Methods of distributions. */
export const ofDistributionMethods: Sentences = {
  cdf: "of Normal(loc, scale): x.sub(loc).div(scale * Math.SQRT2).erf().add(1).div(2).",
  icdf: onHost("inverse of the distribution function"),
  expand: "what it is made of is expanded: new Normal(loc.expand(5, 3), scale).",
  perplexity: "distribution.entropy().exp().",
  has_rsample: "those with a method rsample(key).",
};
