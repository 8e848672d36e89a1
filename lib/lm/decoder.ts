/**
 * A language model that goes on with a text, a few bytes at a time: what attention has seen of those before is kept, in a cache of
 * fixed size, so that every step is the same program.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import { Module } from "../nn/module.ts";
import type { TransformerBlock } from "../nn/transformer/block.ts";
import { arange, zeros } from "../tensor/creation.ts";
import { concat, stack, where } from "../tensor/functions.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";
import { Variable } from "../tensor/variable.ts";
import type { LanguageModel } from "./language_model.ts";

/** What rotations are by: the base of {@linkcode rotaryPositions}. */
const base = 10000;

/** Keys and values of a layer, `[head, slot, feature]` each. */
class LayerCache extends Module {
  readonly keys: Variable;
  readonly values: Variable;

  constructor(heads: number, slots: number, features: number) {
    super();
    this.keys = new Variable(zeros([heads, slots, features]), "keys");
    this.values = new Variable(zeros([heads, slots, features]), "values");
  }

  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** Where some bytes stand: what all layers need of it. */
interface Place {
  /** cos and sin of the rotations, `[time, pair]`. */
  readonly cos: Tensor;
  readonly sin: Tensor;
  /** bool `[time, slot]`: what a byte sees. */
  readonly seen: Tensor;
  /** bool `[slot, 1]`: the slots of these bytes; and which byte, int32 `[slot]`. */
  readonly own: Tensor;
  readonly source: Tensor;
}

/** cos or sin of position times frequency, `[slot, pair]`. */
function table(slots: number, features: number, f: (angle: number) => number): Tensor {
  const pairs = features / 2;
  const data = Float32Array.from(
    { length: slots * pairs },
    (_, i) => f(Math.floor(i / pairs) * base ** (-2 * (i % pairs) / features)),
  );
  return fromData(data, "float32", [slots, pairs]);
}

/** The steps of a model that goes on with a text. */
export class Decoder {
  /** Bytes that it can see. */
  readonly slots: number;
  readonly #trunk: readonly LayerCache[];
  readonly #heads: readonly LayerCache[];
  readonly #tables: readonly [Tensor, Tensor];
  readonly #next: Compiled<[Tensor, Tensor], Tensor>;
  readonly #draft: Compiled<[Tensor, Tensor], Tensor>;

  /** With a cache for `slots` bytes. */
  constructor(readonly model: LanguageModel, slots: number) {
    this.slots = slots;
    const heads = model.trunk[0]!.selfAttn.numHeads;
    const features = model.dModel / heads;
    const cache = (): LayerCache => new LayerCache(heads, slots, features);
    this.#trunk = model.trunk.map(cache);
    this.#heads = model.heads.map(cache);
    this.#tables = [table(slots, features, Math.cos), table(slots, features, Math.sin)];
    const [first] = this.#heads as [LayerCache, ...LayerCache[]];
    this.#next = compile((tokens: Tensor, start: Tensor) => {
      const place = this.#place(tokens.size, start);
      return model.unembed(layer(model.heads[0]!, this.#hidden(tokens, place), place, first));
    }, { state: [model, ...this.#trunk, first], name: "next", checkNumerics: false });
    this.#draft = compile((tokens: Tensor, start: Tensor) => {
      const place = this.#place(tokens.size, start);
      const hidden = this.#hidden(tokens, place);
      const choices = model.heads.map((head, k) =>
        model.unembed(layer(head, hidden, place, this.#heads[k]!)).argmax(-1)
      );
      return stack(choices, -1);
    }, { state: [model, ...this.#trunk, ...this.#heads], name: "draft", checkNumerics: false });
  }

  /** Reads bytes, the first of them at slot `start`; gives the logits of the byte after each, `[time, vocabulary]`. */
  async next(tokens: Int32Array, start: number): Promise<Float32Array> {
    return await (await this.#next(fromData(tokens, "int32", [tokens.length]), slot(start))).data() as Float32Array;
  }

  /** As {@linkcode next}, with all heads: gives the likeliest byte of each, `[time, head]`. */
  async draft(tokens: Int32Array, start: number): Promise<Int32Array> {
    return await (await this.#draft(fromData(tokens, "int32", [tokens.length]), slot(start))).data() as Int32Array;
  }

  /** Gives back its programs. */
  dispose(): void {
    this.#next.dispose();
    this.#draft.dispose();
  }

  #place(time: number, start: Tensor): Place {
    const slots = arange(this.slots);
    const at = arange(time).add(start);
    // Bytes past the last slot are those that fill up a part: nobody sees them.
    const row = at.minimum(this.slots - 1);
    const source = slots.sub(start);
    return {
      cos: this.#tables[0].take(row, 0),
      sin: this.#tables[1].take(row, 0),
      seen: slots.unsqueeze(0).lessEqual(at.unsqueeze(1)),
      own: source.greaterEqual(0).and(source.less(time)).unsqueeze(-1),
      source: source.clamp(0, time - 1),
    };
  }

  #hidden(tokens: Tensor, place: Place): Tensor {
    const { model } = this;
    return model.trunk.reduce(
      (x, block, i) => layer(block, x, place, this.#trunk[i]!),
      model.embedding.forward(tokens),
    );
  }
}

const slot = (start: number): Tensor => fromData(Int32Array.of(start), "int32", []);

/** Pairs of features turned by their positions: feature i and i + features / 2. `x` is `[head, time, feature]`. */
function turned(x: Tensor, { cos, sin }: Place): Tensor {
  const half = x.shape[2]! / 2;
  const [a, b] = [x.slice(2, 0, half), x.slice(2, half)];
  return concat([a.mul(cos).sub(b.mul(sin)), a.mul(sin).add(b.mul(cos))], 2);
}

/** A layer over bytes `[time, dModel]`, of which it keeps keys and values. */
function layer(block: TransformerBlock, x: Tensor, place: Place, cache: LayerCache): Tensor {
  const { selfAttn: { inProjWeight, outProj, numHeads }, norm1, norm2, linear1, linear2 } = block;
  const [time, features] = x.shape as [number, number];
  const each = features / numHeads;
  const all = norm1.forward(x).matmul(inProjWeight.transpose());
  const part = (i: number): Tensor =>
    all.slice(1, i * features, (i + 1) * features).reshape(time, numHeads, each).permute(1, 0, 2);
  const q = turned(part(0), place);
  const keep = (variable: Variable, fresh: Tensor): Tensor => {
    // One byte goes to one slot without being looked up.
    const spread = time === 1 ? fresh : fresh.take(place.source, 1);
    const kept = where(place.own, spread, variable);
    variable.assign(kept);
    return kept;
  };
  const keys = keep(cache.keys, turned(part(1), place));
  const values = keep(cache.values, part(2));
  const scores = q.mul(1 / Math.sqrt(each)).matmul(keys.transpose());
  const seen = scores.softmax(-1, { where: place.seen }).matmul(values);
  const y = x.add(outProj.forward(seen.permute(1, 0, 2).reshape(time, features)));
  return y.add(linear2.forward(linear1.forward(norm2.forward(y)).gelu()));
}
