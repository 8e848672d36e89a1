/**
 * A transformer that reads bytes and says the next ones: a trunk, and for each of the tokens ahead a head of one layer (Gloeckle et al.
 * 2024, section 2). Models of any number of heads have equally many parameters: a head takes the place of a layer of the trunk.
 */

import { signature, takeOnly } from "../graph/arguments.ts";
import { atCaller } from "../graph/site.ts";
import { describe } from "../graph/types.ts";
import { Embedding } from "../nn/embedding.ts";
import { normalInit } from "../nn/init.ts";
import { Module } from "../nn/module.ts";
import { RMSNorm } from "../nn/norm/rms_norm.ts";
import { TransformerBlock } from "../nn/transformer/block.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { refuse } from "./heads.ts";

/** The size of a {@linkcode LanguageModel}. */
export interface LanguageModelOptions {
  /** Features of a token: 128 unless told otherwise. */
  dModel?: number;
  /** Layers, those of the heads among them: 5 unless told otherwise. */
  numLayers?: number;
  /** Heads of attention in each layer: 4 unless told otherwise. */
  numHeads?: number;
  /** Tokens that are predicted at once: 4 unless told otherwise, 1 for the next one alone. */
  predictions?: number;
  /** Symbols: 256 bytes unless told otherwise. */
  vocabulary?: number;
}

const size = kind.count(1);
const takesModel = signature("new LanguageModel()", {
  random: kind.hostRandom,
  options: kind.options<LanguageModelOptions>({
    dModel: size,
    numLayers: size,
    numHeads: size,
    predictions: size,
    vocabulary: size,
  }),
});

/** What norms add to the mean square. */
const eps = 1e-5;

/**
 * Logits of the tokens ahead. Layers are pre-norm with RMSNorm, rotary positions, GELU and no biases; the unembedding is the table of
 * the embedding, shared by all heads.
 *
 * @example
 * ```ts
 * import { HostRandom, LanguageModel, tensor } from "@plumbline/plumbline";
 *
 * const model = new LanguageModel(new HostRandom(0), { dModel: 16, numLayers: 3, numHeads: 2, predictions: 2 });
 * const tokens = tensor(new TextEncoder().encode("hello"), { shape: [1, 5] });
 * console.log(model.forward(tokens).shape); // [ 1, 5, 256 ]
 * ```
 */
export class LanguageModel extends Module {
  /** Of tokens, `[vocabulary, dModel]`: the unembedding too. */
  readonly embedding: Embedding;
  /** The layers that all heads share. */
  readonly trunk: readonly TransformerBlock[];
  /** One layer for each token ahead. */
  readonly heads: readonly TransformerBlock[];
  /** Before the unembedding. */
  readonly norm: RMSNorm;

  /**
   * Draws the weights from `random`.
   *
   * @throws RangeError unless at least one layer is left for the trunk, and the heads of attention share the features evenly.
   */
  constructor(random: HostRandom, options: LanguageModelOptions = {}) {
    takesModel(arguments);
    super();
    const { dModel = 128, numLayers = 5, numHeads = 4, predictions = 4, vocabulary = 256 } = options;
    if (predictions >= numLayers) {
      throw new RangeError(
        `${predictions} heads of one layer each leave none of ${numLayers} layers for the trunk: numLayers is at least ${
          predictions + 1
        }.`,
      );
    }
    if (dModel % (2 * numHeads) !== 0) {
      throw new RangeError(
        `rotary positions turn pairs of the ${dModel} features that ${numHeads} heads of attention share: dModel is a multiple of ${
          2 * numHeads
        }.`,
      );
    }
    const layer = (): TransformerBlock =>
      new TransformerBlock(dModel, numHeads, random, { norm: "rms", bias: false, layerNormEps: eps, rotary: {} });
    this.embedding = new Embedding(vocabulary, dModel, random, { weightInit: normalInit(0.02) });
    this.trunk = Array.from({ length: numLayers - predictions }, layer);
    this.heads = Array.from({ length: predictions }, layer);
    this.norm = new RMSNorm(dModel, eps);
  }

  /** Logits of the token after each, `[sequence, time, vocabulary]`, for tokens `[sequence, time]` (int32). */
  forward(x: Tensor): Tensor {
    return this.logits(this.hidden(x), 0);
  }

  /**
   * What the trunk makes of tokens `[sequence, time]` (int32): `[sequence, time, dModel]`.
   *
   * @throws PlumblineError G301 for other shapes.
   */
  hidden(tokens: Tensor): Tensor {
    if (tokens.rank !== 2) {
      refuse(
        `LanguageModel takes tokens [sequence, time], not ${describe(tokens.node)}.`,
        [tokens],
        "tokens.unsqueeze(0)?",
      );
    }
    return atCaller(() => this.trunk.reduce((h, layer) => layer.forward(h, causal), this.embedding.forward(tokens)));
  }

  /**
   * What head `k` makes of the trunk, `[sequence, time, dModel]` to the same: before norm and unembedding.
   *
   * @throws RangeError if there is no such head.
   */
  ahead(hidden: Tensor, k: number): Tensor {
    const head = this.heads[k];
    if (!head) throw new RangeError(`LanguageModel has the heads 0 to ${this.heads.length - 1}, not ${k}.`);
    return atCaller(() => head.forward(hidden, causal));
  }

  /**
   * Logits of the token k + 1 places on, by head `k`: `[sequence, time, dModel]` to `[sequence, time, vocabulary]`.
   *
   * @throws RangeError if there is no such head.
   */
  logits(hidden: Tensor, k: number): Tensor {
    return atCaller(() => this.unembed(this.ahead(hidden, k)));
  }

  /** Logits of what a head gave, whatever the axes before: `[.., dModel]` to `[.., vocabulary]`. */
  unembed(x: Tensor): Tensor {
    const { dModel, vocabulary } = this;
    return atCaller(() => {
      const rows = this.norm.forward(x).reshape(-1, dModel);
      return rows.matmul(this.embedding.weight.transpose()).reshape(...x.shape.slice(0, -1), vocabulary);
    });
  }

  /** Features of a token. */
  get dModel(): number {
    return this.embedding.embeddingDim;
  }

  /** How many symbols there are. */
  get vocabulary(): number {
    return this.embedding.numEmbeddings;
  }
}

const causal = { isCausal: true };

takeOnly(LanguageModel, {
  forward: { x: kind.tensor },
  hidden: { tokens: kind.tensor },
  ahead: { hidden: kind.tensor, k: kind.count(0) },
  logits: { hidden: kind.tensor, k: kind.count(0) },
  unembed: { x: kind.tensor },
});
