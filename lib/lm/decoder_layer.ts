/**
 * A layer of a language model over a few bytes, which sees those before in memory. Its weights lie in panels: a product of a few rows reads
 * each of them once, one number after another.
 */

import type { TransformerBlock } from "../nn/transformer/block.ts";
import { concat, where } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Kept } from "./cache.ts";
import type { LanguageModel } from "./language_model.ts";

/** Columns of a panel, at most. */
const widest = 64;

/** A weight `[output, input]` in panels: `[panel, input, output of the panel]`. */
function panels(weight: Tensor): Tensor {
  const [outputs, inputs] = weight.shape as [number, number];
  let width = Math.min(widest, outputs);
  while (outputs % width !== 0) width--;
  return weight.reshape(outputs / width, width, inputs).permute(0, 2, 1);
}

/** The products of rows `[row, input]` with a weight in panels: `[row, output]`. */
export function times(x: Tensor, weight: Tensor): Tensor {
  const rows = x.shape[0]!;
  return x.unsqueeze(0).matmul(weight).permute(1, 0, 2).reshape(rows, weight.shape[0]! * weight.shape[2]!);
}

/** The weights of a layer in panels. */
export interface LayerPanels {
  readonly [key: string]: Tensor;
  readonly queries: Tensor;
  /** Of keys and values. */
  readonly kept: Tensor;
  readonly out: Tensor;
  readonly linear1: Tensor;
  readonly linear2: Tensor;
}

/** The weights of a model in panels. */
export interface ModelPanels {
  readonly [key: string]: Tensor | readonly LayerPanels[];
  readonly trunk: readonly LayerPanels[];
  readonly heads: readonly LayerPanels[];
  readonly unembedding: Tensor;
}

function panelsOfLayer({ dModel, selfAttn, linear1, linear2 }: TransformerBlock): LayerPanels {
  return {
    queries: panels(selfAttn.inProjWeight.slice(0, 0, dModel)),
    kept: panels(selfAttn.inProjWeight.slice(0, dModel)),
    out: panels(selfAttn.outProj.weight),
    linear1: panels(linear1.weight),
    linear2: panels(linear2.weight),
  };
}

/** The weights of `model` as they are now. */
export function panelsOf(model: LanguageModel): ModelPanels {
  return {
    trunk: model.trunk.map(panelsOfLayer),
    heads: model.heads.map(panelsOfLayer),
    unembedding: panels(model.embedding.weight),
  };
}

/** Where bytes stand: cos and sin of their rotations, `[byte, pair]`. */
export interface Place {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** Something that attention sees: keys and values `[head, slot, feature]`, and bool `[byte, slot]`: which of them a byte sees. */
export interface Memory {
  readonly kept: Kept;
  readonly seen: Tensor;
}

/** Pairs of features turned by their positions: feature i and i + features / 2. `x` is `[head, byte, feature]`. */
function turned(x: Tensor, { cos, sin }: Place): Tensor {
  const half = x.shape[2]! / 2;
  const [a, b] = [x.slice(2, 0, half), x.slice(2, half)];
  return concat([a.mul(cos).sub(b.mul(sin)), a.mul(sin).add(b.mul(cos))], 2);
}

/** `[byte, feature]` by heads: `[head, byte, feature]`. */
const byHeads = (x: Tensor, heads: number): Tensor =>
  x.reshape(x.shape[0]!, heads, x.shape[1]! / heads).permute(1, 0, 2);

/** Keys and values of bytes whose input to the layer is `x`, `[byte, dModel]`. */
export function keptOf(block: TransformerBlock, weights: LayerPanels, x: Tensor, place: Place): Kept {
  const both = times(block.norm1.forward(x), weights.kept);
  const part = (i: number): Tensor =>
    byHeads(both.slice(1, i * block.dModel, (i + 1) * block.dModel), block.selfAttn.numHeads);
  return [turned(part(0), place), part(1)];
}

/** Attention to all that memories hold, as to one. Each byte sees something. `[head, byte, feature]`. */
function attend(queries: Tensor, memories: readonly Memory[]): Tensor {
  const sum = (list: readonly Tensor[]): Tensor => list.reduce((a, b) => a.add(b));
  const scores = memories.map(({ kept: [keys], seen }) => where(seen, queries.matmul(keys.transpose()), -Infinity));
  const most = scores.map((x) => x.max(-1, true)).reduce((a, b) => a.maximum(b));
  const shares = scores.map((x) => x.sub(most).exp());
  const total = sum(shares.map((x) => x.sum(-1, true)));
  return sum(shares.map((x, i) => x.matmul(memories[i]!.kept[1]))).div(total);
}

/** What the layer makes of bytes `[byte, dModel]`, which see what memories hold, their own keys among it. */
export function layerOver(
  block: TransformerBlock,
  weights: LayerPanels,
  x: Tensor,
  place: Place,
  memories: readonly Memory[],
): Tensor {
  const { norm1, norm2, selfAttn: { numHeads }, dModel } = block;
  const queries = turned(byHeads(times(norm1.forward(x), weights.queries), numHeads), place);
  const seen = attend(queries.mul(1 / Math.sqrt(dModel / numHeads)), memories);
  const y = x.add(times(seen.permute(1, 0, 2).reshape(...x.shape), weights.out));
  return y.add(times(times(norm2.forward(y), weights.linear1).gelu(), weights.linear2));
}
