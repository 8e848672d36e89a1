/**
 * Losses of torch.nn.functional, by PyTorch's formulas and reductions. Where a shape that is broadcast would make another loss
 * in silence, `[B]` against `[B, 1]`, it is refused.
 */

import { type Signature, signature } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { atCaller } from "../graph/site.ts";
import { describe, sameShape } from "../graph/types.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** How the losses of all entries become one: their mean, their sum, or not at all. */
export type LossReduction = "mean" | "sum" | "none";

/** Settings of a loss that has no others. */
export interface LossOptions {
  /** mean unless told otherwise. */
  reduction?: LossReduction;
}

const reduction = kind.oneOf("mean", "sum", "none");
const two = { input: kind.tensor, target: kind.tensor };

function reduced(losses: Tensor, reduction: LossReduction = "mean"): Tensor {
  return reduction === "none" ? losses : reduction === "sum" ? losses.sum() : losses.mean();
}

function refuse(message: string, of: readonly Tensor[], help: string): never {
  throw new PlumblineError({ code: "G301", message, made: of.map((x) => x.node), help });
}

/** Throws unless a target has the shape of what is compared with it. */
function checkSame(name: string, input: Tensor, target: Tensor): void {
  if (sameShape(input.shape, target.shape)) return;
  refuse(
    `${name}() compares tensors of one shape, not ${describe(input.node)} with ${describe(target.node)}.`,
    [input, target],
    "give both the same axes: squeeze(-1), unsqueeze(-1) or reshape().",
  );
}

/** A loss of each difference. */
function ofDifference(name: string, takes: Signature, loss: (difference: Tensor) => Tensor) {
  const row = {
    [name](input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
      takes(arguments);
      checkSame(name, input, target);
      return atCaller(() => reduced(loss(input.sub(target)), options.reduction));
    },
  };
  return row[name]!;
}

const takesPlain = (name: string): Signature =>
  signature(`${name}()`, { ...two, options: kind.options<LossOptions>({ reduction }) });

/** A function of prediction and target, of one shape. */
export type Loss = (input: Tensor, target: Tensor, options?: LossOptions) => Tensor;

/**
 * (input - target)^2 (torch.nn.functional.mse_loss).
 *
 * @throws PlumblineError G301 for shapes that differ.
 *
 * @example
 * ```ts
 * import { mseLoss, tensor } from "@plumbline/plumbline";
 *
 * console.log(await mseLoss(tensor([1, 2]), tensor([1, 4])).item()); // 2
 * ```
 */
export const mseLoss: Loss = ofDifference("mseLoss", takesPlain("mseLoss"), (x) => x.square());

/**
 * |input - target| (torch.nn.functional.l1_loss).
 *
 * @throws PlumblineError G301 for shapes that differ.
 */
export const l1Loss: Loss = ofDifference("l1Loss", takesPlain("l1Loss"), (x) => x.abs());

/** Settings of {@linkcode huberLoss}. */
export interface HuberOptions extends LossOptions {
  /** The difference from which the loss is linear: 1 unless told otherwise. */
  delta?: number;
}

const takesHuber = signature("huberLoss()", {
  ...two,
  options: kind.options<HuberOptions>({ reduction, delta: kind.finite }),
});

/**
 * Half the square of a difference up to `delta`, from there delta (|difference| - delta / 2) (torch.nn.functional.huber_loss).
 *
 * @throws PlumblineError G301 for shapes that differ. RangeError unless `delta` is above 0.
 */
export function huberLoss(input: Tensor, target: Tensor, options: HuberOptions = {}): Tensor {
  takesHuber(arguments);
  const { delta = 1, reduction } = options;
  if (!(delta > 0)) throw new RangeError(`delta of huberLoss() is a number above 0, not ${delta}.`);
  checkSame("huberLoss", input, target);
  return atCaller(() => {
    const difference = input.sub(target);
    const inner = difference.clamp(-delta, delta);
    return reduced(inner.mul(difference.sub(inner.mul(0.5))), reduction);
  });
}

/** Settings of {@linkcode binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Weights of the entries, broadcast to them. */
  weight?: Tensor;
  /** Weights of the positive side, broadcast to the entries. */
  posWeight?: Tensor;
}

const takesBinary = signature("binaryCrossEntropyWithLogits()", {
  ...two,
  options: kind.options<BinaryCrossEntropyOptions>({ reduction, weight: kind.tensor, posWeight: kind.tensor }),
});

/**
 * -target log(sigmoid(input)) - (1 - target) log(1 - sigmoid(input)), without overflow
 * (torch.nn.functional.binary_cross_entropy_with_logits).
 *
 * @throws PlumblineError G301 for shapes that differ.
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  takesBinary(arguments);
  checkSame("binaryCrossEntropyWithLogits", input, target);
  const { weight, posWeight, reduction } = options;
  return atCaller(() => {
    const falls = input.neg().softplus();
    const scaled = posWeight ? falls.mul(target.mul(posWeight.sub(1)).add(1)) : falls;
    const losses = target.neg().add(1).mul(input).add(scaled);
    return reduced(weight ? losses.mul(weight) : losses, reduction);
  });
}

/** Settings of {@linkcode klDiv}. */
export interface KLDivOptions {
  /** mean unless told otherwise; `batchmean` is the sum over the size of the first axis, which is the divergence. */
  reduction?: LossReduction | "batchmean";
  /** Whether the target is of logarithms too. */
  logTarget?: boolean;
}

const takesKL = signature("klDiv()", {
  ...two,
  options: kind.options<KLDivOptions>({
    reduction: kind.oneOf("mean", "sum", "none", "batchmean"),
    logTarget: kind.boolean,
  }),
});

/**
 * target (log(target) - input), for log-probabilities `input` and probabilities `target` (torch.nn.functional.kl_div); 0 where the
 * target is.
 *
 * @throws PlumblineError G301 for shapes that differ.
 */
export function klDiv(input: Tensor, target: Tensor, options: KLDivOptions = {}): Tensor {
  takesKL(arguments);
  checkSame("klDiv", input, target);
  const { reduction = "mean", logTarget = false } = options;
  return atCaller(() => {
    const counts = target.notEqual(0);
    const log = logTarget ? target : target.where(counts, 1).log();
    const share = logTarget ? target.exp() : target.where(counts, 0);
    const losses = share.mul(log.sub(input));
    return reduction === "batchmean" ? losses.sum().div(input.shape[0] ?? 1) : reduced(losses, reduction);
  });
}

/** Settings of {@linkcode nllLoss}. */
export interface NLLOptions extends LossOptions {
  /** Weights of the classes, `[class]`; the mean is then weighted too. */
  weight?: Tensor;
  /** The class whose entries do not count: -100 unless told otherwise. */
  ignoreIndex?: number;
}

/** Settings of {@linkcode crossEntropy}. */
export interface CrossEntropyOptions extends NLLOptions {
  /** The share of the target that is spread over all classes, from 0 to 1: 0 unless told otherwise. */
  labelSmoothing?: number;
}

const nllOptions = { reduction, weight: kind.tensor, ignoreIndex: kind.whole };
const takesNLL = signature("nllLoss()", { ...two, options: kind.options<NLLOptions>(nllOptions) });
const takesCross = signature("crossEntropy()", {
  ...two,
  options: kind.options<CrossEntropyOptions>({
    ...nllOptions,
    labelSmoothing: kind.share,
  }),
});

/** The axis of classes: the first of a single sample, else the second. */
const classAxis = (input: Tensor): number => input.rank === 1 ? 0 : 1;

/** Throws unless there is one class for each sample. */
function checkClasses(name: string, input: Tensor, target: Tensor): void {
  const axis = classAxis(input);
  const samples = input.shape.filter((_, i) => i !== axis);
  const isFloat = input.dtype === "float32";
  if (isFloat && input.rank > 0 && target.dtype === "int32" && sameShape(samples, target.shape)) return;
  refuse(
    `${name}() takes float32 [N, class, ..] and the classes of them, int32 [N, ..], not ${describe(input.node)} and ${
      describe(target.node)
    }.`,
    [input, target],
    !isFloat
      ? 'input.cast("float32").'
      : target.dtype === "int32"
      ? "the second axis of the input is that of the classes: reshape(-1, classes), or transpose(1, -1)."
      : 'the classes are whole numbers: target.cast("int32").',
  );
}

function checkWeight(name: string, input: Tensor, weight: Tensor | undefined): void {
  const classes = input.shape[classAxis(input)]!;
  if (!weight || sameShape(weight.shape, [classes])) return;
  refuse(
    `${name}() takes a weight for each of its ${classes} classes, not ${describe(weight.node)}.`,
    [weight],
    `its shape is [${classes}].`,
  );
}

/** A weight `[class]` beside numbers with the axis of classes at `axis`. */
function besideClasses(weight: Tensor, like: Tensor, axis: number): Tensor {
  return weight.reshape(...like.shape.map((n, i) => i === axis ? n : 1));
}

/** -logProb of the class of each sample times its weight; and, for labels that are smoothed, of all classes. */
function ofClasses(logProb: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { weight, ignoreIndex = -100, labelSmoothing = 0, reduction = "mean" } = options;
  const axis = classAxis(logProb);
  const counts = target.notEqual(ignoreIndex);
  const classes = target.where(counts, 0);
  const picked = logProb.gather(axis, classes.unsqueeze(axis)).squeeze(axis).neg();
  // Of an entry that does not count neither value nor derivative is of use, whatever its numbers are.
  const weights =
    (weight ? weight.take(classes.reshape(classes.size), 0).reshape(...classes.shape) : counts.cast("float32"))
      .where(counts, 0);
  let losses = picked.mul(weight ? weights : 1).where(counts, 0);
  if (labelSmoothing > 0) {
    const weighed = weight ? logProb.mul(besideClasses(weight, logProb, axis)) : logProb;
    const smooth = weighed.sum(axis).neg().where(counts, 0);
    losses = losses.mul(1 - labelSmoothing).add(smooth.mul(labelSmoothing / logProb.shape[axis]!));
  }
  return reduction === "mean" ? losses.sum().div(weights.sum()) : reduced(losses, reduction);
}

/**
 * -input of the class of each sample, for log-probabilities `input` `[N, class, ..]` or `[class]` and classes `target` (int32
 * `[N, ..]` or `[]`) (torch.nn.functional.nll_loss). The mean is that of the weights of what counts; of nothing it is NaN.
 *
 * @throws PlumblineError G301 for shapes or dtypes that do not fit.
 */
export function nllLoss(input: Tensor, target: Tensor, options: NLLOptions = {}): Tensor {
  takesNLL(arguments);
  checkClasses("nllLoss", input, target);
  checkWeight("nllLoss", input, options.weight);
  return atCaller(() => ofClasses(input, target, options));
}

/**
 * The cross entropy of classes, or of probabilities of them, with the softmax of logits `input` `[N, class, ..]` or `[class]`
 * (torch.nn.functional.cross_entropy). `target` is the class of each sample, int32 `[N, ..]` or `[]`, from 0; or float32 with the
 * shape of `input`. The mean is that of the weights of what counts; where nothing counts it is NaN, as in PyTorch. A class that
 * there is not is an error (G308), told when the values are computed.
 *
 * @throws PlumblineError G301 for shapes or dtypes that do not fit.
 *
 * @example
 * ```ts
 * import { crossEntropy, tensor } from "@plumbline/plumbline";
 *
 * const logits = tensor([[2, 0, 0], [0, 0, 0]]), classes = tensor([0, 2], { dtype: "int32" });
 * console.log(await crossEntropy(logits, classes).item()); // 0.669...: (0.239... + log 3) / 2
 * console.log(await crossEntropy(logits, classes, { ignoreIndex: 2 }).item()); // 0.239...
 * ```
 */
export function crossEntropy(input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  takesCross(arguments);
  const ofProbabilities = target.dtype === "float32" && sameShape(input.shape, target.shape);
  if (!ofProbabilities) checkClasses("crossEntropy", input, target);
  checkWeight("crossEntropy", input, options.weight);
  const axis = classAxis(input);
  return atCaller(() => {
    const logProb = input.logSoftmax(axis);
    if (!ofProbabilities) return ofClasses(logProb, target, options);
    const { weight, labelSmoothing = 0, reduction = "mean" } = options;
    const classes = input.shape[axis]!;
    const smoothed = labelSmoothing > 0 ? target.mul(1 - labelSmoothing).add(labelSmoothing / classes) : target;
    const each = logProb.mul(smoothed);
    const losses = (weight ? each.mul(besideClasses(weight, input, axis)) : each).sum(axis).neg();
    return reduction === "mean" ? losses.sum().div(input.size / classes) : reduced(losses, reduction);
  });
}
