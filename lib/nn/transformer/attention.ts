/** Scaled dot-product attention (Vaswani et al. 2017, equation 1), with PyTorch's masks. */

import { signature } from "../../graph/arguments.ts";
import { PlumblineError } from "../../graph/error.ts";
import { atCaller } from "../../graph/site.ts";
import { describe } from "../../graph/types.ts";
import { arange } from "../../tensor/creation.ts";
import * as kind from "../../tensor/kinds.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { dropout } from "../dropout.ts";

/** Settings of {@linkcode scaledDotProductAttention}. */
export interface AttentionOptions {
  /** bool: true where a query may look; or float32, added to the products. Broadcast to `[.., query, key]`. */
  attnMask?: Tensor;
  /** The share of weights that are dropped, by `dropoutKey`: 0 unless told otherwise. */
  dropoutP?: number;
  /** A random key for `dropoutP`. */
  dropoutKey?: Tensor;
  /** Query i looks at keys 0 to i. */
  isCausal?: boolean;
  /** Factor of the products: 1 / sqrt(features) unless told otherwise. */
  scale?: number;
}

const takesAttention = signature("scaledDotProductAttention()", {
  query: kind.tensor,
  key: kind.tensor,
  value: kind.tensor,
  options: kind.options<AttentionOptions>({
    attnMask: kind.tensor,
    dropoutP: kind.share,
    dropoutKey: kind.key,
    isCausal: kind.boolean,
    scale: kind.finite,
  }),
});

/** bool `[queries, keys]`: true where key j is not after query i. */
function causalMask(queries: number, keys: number): Tensor {
  return arange(keys).unsqueeze(0).lessEqual(arange(queries).unsqueeze(1));
}

/** Throws G301 unless queries, keys and values fit. */
export function checkShapes(query: Tensor, key: Tensor, value: Tensor): void {
  const fits = query.rank >= 2 && key.rank >= 2 && value.rank >= 2 && query.shape.at(-1) === key.shape.at(-1) &&
    key.shape.at(-2) === value.shape.at(-2);
  if (fits) return;
  throw new PlumblineError({
    code: "G301",
    message: `scaledDotProductAttention() takes a query [.., query, features], a key [.., key, features] and a value ` +
      `[.., key, out], not ${[query, key, value].map((x) => describe(x.node)).join(", ")}.`,
    made: [query.node, key.node, value.node],
    help: "query and key have as many features, key and value as many entries.",
  });
}

/** What is added to products, and where they count: a float32 mask that is -Infinity forbids. */
function partsOf(mask: Tensor): { bias: Tensor | null; allowed: Tensor } {
  if (mask.dtype === "bool") return { bias: null, allowed: mask };
  if (mask.dtype === "float32") {
    const allowed = mask.notEqual(-Infinity);
    return { bias: mask.where(allowed, 0), allowed };
  }
  throw new PlumblineError({
    code: "G301",
    message: `attnMask of scaledDotProductAttention() is bool or float32, not ${describe(mask.node)}.`,
    made: [mask.node],
    help: 'mask.cast("bool"): true where a query may look.',
  });
}

/** A mask with axes of size 1 in front, up to `rank`. */
function alignedTo(mask: Tensor, rank: number): Tensor {
  return mask.reshape(...new Array<number>(Math.max(0, rank - mask.rank)).fill(1), ...mask.shape);
}

/** What each query takes of the entries, `[.., query, key]`: the weights of {@linkcode scaledDotProductAttention}. */
export function attentionWeights(query: Tensor, key: Tensor, options: AttentionOptions): Tensor {
  const { attnMask, dropoutP = 0, dropoutKey, isCausal = false, scale = 1 / Math.sqrt(query.shape.at(-1) ?? 1) } =
    options;
  const given = attnMask ? partsOf(attnMask) : null;
  const causal = isCausal ? causalMask(query.shape.at(-2)!, key.shape.at(-2)!) : null;
  const products = query.mul(scale).matmul(key.transpose());
  const scores = given?.bias ? products.add(given.bias) : products;
  // Both of one rank: beside a mask of keys, [batch, 1, 1, key], causality has axes of its own.
  const allowed = given && causal ? given.allowed.and(alignedTo(causal, given.allowed.rank)) : given?.allowed;
  const weights = !given && causal
    // Each query may look at something: what is forbidden vanishes beside it.
    ? scores.where(causal, -Infinity).softmax(-1)
    : scores.softmax(-1, allowed ? { where: allowed } : {});
  return dropoutP > 0 ? dropout(weights, dropoutP, dropoutKey!) : weights;
}

/**
 * softmax(query key^T * scale) value, for a query `[.., query, features]`, a key `[.., key, features]` and a value `[.., key, out]`:
 * `[.., query, out]` (torch.nn.functional.scaled_dot_product_attention). What the mask forbids is exactly 0 and passes no gradient;
 * so is all of a query that may look at nothing.
 *
 * @throws PlumblineError G301 for shapes that do not fit or a mask of another dtype. RangeError for `dropoutP` without a key.
 *
 * @example
 * ```ts
 * import { scaledDotProductAttention, tensor } from "@plumbline/plumbline";
 *
 * const x = tensor([[1, 0], [0, 1], [1, 1]]);
 * const y = scaledDotProductAttention(x, x, x, { isCausal: true });
 * console.log(await y.select(0, 0).toList()); // [1, 0]: the first looks at itself alone
 * ```
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Tensor {
  takesAttention(arguments);
  checkShapes(query, key, value);
  if ((options.dropoutP ?? 0) > 0 && !options.dropoutKey) {
    throw new RangeError("dropoutP of scaledDotProductAttention() needs dropoutKey, a random key: generator.next().");
  }
  return atCaller(() => attentionWeights(query, key, options).matmul(value));
}
