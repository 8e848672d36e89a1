/** Embedding: a table of vectors, one for each of some symbols, looked up by number. */

import { signature, takeOnly } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { atCaller } from "../graph/site.ts";
import { describe } from "../graph/types.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import * as kind from "../tensor/kinds.ts";
import { concat } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Parameter } from "../tensor/variable.ts";
import { drawParameter, type Initializer, normalInit } from "./init.ts";
import { Module } from "./module.ts";

/** Settings of {@linkcode Embedding}. */
export interface EmbeddingOptions {
  /** The symbol that stands for nothing: its vector does not learn, and starts at 0. */
  paddingIdx?: number;
  /** The table; standard normal unless told otherwise, as in PyTorch. */
  weightInit?: Initializer;
}

const size = kind.count(1);
const takesEmbedding = signature("new Embedding()", {
  numEmbeddings: size,
  embeddingDim: size,
  random: kind.hostRandom,
  options: kind.options<EmbeddingOptions>({ paddingIdx: kind.whole, weightInit: kind.callable }),
});

/**
 * The vectors of some symbols (torch.nn.Embedding).
 *
 * @example
 * ```ts
 * import { Embedding, HostRandom, tensor } from "@plumbline/plumbline";
 *
 * const table = new Embedding(65, 16, new HostRandom(0));
 * console.log(table.forward(tensor([[3, 1, 4], [1, 5, 9]], { dtype: "int32" })).shape); // [ 2, 3, 16 ]
 * ```
 */
export class Embedding extends Module {
  /** `[numEmbeddings, embeddingDim]`. */
  readonly weight: Parameter;
  /** Which symbol stands for nothing; null if none does. */
  readonly paddingIdx: number | null;

  /**
   * Draws the table from `random`.
   *
   * @throws RangeError if `paddingIdx` is none of the symbols.
   */
  constructor(
    readonly numEmbeddings: number,
    readonly embeddingDim: number,
    random: HostRandom,
    options: EmbeddingOptions = {},
  ) {
    takesEmbedding(arguments);
    super();
    const { paddingIdx = null, weightInit = normalInit(1) } = options;
    if (paddingIdx !== null && (paddingIdx < -numEmbeddings || paddingIdx >= numEmbeddings)) {
      throw new RangeError(`paddingIdx is one of the ${numEmbeddings} symbols, not ${paddingIdx}.`);
    }
    this.paddingIdx = paddingIdx !== null && paddingIdx < 0 ? paddingIdx + numEmbeddings : paddingIdx;
    this.weight = drawParameter("weight", [numEmbeddings, embeddingDim], weightInit, random);
    if (this.paddingIdx !== null) this.weight.assign(withoutRow(this.weight, this.paddingIdx));
  }

  /**
   * Symbols `[..]` (int32, from 0) to their vectors `[.., embeddingDim]`. A symbol outside of the table is an error (G308), told
   * when the values are computed.
   *
   * @throws PlumblineError G301 if they are not int32.
   */
  forward(x: Tensor): Tensor {
    if (x.dtype !== "int32") {
      throw new PlumblineError({
        code: "G301",
        message: `Embedding takes int32 symbols, not ${describe(x.node)}.`,
        made: [x.node],
        help: 'cast them: x.cast("int32").',
      });
    }
    return atCaller(() => {
      const found = this.weight.take(x.reshape(x.size), 0).reshape(...x.shape, this.embeddingDim);
      const vectors = found.named(...x.axes, null);
      if (this.paddingIdx === null) return vectors;
      return vectors.detach("the symbol that stands for nothing").where(
        x.equal(this.paddingIdx).unsqueeze(-1),
        vectors,
      );
    });
  }
}

takeOnly(Embedding, { forward: { x: kind.tensor } });

function withoutRow(table: Tensor, row: number): Tensor {
  const zeros = table.slice(0, 0, 1).mul(0);
  return concat([table.slice(0, 0, row), zeros, table.slice(0, row + 1)]);
}
