/**
 * A language model that goes on with a text, a few bytes at a time: what attention has seen of those before is kept, in a cache of
 * fixed size, so that every step is the same program.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import { gumbel } from "../nn/distributions.ts";
import { Module } from "../nn/module.ts";
import type { TransformerBlock } from "../nn/transformer/block.ts";
import { arange, zeros } from "../tensor/creation.ts";
import { concat, stack, where } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { scan } from "../tensor/scan.ts";
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

/** Keys and values, `[head, slot, feature]`. */
type Kept = [keys: Tensor, values: Tensor];

/** How bytes are drawn. */
export interface Sampling {
  /** Above 0: logits are divided by it. */
  readonly temperature: number;
  /** Only so many of the likeliest bytes; 0: all. */
  readonly topK: number;
  /** Only the likeliest bytes that have this probability together. */
  readonly topP: number;
}

/** Bytes that one program writes. */
export const stride = 32;

/** The steps of a model that goes on with a text. */
export class Decoder {
  /** Bytes that it can see. */
  readonly slots: number;
  readonly #trunk: readonly LayerCache[];
  readonly #heads: readonly LayerCache[];
  readonly #tables: readonly [Tensor, Tensor];
  readonly #next: Compiled<[Tensor, Tensor], Tensor>;
  readonly #draft: Compiled<[Tensor, Tensor], Tensor>;
  readonly #greedy: Compiled<[Tensor, Tensor], Tensor>;
  readonly #sample: Compiled<[Tensor, Tensor, Tensor, Tensor], Tensor>;

  /** With a cache for `slots` bytes. */
  constructor(readonly model: LanguageModel, slots: number) {
    this.slots = slots;
    const heads = model.trunk[0]!.selfAttn.numHeads;
    const features = model.dModel / heads;
    const cache = (): LayerCache => new LayerCache(heads, slots, features);
    this.#trunk = model.trunk.map(cache);
    this.#heads = model.heads.map(cache);
    this.#tables = [table(slots, features, Math.cos), table(slots, features, Math.sin)];
    const plain = [...this.#trunk, this.#heads[0]!];
    const named = (name: string, caches: readonly LayerCache[]) => {
      return { state: [model, ...caches], name, checkNumerics: false };
    };
    this.#next = compile((tokens: Tensor, start: Tensor) => {
      const { y, kept } = this.#pass(tokens, start, 1, read(plain));
      write(plain, kept);
      return model.unembed(y[0]!);
    }, named("next", plain));
    this.#draft = compile((tokens: Tensor, start: Tensor) => {
      const all = [...this.#trunk, ...this.#heads];
      const { y, kept } = this.#pass(tokens, start, model.heads.length, read(all));
      write(all, kept);
      return stack(y.map((x) => model.unembed(x).argmax(-1)), -1);
    }, named("draft", [...this.#trunk, ...this.#heads]));
    this.#greedy = compile((last: Tensor, start: Tensor) => {
      return this.#write(last, start, zeros([stride]), (logits) => logits.argmax(-1));
    }, named("greedy", plain));
    this.#sample = compile((last: Tensor, start: Tensor, key: Tensor, sampling: Tensor) => {
      const noise = gumbel(key, [stride, model.vocabulary]);
      return this.#write(last, start, noise, (logits, x) => chooseByte(logits, x, sampling));
    }, named("sample", plain));
  }

  /** Reads bytes, the first of them at slot `start`; gives the logits of the byte after each, `[time, vocabulary]`. */
  async next(tokens: Int32Array, start: number): Promise<Float32Array> {
    return await (await this.#next(fromData(tokens, "int32", [tokens.length]), whole(start))).data() as Float32Array;
  }

  /** As {@linkcode next}, with all heads: gives the likeliest byte of each, `[time, head]`. */
  async draft(tokens: Int32Array, start: number): Promise<Int32Array> {
    return await (await this.#draft(fromData(tokens, "int32", [tokens.length]), whole(start))).data() as Int32Array;
  }

  /**
   * Reads the byte `last` at slot `start` and writes on: {@linkcode stride} bytes, each read at the slot after that of the one before. Those
   * that were written when no slot was left are of no use. Without `sampling` they are the likeliest ones; else they are drawn by `random`.
   */
  async write(last: number, start: number, sampling: Sampling | null, random: HostRandom): Promise<Int32Array> {
    if (!sampling) return await (await this.#greedy(whole(last), whole(start))).data() as Int32Array;
    const { temperature, topK, topP } = sampling;
    const numbers = fromData(Float32Array.of(temperature, topK || this.model.vocabulary, topP), "float32", [3]);
    return await (await this.#sample(whole(last), whole(start), random.key(), numbers)).data() as Int32Array;
  }

  /** Gives back its programs. */
  dispose(): void {
    for (const program of [this.#next, this.#draft, this.#greedy, this.#sample]) program.dispose();
  }

  #place(time: number, start: Tensor): Place {
    const slots = arange(this.slots);
    const at = arange(time).add(start);
    // Bytes past the last slot are of no use: nobody sees them.
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

  /** Bytes `[time]` through the trunk and the first `heads` heads; gives what each head makes of them, and what is kept. */
  #pass(tokens: Tensor, start: Tensor, heads: number, before: readonly Kept[]): { y: Tensor[]; kept: Kept[] } {
    const { model } = this;
    const place = this.#place(tokens.size, start);
    const kept: Kept[] = [];
    const through = (block: TransformerBlock, x: Tensor): Tensor => {
      const [y, mine] = layer(block, x, place, before[kept.length]!);
      kept.push(mine);
      return y;
    };
    const hidden = model.trunk.reduce((x, block) => through(block, x), model.embedding.forward(tokens));
    return { y: model.heads.slice(0, heads).map((head) => through(head, hidden)), kept };
  }

  /** Writes {@linkcode stride} bytes: one loop, which carries what is kept. */
  #write(last: Tensor, start: Tensor, noise: Tensor, choose: (logits: Tensor, noise: Tensor) => Tensor): Tensor {
    const caches = [...this.#trunk, this.#heads[0]!];
    type Carry = { token: Tensor; at: Tensor; kept: Kept[] };
    const [after, text] = scan(
      ({ token, at, kept }: Carry, x: Tensor): [Carry, Tensor] => {
        const pass = this.#pass(token.reshape(1), at, 1, kept);
        const next = choose(this.model.unembed(pass.y[0]!).reshape(this.model.vocabulary), x);
        return [{ token: next, at: at.add(1), kept: pass.kept }, next];
      },
      { token: last, at: start, kept: read(caches) },
      noise,
    );
    write(caches, after.kept);
    return text;
  }
}

/** What caches hold. */
const read = (caches: readonly LayerCache[]): Kept[] => caches.map(({ keys, values }): Kept => [keys, values]);

/** Caches hold `kept` from now on. */
function write(caches: readonly LayerCache[], kept: readonly Kept[]): void {
  caches.forEach(({ keys, values }, i) => {
    keys.assign(kept[i]![0]);
    values.assign(kept[i]![1]);
  });
}

/**
 * A byte by its logits `[vocabulary]`, drawn by Gumbel noise (`[.., vocabulary]`: a byte for each row) from the likeliest ones.
 * `sampling` is temperature, how many bytes at most, and the probability that those of the nucleus have together (Holtzman et al. 2020).
 */
export function chooseByte(logits: Tensor, noise: Tensor, sampling: Tensor): Tensor {
  const [temperature, topK, topP] = sampling.unbind(0) as [Tensor, Tensor, Tensor];
  const scaled = logits.div(temperature);
  const own = arange(logits.size);
  // Entry (i, j): byte j comes before byte i in the order of likelihood, the smaller one of equals first.
  const [mine, other] = [scaled.unsqueeze(1), scaled.unsqueeze(0)];
  const isEarlier = own.unsqueeze(0).less(own.unsqueeze(1)).and(other.equal(mine));
  const before = other.greater(mine).or(isEarlier).cast("float32");
  const isTop = before.sum(1).less(topK);
  const p = scaled.softmax(-1, { where: isTop });
  const kept = isTop.and(before.mul(p.unsqueeze(0)).sum(1).less(topP));
  return where(kept, scaled, -Infinity).add(noise).argmax(-1);
}

const whole = (x: number): Tensor => fromData(Int32Array.of(x), "int32", []);

/** Pairs of features turned by their positions: feature i and i + features / 2. `x` is `[head, time, feature]`. */
function turned(x: Tensor, { cos, sin }: Place): Tensor {
  const half = x.shape[2]! / 2;
  const [a, b] = [x.slice(2, 0, half), x.slice(2, half)];
  return concat([a.mul(cos).sub(b.mul(sin)), a.mul(sin).add(b.mul(cos))], 2);
}

/** A layer over bytes `[time, dModel]`: gives what it makes of them, and what is kept from now on. */
function layer(block: TransformerBlock, x: Tensor, place: Place, [oldKeys, oldValues]: Kept): [Tensor, Kept] {
  const { selfAttn: { inProjWeight, outProj, numHeads }, norm1, norm2, linear1, linear2 } = block;
  const [time, features] = x.shape as [number, number];
  const each = features / numHeads;
  const all = norm1.forward(x).matmul(inProjWeight.transpose());
  const part = (i: number): Tensor =>
    all.slice(1, i * features, (i + 1) * features).reshape(time, numHeads, each).permute(1, 0, 2);
  // One byte goes to one slot without being looked up.
  const keep = (old: Tensor, fresh: Tensor): Tensor =>
    where(place.own, time === 1 ? fresh : fresh.take(place.source, 1), old);
  const keys = keep(oldKeys, turned(part(1), place));
  const values = keep(oldValues, part(2));
  const scores = turned(part(0), place).mul(1 / Math.sqrt(each)).matmul(keys.transpose());
  const seen = scores.softmax(-1, { where: place.seen }).matmul(values);
  const y = x.add(outProj.forward(seen.permute(1, 0, 2).reshape(time, features)));
  return [y.add(linear2.forward(linear1.forward(norm2.forward(y)).gelu())), [keys, values]];
}
