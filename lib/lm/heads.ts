/**
 * Multi-token prediction (Gloeckle et al. 2024): head k of position t says token t + k + 1. Here are the labels of all heads, the
 * weights of heads, and the loss that weighs them. Masks come before the softmax, so that what does not count is exactly 0.
 */

import { signature } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { atCaller } from "../graph/site.ts";
import { withRoom } from "../graph/memory.ts";
import { describe, sameShape } from "../graph/types.ts";
import { ones } from "../tensor/creation.ts";
import { stack, where } from "../tensor/functions.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What heads are to say. */
export interface HeadTargets {
  /** int32 `[sequence, time, head]`: the token k + 1 places on; 0 where there is none. */
  readonly labels: Tensor;
  /** bool `[sequence, time, head]`: where both position and label are tokens of the sequence. */
  readonly valid: Tensor;
}

const headCount = kind.count(1);
const takesAhead = signature("lookAhead()", { x: kind.tensor, heads: headCount });
const takesTargets = signature("headTargets()", {
  tokens: kind.tensor,
  heads: headCount,
  valid: kind.optional(kind.tensor),
});

/** Throws G301: `message`, which is a sentence. */
export function refuse(message: string, made: readonly Tensor[], help: string): never {
  throw new PlumblineError({ code: "G301", message, made: made.map((x) => x.node), help });
}

/**
 * `[sequence, time]` to `[sequence, time, head]`: entry (t, k) is x[t + k + 1], and 0 (or false) past the end.
 *
 * @throws PlumblineError G301 unless `x` has two axes.
 *
 * @example
 * ```ts
 * import { lookAhead, tensor } from "@plumbline/plumbline";
 *
 * console.log(await lookAhead(tensor([[1, 2, 3]]), 2).toList()); // [[[2, 3], [3, 0], [0, 0]]]
 * ```
 */
export function lookAhead(x: Tensor, heads: number): Tensor {
  takesAhead(arguments);
  if (x.rank !== 2) refuse(`lookAhead() takes [sequence, time], not ${describe(x.node)}.`, [x], "x.unsqueeze(0)?");
  const time = x.shape[1]!;
  return atCaller(() => {
    const numbers = x.dtype === "bool" ? x.cast("int32") : x;
    const shifted = (_: unknown, k: number): Tensor => {
      const by = Math.min(k + 1, time);
      return by === time ? numbers.mul(0) : numbers.slice(1, by).pad(1, 0, by);
    };
    const all = withRoom(
      `what ${heads.toLocaleString("en-US")} heads look at`,
      4 * heads * x.size,
      () => stack(Array.from({ length: heads }, shifted), -1),
    );
    return x.dtype === "bool" ? all.greater(0) : all;
  });
}

/**
 * The labels of `heads` heads for tokens `[sequence, time]` (int32): y[t, k] = x[t + k + 1], which counts up to the end of the
 * sequence. `valid` (bool `[sequence, time]`) says which tokens are of the sequence: all unless told otherwise.
 *
 * @throws PlumblineError G301 for other shapes or dtypes.
 *
 * @example
 * ```ts
 * import { headTargets, tensor } from "@plumbline/plumbline";
 *
 * const { labels, valid } = headTargets(tensor([[5, 6, 7]], { dtype: "int32" }), 2);
 * console.log(await labels.toList(), await valid.sum().item()); // [[[6, 7], [7, 0], [0, 0]]] 3
 * ```
 */
export function headTargets(tokens: Tensor, heads: number, valid?: Tensor): HeadTargets {
  takesTargets(arguments);
  if (tokens.rank !== 2 || tokens.dtype !== "int32") {
    refuse(
      `headTargets() takes int32 tokens [sequence, time], not ${describe(tokens.node)}.`,
      [tokens],
      "of bytes: tensor(bytes).",
    );
  }
  if (valid && (valid.dtype !== "bool" || !sameShape(valid.shape, tokens.shape))) {
    refuse(
      `valid of headTargets() is bool [${tokens.shape.join(", ")}] here, not ${describe(valid.node)}.`,
      [valid],
      "true: a token.",
    );
  }
  return atCaller(() => {
    const counts = valid ?? ones(tokens.shape, { dtype: "bool" });
    const both = lookAhead(counts, heads).and(counts.unsqueeze(-1));
    return { labels: lookAhead(tokens, heads).where(both, 0), valid: both };
  });
}

/** Settings of {@linkcode headWeights}. */
export interface HeadWeightOptions {
  /** What scores are divided by: 0.7 unless told otherwise. Above 0: the larger, the more even. */
  temperature?: number;
  /**
   * Whether gradients flow through the weights: no, unless it is true. The derivative of the loss by a score is w_k (loss_k - L):
   * through it a model pushes weight to the head that has it easiest.
   */
  differentiable?: boolean;
}

const takesWeights = signature("headWeights()", {
  scores: kind.tensor,
  valid: kind.tensor,
  options: kind.options<HeadWeightOptions>({
    temperature: kind.kindOf("a number above 0", (x) => Number.isFinite(x) && Number(x) > 0),
    differentiable: kind.boolean,
  }),
});

/** Throws unless all are `[sequence, time, head]`, the last of them a mask. */
function checkHeads(called: string, numbers: Readonly<Record<string, Tensor>>, valid: Tensor): void {
  for (const [name, x] of Object.entries(numbers)) {
    if (x.rank === 3 && x.dtype === "float32" && sameShape(x.shape, valid.shape)) continue;
    refuse(
      `${called} takes float32 ${name} [sequence, time, head] with a mask of that shape, not ${describe(x.node)} with ${
        describe(valid.node)
      }.`,
      [x, valid],
      "the mask is `valid` of headTargets().",
    );
  }
  if (valid.dtype === "bool") return;
  refuse(`the mask of ${called} is bool, not ${describe(valid.node)}.`, [valid], "true where a head counts.");
}

/**
 * softmax over the heads of scores / temperature, `[sequence, time, head]`, over those that count: the weights of a position are 1
 * together, those of heads that do not count exactly 0, and so are all of a position where none counts.
 *
 * @throws PlumblineError G301 for other shapes or dtypes.
 *
 * @example
 * ```ts
 * import { headWeights, tensor } from "@plumbline/plumbline";
 *
 * const valid = tensor([[[true, true], [true, false], [false, false]]]);
 * const weights = headWeights(tensor([[[1, 1], [3, 9], [2, 2]]]), valid);
 * console.log(await weights.toList()); // [[[0.5, 0.5], [1, 0], [0, 0]]]
 * ```
 */
export function headWeights(scores: Tensor, valid: Tensor, options: HeadWeightOptions = {}): Tensor {
  takesWeights(arguments);
  checkHeads("headWeights()", { scores }, valid);
  const { temperature = 0.7, differentiable = false } = options;
  return atCaller(() => {
    const weights = scores.div(temperature).softmax(-1, { where: valid });
    return differentiable ? weights : weights.detach("weights choose, they do not learn");
  });
}

const takesLoss = signature("multiTokenLoss()", { losses: kind.tensor, weights: kind.tensor, valid: kind.tensor });

/**
 * The mean over positions of (sum_k w m loss)/(sum_k w m), for losses, weights w and the mask m, all `[sequence, time, head]`: a
 * weighted mean over heads, whatever their number. A position whose weights are all 0 is no part of the mean; of none it is 0.
 *
 * @throws PlumblineError G301 for other shapes or dtypes.
 *
 * @example
 * ```ts
 * import { multiTokenLoss, tensor } from "@plumbline/plumbline";
 *
 * const losses = tensor([[[1, 3], [2, 8]]]), valid = tensor([[[true, true], [true, false]]]);
 * console.log(await multiTokenLoss(losses, tensor([[[0.5, 0.5], [1, 0]]]), valid).item()); // 2
 * ```
 */
export function multiTokenLoss(losses: Tensor, weights: Tensor, valid: Tensor): Tensor {
  takesLoss(arguments);
  checkHeads("multiTokenLoss()", { losses, weights }, valid);
  return atCaller(() => {
    const { sum, positions } = weighedSum(losses, weights, valid);
    return sum.div(positions.maximum(1));
  });
}

/** What {@linkcode multiTokenLoss} is the quotient of: the sum over positions, and how many there are, float32. */
export function weighedSum(losses: Tensor, weights: Tensor, valid: Tensor): { sum: Tensor; positions: Tensor } {
  // Both are masked before they meet: what does not count may be anything, NaN too.
  const masked = where(valid, weights, 0);
  const total = masked.sum(-1);
  const counts = total.greater(0);
  const each = masked.mul(where(valid, losses, 0)).sum(-1).div(total.where(counts, 1));
  return { sum: each.where(counts, 0).sum(), positions: counts.sum().cast("float32") };
}
