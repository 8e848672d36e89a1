/** Multi-head attention (Vaswani et al. 2017, section 3.2.2), with the weights and masks of torch.nn.MultiheadAttention. */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { PlumblineError } from "../../graph/error.ts";
import { atCaller } from "../../graph/site.ts";
import { describe, sizeOf } from "../../graph/types.ts";
import { zeros } from "../../tensor/creation.ts";
import type { HostRandom } from "../../tensor/host_random.ts";
import * as kind from "../../tensor/kinds.ts";
import { Generator } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Parameter } from "../../tensor/variable.ts";
import { drawParameter, uniformInit } from "../init.ts";
import { Linear } from "../layers.ts";
import { Module } from "../module.ts";
import { attentionWeights, checkShapes } from "./attention.ts";
import { type RotaryOptions, rotaryOptions, rotaryPositions } from "./positions.ts";

/** Settings of {@linkcode MultiheadAttention}. */
export interface MultiheadAttentionOptions {
  /** The share of attention weights that are dropped in training: 0 unless told otherwise. */
  dropout?: number;
  /** Whether the projections have biases, as they have unless told otherwise. */
  bias?: boolean;
  /** Features of the keys: `embedDim` unless told otherwise. */
  kdim?: number;
  /** Features of the values: `embedDim` unless told otherwise. */
  vdim?: number;
  /** `[.., time, feature]`; unless it is true `[time, batch, feature]`, as in PyTorch. */
  batchFirst?: boolean;
  /** Turns queries and keys by their positions; see {@linkcode rotaryPositions}. */
  rotary?: RotaryOptions;
}

/** What a call of {@linkcode MultiheadAttention} may take beside its inputs. */
export interface MultiheadMasks {
  /** bool `[batch, key]`, or `[key]`: true for keys to be IGNORED, as in PyTorch. */
  keyPaddingMask?: Tensor;
  /**
   * `[query, key]`, or `[batch * heads, query, key]`: bool, true where a query may NOT look, as in PyTorch, which is the opposite of
   * {@linkcode scaledDotProductAttention}; or float32, added to the products.
   */
  attnMask?: Tensor;
  /** Query i looks at keys 0 to i. */
  isCausal?: boolean;
}

/** What a call of {@linkcode MultiheadAttention} takes: masks, and whether it gives the weights too. */
export interface MultiheadCall extends MultiheadMasks {
  /** Whether the weights are a result too; unlike PyTorch's it gives the outputs alone unless told otherwise. */
  needWeights?: boolean;
  /** Whether these are the mean over the heads, as they are unless told otherwise. */
  averageAttnWeights?: boolean;
}

/** The kinds of {@linkcode MultiheadMasks}. */
export const maskKinds = { keyPaddingMask: kind.tensor, attnMask: kind.tensor, isCausal: kind.boolean } as const;

const size = kind.count(1);
const takesMultihead = signature("new MultiheadAttention()", {
  embedDim: size,
  numHeads: size,
  random: kind.hostRandom,
  options: kind.options<MultiheadAttentionOptions>({
    dropout: kind.share,
    bias: kind.boolean,
    kdim: size,
    vdim: size,
    batchFirst: kind.boolean,
    rotary: rotaryOptions,
  }, {
    addBiasKv: "concat() a Parameter to keys and values before they come in.",
    addZeroAttn: "concat() zeros to keys and values before they come in.",
  }),
});

/**
 * Attention of several heads, each on its share of the features (torch.nn.MultiheadAttention): of a sequence to itself, or of
 * queries to another one. It gives the outputs, and with `needWeights` the weights too.
 *
 * @example
 * ```ts
 * import { HostRandom, MultiheadAttention, zeros } from "@plumbline/plumbline";
 *
 * const attention = new MultiheadAttention(16, 4, new HostRandom(0), { batchFirst: true });
 * const x = zeros([8, 10, 16]); // [batch, time, feature]
 * console.log(attention.forward(x, x, x, { isCausal: true }).shape); // [ 8, 10, 16 ]
 * ```
 */
export class MultiheadAttention extends Module {
  /** Query, key and value, one below the other: `[3 * embedDim, embedDim]`; null where keys or values have other features. */
  readonly inProjWeight: Parameter | null;
  /** `[embedDim, embedDim]`; null where `inProjWeight` has it, as the next two. */
  readonly qProjWeight: Parameter | null;
  /** `[embedDim, kdim]`. */
  readonly kProjWeight: Parameter | null;
  /** `[embedDim, vdim]`. */
  readonly vProjWeight: Parameter | null;
  /** `[3 * embedDim]`. */
  readonly inProjBias: Parameter | null;
  /** What brings the heads together. */
  readonly outProj: Linear;
  /** What weights are dropped by; null if none are. */
  readonly generator: Generator | null;
  /** The share of weights that are dropped in training. */
  readonly dropout: number;
  /** Whether the batch comes before time. */
  readonly batchFirst: boolean;
  /** Features of the keys. */
  readonly kdim: number;
  /** Features of the values. */
  readonly vdim: number;
  readonly #rotary: RotaryOptions | null;

  /**
   * Weights as PyTorch draws them: Glorot's uniform for the inputs, biases 0.
   *
   * @throws RangeError unless `numHeads` divides `embedDim`.
   */
  constructor(
    readonly embedDim: number,
    readonly numHeads: number,
    random: HostRandom,
    options: MultiheadAttentionOptions = {},
  ) {
    takesMultihead(arguments);
    super();
    if (embedDim % numHeads !== 0) {
      throw new RangeError(
        `the heads of MultiheadAttention share its features: ${embedDim} is no multiple of ${numHeads}.`,
      );
    }
    const { dropout = 0, bias = true, kdim = embedDim, vdim = embedDim, batchFirst = false, rotary } = options;
    const isShared = kdim === embedDim && vdim === embedDim;
    const drawn = (name: string, rows: number, columns: number): Parameter =>
      drawParameter(name, [rows, columns], uniformInit(Math.sqrt(6 / (rows + columns))), random);
    this.inProjWeight = isShared ? drawn("inProjWeight", 3 * embedDim, embedDim) : null;
    this.qProjWeight = isShared ? null : drawn("qProjWeight", embedDim, embedDim);
    this.kProjWeight = isShared ? null : drawn("kProjWeight", embedDim, kdim);
    this.vProjWeight = isShared ? null : drawn("vProjWeight", embedDim, vdim);
    this.inProjBias = bias ? new Parameter(zeros([3 * embedDim]), "inProjBias") : null;
    this.outProj = new Linear(embedDim, embedDim, random, { biasInit: bias ? (_, shape) => zeros(shape) : null });
    this.generator = dropout > 0 ? new Generator(random.bits()) : null;
    this.dropout = dropout;
    this.batchFirst = batchFirst;
    this.kdim = kdim;
    this.vdim = vdim;
    this.#rotary = rotary ?? null;
  }

  /**
   * `query`, `key` and `value`, `[time, batch, embedDim]` (`kdim`, `vdim`) or as `batchFirst` says, to what the queries see, with the
   * axes of `query`. Without key and value the sequence looks at itself. With `needWeights` it gives the weights as a second result,
   * as they were dropped: `[batch, query, key]`, or with `averageAttnWeights: false` `[batch, head, query, key]`.
   *
   * @throws PlumblineError G301 for inputs of other sizes, or masks of other shapes.
   */
  forward(query: Tensor, key?: Tensor, value?: Tensor, masks?: MultiheadMasks & { needWeights?: false }): Tensor;
  /** The outputs and the weights. */
  forward(
    query: Tensor,
    key: Tensor | undefined,
    value: Tensor | undefined,
    masks: MultiheadCall & { needWeights: true },
  ): [Tensor, Tensor];
  forward(query: Tensor, key = query, value = key, masks: MultiheadCall = {}): Tensor | [Tensor, Tensor] {
    this.#check(query, "embedDim");
    this.#check(key, "kdim");
    this.#check(value, "vdim");
    return atCaller(() => {
      const [q, k, v] = this.#project(query, key, value);
      const turned = this.#rotary ? [q, k].map((x) => rotaryPositions(x, this.#rotary!)) as [Tensor, Tensor] : [q, k];
      const { allowed, bias } = this.#mask(masks, q, k);
      const drops = this.training && this.generator !== null;
      const options = {
        ...(allowed ?? bias ? { attnMask: (allowed ?? bias)! } : {}),
        isCausal: masks.isCausal ?? false,
        ...(drops ? { dropoutP: this.dropout, dropoutKey: this.generator!.next() } : {}),
      };
      checkShapes(q, k, v);
      const weights = attentionWeights(...turned as [Tensor, Tensor], options);
      const seen = this.outProj.forward(this.#joined(weights.matmul(v), query));
      return masks.needWeights ? [seen, this.#told(weights, query, masks.averageAttnWeights ?? true)] : seen;
    });
  }

  /** Which axis is time. */
  #timeOf(x: Tensor): number {
    return this.batchFirst ? x.rank - 2 : 0;
  }

  /** Weights `[batch, head, query, key]` with the leading axes that `like` has; of all heads their mean. */
  #told(weights: Tensor, like: Tensor, average: boolean): Tensor {
    const leading = like.shape.slice(0, -1).filter((_, i) => i !== this.#timeOf(like));
    const whole = average ? weights.mean(1) : weights;
    return whole.reshape(...leading, ...whole.shape.slice(1));
  }

  #check(x: Tensor, features: "embedDim" | "kdim" | "vdim"): void {
    const fits = x.shape.at(-1) === this[features] && x.rank >= 2 && (this.batchFirst || x.rank <= 3);
    if (fits) return;
    const layout = this.batchFirst ? `[.., time, ${features}]` : `[time, batch, ${features}]`;
    throw new PlumblineError({
      code: "G301",
      message: `MultiheadAttention takes ${layout} with ${features === "embedDim" ? "an" : "a"} ${features} of ${
        this[features]
      }; it was given ${describe(x.node)}.`,
      made: [x.node],
      help: this.batchFirst
        ? "time and features are its last axes."
        : `for [batch, time, ${features}]: { batchFirst: true }.`,
    });
  }

  /** Each of the three, `[batch, head, time, feature]`. A sequence that looks at itself takes one product. */
  #project(query: Tensor, key: Tensor, value: Tensor): [Tensor, Tensor, Tensor] {
    const { embedDim: n, inProjWeight: shared, inProjBias: bias } = this;
    const product = (x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor => {
      const y = x.reshape(-1, x.shape.at(-1)!).matmul(weight.transpose());
      return bias ? y.add(bias) : y;
    };
    if (shared && query === key && key === value) {
      const all = product(query, shared, bias ?? undefined);
      return [0, 1, 2].map((i) => this.#heads(all.slice(1, i * n, (i + 1) * n), query)) as [Tensor, Tensor, Tensor];
    }
    const own = [this.qProjWeight, this.kProjWeight, this.vProjWeight];
    return [query, key, value].map((x, i) => {
      const [from, to] = [i * n, (i + 1) * n];
      return this.#heads(product(x, shared ? shared.slice(0, from, to) : own[i]!, bias?.slice(0, from, to)), x);
    }) as [Tensor, Tensor, Tensor];
  }

  #heads(rows: Tensor, like: Tensor): Tensor {
    const { numHeads, embedDim } = this;
    const features = embedDim / numHeads;
    const time = like.shape[this.#timeOf(like)]!;
    const batch = sizeOf(like.shape.filter((_, i) => i !== this.#timeOf(like)).slice(0, -1));
    if (this.batchFirst) return rows.reshape(batch, time, numHeads, features).permute(0, 2, 1, 3);
    return rows.reshape(time, batch, numHeads, features).permute(1, 2, 0, 3);
  }

  #joined(seen: Tensor, like: Tensor): Tensor {
    const order = this.batchFirst ? [0, 2, 1, 3] : [2, 0, 1, 3];
    return seen.permute(...order).reshape(...like.shape).named(...like.axes.slice(0, -1), null);
  }

  /** The masks as those of attention itself: bool, true where a query may look, or added numbers. */
  #mask({ keyPaddingMask, attnMask }: MultiheadMasks, q: Tensor, k: Tensor): { allowed?: Tensor; bias?: Tensor } {
    const [batch, heads, queries] = q.shape as [number, number, number];
    const keys = k.shape[2]!;
    const wide = attnMask && this.#wide("attnMask", attnMask, [[queries, keys], [batch * heads, queries, keys]])
      .reshape(...(attnMask.rank === 3 ? [batch, heads] : [1, 1]), queries, keys);
    const padding = keyPaddingMask && this.#padding(keyPaddingMask, batch, keys);
    if (wide?.dtype !== "float32") {
      const seen = wide?.not();
      const allowed = seen && padding ? seen.and(padding) : seen ?? padding;
      return allowed ? { allowed } : {};
    }
    return { bias: padding ? wide.where(padding, -Infinity) : wide };
  }

  #padding(mask: Tensor, batch: number, keys: number): Tensor {
    const wide = this.#wide("keyPaddingMask", mask, [[batch, keys], ...(batch === 1 ? [[keys]] : [])]);
    if (wide.dtype === "bool") return wide.reshape(batch, 1, 1, keys).not();
    throw new PlumblineError({
      code: "G301",
      message: `keyPaddingMask of MultiheadAttention is bool, not ${describe(mask.node)}.`,
      made: [mask.node],
      help: "true for keys to be ignored; numbers that are added to the products are an attnMask.",
    });
  }

  #wide(name: string, mask: Tensor, shapes: readonly (readonly number[])[]): Tensor {
    if (shapes.some((x) => x.length === mask.rank && x.every((n, i) => n === mask.shape[i]))) return mask;
    throw new PlumblineError({
      code: "G301",
      message: `${name} of MultiheadAttention is ${shapes.map((x) => `[${x.join(", ")}]`).join(" or ")} here, not ${
        describe(mask.node)
      }.`,
      made: [mask.node],
    });
  }
}

takeOnly(MultiheadAttention, {
  forward: {
    query: kind.tensor,
    key: kind.optional(kind.tensor),
    value: kind.optional(kind.tensor),
    masks: kind.options<MultiheadCall>({ ...maskKinds, needWeights: kind.boolean, averageAttnWeights: kind.boolean }),
  },
});
