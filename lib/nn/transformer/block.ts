/** A block of a transformer: attention and a network of two layers, each beside a path that carries its input on. */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { atCaller } from "../../graph/site.ts";
import type { HostRandom } from "../../tensor/host_random.ts";
import * as kind from "../../tensor/kinds.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Parameter } from "../../tensor/variable.ts";
import { Dropout } from "../dropout.ts";
import { type Activation, checkActivation, LayerNorm, Linear } from "../layers.ts";
import { Module } from "../module.ts";
import { checkInput } from "../refuse.ts";
import { RMSNorm } from "../norm/rms_norm.ts";
import { maskKinds, MultiheadAttention, type MultiheadMasks } from "./multihead.ts";
import { type RotaryOptions, rotaryOptions } from "./positions.ts";

/** Settings of {@linkcode TransformerBlock}. */
export interface TransformerBlockOptions {
  /** Features between the two linear layers: four times those of the input unless told otherwise. */
  dimFeedforward?: number;
  /** The share of attention weights, and of what goes beside the path, that is dropped in training: 0 unless told otherwise. */
  dropout?: number;
  /** Between the two linear layers: gelu unless told otherwise. */
  activation?: Activation;
  /** Norms before attention and network, as in GPT-2, unless it is false: then after them, as in Vaswani et al. 2017. */
  normFirst?: boolean;
  /** `layer`: {@linkcode LayerNorm}; `rms`: {@linkcode RMSNorm}. */
  norm?: "layer" | "rms";
  /** What the norms add to the variance or mean square: 1e-5 unless told otherwise. */
  layerNormEps?: number;
  /** Whether attention and linear layers have biases, as they have unless told otherwise. */
  bias?: boolean;
  /** Turns queries and keys by their positions; see {@linkcode rotaryPositions}. */
  rotary?: RotaryOptions;
}

const size = kind.count(1);
const takesBlock = signature("new TransformerBlock()", {
  dModel: size,
  numHeads: size,
  random: kind.hostRandom,
  options: kind.options<TransformerBlockOptions>({
    dimFeedforward: size,
    dropout: kind.share,
    activation: kind.text,
    normFirst: kind.boolean,
    norm: kind.oneOf("layer", "rms"),
    layerNormEps: kind.finite,
    bias: kind.boolean,
    rotary: rotaryOptions,
  }),
});

/**
 * One block of a transformer, `[.., time, dModel]` to the same: with a causal mask one of a GPT, without one of an encoder. Its parts
 * have the names and weights of torch.nn.TransformerEncoderLayer with `batch_first`; its defaults are those of a GPT.
 *
 * @example
 * ```ts
 * import { HostRandom, TransformerBlock, zeros } from "@plumbline/plumbline";
 *
 * const block = new TransformerBlock(32, 4, new HostRandom(0));
 * console.log(block.forward(zeros([8, 10, 32]), { isCausal: true }).shape); // [ 8, 10, 32 ]
 * ```
 */
export class TransformerBlock extends Module {
  /** Of the sequence to itself: keys and values have the features of queries, and one weight makes all three. */
  readonly selfAttn: MultiheadAttention & { readonly inProjWeight: Parameter };
  /** `dModel` to `dimFeedforward`. */
  readonly linear1: Linear;
  /** `dimFeedforward` to `dModel`. */
  readonly linear2: Linear;
  /** Before (or after) attention. */
  readonly norm1: LayerNorm | RMSNorm;
  /** Before (or after) the network. */
  readonly norm2: LayerNorm | RMSNorm;
  /** Of what goes beside the path. */
  readonly dropout: Dropout;
  readonly #activation: Activation;
  readonly #normFirst: boolean;

  /**
   * Draws the weights as PyTorch draws those of its layers.
   *
   * @throws RangeError unless `numHeads` divides `dModel`.
   */
  constructor(readonly dModel: number, numHeads: number, random: HostRandom, options: TransformerBlockOptions = {}) {
    takesBlock(arguments);
    super();
    const { dimFeedforward = 4 * dModel, dropout = 0, bias = true, layerNormEps = 1e-5, norm = "layer", rotary } =
      options;
    const biases = bias ? {} : { biasInit: null };
    const makeNorm = (): LayerNorm | RMSNorm =>
      norm === "rms" ? new RMSNorm(dModel, layerNormEps) : new LayerNorm(dModel, layerNormEps);
    this.selfAttn = new MultiheadAttention(dModel, numHeads, random, {
      dropout,
      bias,
      batchFirst: true,
      ...(rotary ? { rotary } : {}),
    }) as TransformerBlock["selfAttn"];
    this.linear1 = new Linear(dModel, dimFeedforward, random, biases);
    this.linear2 = new Linear(dimFeedforward, dModel, random, biases);
    this.norm1 = makeNorm();
    this.norm2 = makeNorm();
    this.dropout = new Dropout(dropout, random);
    this.#activation = checkActivation(options.activation ?? "gelu");
    this.#normFirst = options.normFirst ?? true;
  }

  /** `[.., time, dModel]` to the same. Masks are those of {@linkcode MultiheadAttention}. */
  forward(x: Tensor, masks: MultiheadMasks = {}): Tensor {
    checkInput("TransformerBlock", { dModel: this.dModel }, x);
    const attend = (y: Tensor): Tensor => this.dropout.forward(this.selfAttn.forward(y, y, y, masks));
    return atCaller(() => {
      if (this.#normFirst) {
        const y = x.add(attend(this.norm1.forward(x)));
        return y.add(this.#network(this.norm2.forward(y)));
      }
      const y = this.norm1.forward(x.add(attend(x)));
      return this.norm2.forward(y.add(this.#network(y)));
    });
  }

  #network(x: Tensor): Tensor {
    const rows = x.reshape(-1, this.dModel);
    const hidden = this.dropout.forward(this.linear1.forward(rows)[this.#activation]());
    return this.dropout.forward(this.linear2.forward(hidden)).reshape(...x.shape).named(...x.axes.slice(0, -1), null);
  }
}

takeOnly(TransformerBlock, {
  forward: {
    x: kind.tensor,
    masks: kind.options<MultiheadMasks>(maskKinds),
  },
});
