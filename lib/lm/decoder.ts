/**
 * A language model that goes on with a text, a few bytes at a time: what attention has seen of those before is kept, in a cache of
 * fixed size, so that every step is the same program.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import type { Node } from "../graph/node.ts";
import { gumbel } from "../nn/distributions.ts";
import { arange, ones, zeros } from "../tensor/creation.ts";
import { concat, where } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { scan } from "../tensor/scan.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";
import { type Kept, LayerCache, read, settle, stored, storesFor, write } from "./cache.ts";
import { keptOf, layerOver, type Memory, type ModelPanels, panelsOf, type Place, times } from "./decoder_layer.ts";
import type { LanguageModel } from "./language_model.ts";

/** What rotations are by: the base of {@linkcode rotaryPositions}. */
const base = 10000;

/** cos or sin of position times frequency, `[slot, pair]`. */
function table(slots: number, features: number, f: (angle: number) => number): Tensor {
  const pairs = features / 2;
  const data = Float32Array.from(
    { length: slots * pairs },
    (_, i) => f(Math.floor(i / pairs) * base ** (-2 * (i % pairs) / features)),
  );
  return fromData(data, "float32", [slots, pairs]);
}

/** How bytes are drawn. */
export interface Sampling {
  /** Above 0: logits are divided by it. */
  readonly temperature: number;
  /** Only so many of the likeliest bytes; 0: all. */
  readonly topK: number;
  /** Only the likeliest bytes that have this probability together. */
  readonly topP: number;
}

/** Bytes that are read at once, and that are written by one program without drafts. */
export const stride = 32;
/** Rounds of drafting and verifying that one program does. */
const rounds = 12;

/** What rounds of drafting and verifying came to. */
export interface Rounds {
  /** The likeliest byte after each that was read, `[round, head]`. */
  readonly choices: Int32Array;
  /** How many of a round's choices are written: those behind drafts that were right, and one more. `[round]`. */
  readonly accepted: Int32Array;
  /** What the next round reads, `[head]`: the last byte, and drafts of those after it. */
  readonly next: Int32Array;
}

type Written = Compiled<[ModelPanels, ...Tensor[]], Tensor>;

/** The steps of a model that goes on with a text. */
export class Decoder {
  /** Bytes that it can see. */
  readonly slots: number;
  readonly #trunk: readonly LayerCache[];
  readonly #heads: readonly LayerCache[];
  readonly #tables: readonly [Tensor, Tensor];
  readonly #arrange: Compiled<[], ModelPanels>;
  readonly #read: Readonly<Record<"first" | "all", Compiled<[ModelPanels, Tensor, Tensor], void>>>;
  readonly #greedy: Written;
  readonly #sample: Written;
  readonly #speculate: Compiled<[ModelPanels, Tensor, Tensor], [Tensor, Tensor, Tensor]>;
  #weights: ModelPanels | null = null;
  /** What they were made of. */
  #arranged: readonly Node[] = [];

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
    const all = [...this.#trunk, ...this.#heads];
    const named = (name: string, caches: readonly LayerCache[]) => {
      return { state: [model, ...caches], name, checkNumerics: false };
    };
    this.#arrange = compile(() => panelsOf(model), named("arrange", []));
    const reading = (caches: readonly LayerCache[]) =>
      compile(
        (weights: ModelPanels, tokens: Tensor, start: Tensor) => this.#readInto(caches, weights, tokens, start),
        named("read", caches),
      );
    this.#read = { first: reading(plain), all: reading(all) };
    this.#greedy = compile((weights: ModelPanels, last: Tensor, start: Tensor) => {
      return this.#write(weights, last, start, zeros([stride]), (logits) => logits.argmax(-1));
    }, named("greedy", plain));
    this.#sample = compile((weights: ModelPanels, last: Tensor, start: Tensor, key: Tensor, sampling: Tensor) => {
      const noise = gumbel(key, [stride, model.vocabulary]);
      return this.#write(weights, last, start, noise, (logits, x) => chooseByte(logits, x, sampling));
    }, named("sample", plain));
    this.#speculate = compile(
      (weights: ModelPanels, tokens: Tensor, start: Tensor) => this.#draftAndVerify(weights, tokens, start),
      named("speculate", all),
    );
  }

  /** Takes the weights of the model as they are now. Called before all else. */
  async begin(): Promise<void> {
    const nodes = this.model.parameters().map((x) => x.node);
    if (this.#weights && nodes.every((x, i) => x === this.#arranged[i])) return;
    this.#weights = await this.#arrange();
    this.#arranged = nodes;
  }

  /** Reads {@linkcode stride} bytes, the first of them at slot `start`: of all heads, or the first one alone. */
  async read(tokens: Int32Array, start: number, heads: "first" | "all"): Promise<void> {
    await this.#read[heads](this.#weights!, fromData(tokens, "int32", [tokens.length]), whole(start));
  }

  /**
   * Reads the byte `last` at slot `start` and writes on: {@linkcode stride} bytes, each read at the slot after that of the one before. Those
   * that were written when no slot was left are of no use. Without `sampling` they are the likeliest ones; else they are drawn by `random`.
   */
  async write(last: number, start: number, sampling: Sampling | null, random: HostRandom): Promise<Int32Array> {
    const given = [this.#weights!, whole(last), whole(start)] as const;
    if (!sampling) return await (await this.#greedy(...given)).data() as Int32Array;
    const { temperature, topK, topP } = sampling;
    const numbers = fromData(Float32Array.of(temperature, topK || this.model.vocabulary, topP), "float32", [3]);
    return await (await this.#sample(...given, random.key(), numbers)).data() as Int32Array;
  }

  /**
   * {@linkcode rounds} rounds, of which the first reads `tokens` from slot `start` on: the last byte, and a draft by each other head. A draft
   * counts if the first head, having read those before, says the same. What was written when no slot was left is of no use.
   */
  async speculate(tokens: Int32Array, start: number): Promise<Rounds> {
    const given = fromData(tokens, "int32", [tokens.length]);
    const all = await this.#speculate(this.#weights!, given, whole(start));
    const [choices, accepted, next] = await Promise.all(all.map((x) => x.data())) as [
      Int32Array,
      Int32Array,
      Int32Array,
    ];
    return { choices, accepted, next };
  }

  /** Gives back its programs. */
  dispose(): void {
    const programs = [this.#arrange, ...Object.values(this.#read), this.#greedy, this.#sample, this.#speculate];
    for (const program of programs) program.dispose();
  }

  /** Where bytes stand whose first one is at slot `at`. Those past the last slot are of no use: nobody sees them. */
  #place(time: number, at: Tensor): Place {
    const row = arange(time).add(at).minimum(this.slots - 1);
    return { cos: this.#tables[0].take(row, 0), sin: this.#tables[1].take(row, 0) };
  }

  /** Fills caches with what their layers keep of bytes `[time]`. */
  #readInto(caches: readonly LayerCache[], weights: ModelPanels, tokens: Tensor, start: Tensor): void {
    const { model } = this;
    const [time, place] = [tokens.size, this.#place(tokens.size, start)];
    const slots = arange(this.slots);
    const source = slots.sub(start);
    const own = source.greaterEqual(0).and(source.less(time)).unsqueeze(-1);
    const seen = slots.unsqueeze(0).lessEqual(arange(time).add(start).unsqueeze(1));
    const from = source.clamp(0, time - 1);
    const kept: Kept[] = [];
    const keep = (block: typeof model.trunk[number], parts: ModelPanels["trunk"][number], x: Tensor): Kept => {
      const [keys, values] = keptOf(block, parts, x, place);
      const [oldKeys, oldValues] = read(caches)[kept.length]!;
      const now: Kept = [where(own, keys.take(from, 1), oldKeys), where(own, values.take(from, 1), oldValues)];
      kept.push(now);
      return now;
    };
    const hidden = model.trunk.reduce((x, block, i) => {
      const parts = weights.trunk[i]!;
      return layerOver(block, parts, x, place, [{ kept: keep(block, parts, x), seen }]);
    }, model.embedding.forward(tokens));
    caches.slice(model.trunk.length).forEach((_, k) => keep(model.heads[k]!, weights.heads[k]!, hidden));
    write(caches, kept);
  }

  /** What bytes before slot `start` have left, for `time` bytes. */
  #before(caches: readonly LayerCache[], start: Tensor, time: number): Memory[] {
    const seen = arange(this.slots).less(start).unsqueeze(0).expand(time, this.slots);
    return read(caches).map((kept) => ({ kept, seen }));
  }

  /** Writes {@linkcode stride} bytes: one loop, which carries what it has written. */
  #write(
    weights: ModelPanels,
    last: Tensor,
    start: Tensor,
    noise: Tensor,
    choose: (logits: Tensor, noise: Tensor) => Tensor,
  ): Tensor {
    const { model } = this;
    const caches = [...this.#trunk, this.#heads[0]!];
    const layers = [...model.trunk, model.heads[0]!];
    const parts = [...weights.trunk, weights.heads[0]!];
    const before = this.#before(caches, start, 1);
    type Carry = { token: Tensor; step: Tensor; stores: Kept[] };
    const [after, text] = scan(
      ({ token, step, stores }: Carry, x: Tensor): [Carry, Tensor] => {
        const place = this.#place(1, start.add(step));
        const seen = arange(stride).lessEqual(step).unsqueeze(0);
        const kept: Kept[] = [];
        const end = layers.reduce((h, block, i) => {
          kept.push(stored(stores[i]!, keptOf(block, parts[i]!, h, place), step));
          return layerOver(block, parts[i]!, h, place, [before[i]!, { kept: kept[i]!, seen }]);
        }, model.embedding.forward(token.reshape(1)));
        const logits = times(model.norm.forward(end), weights.unembedding).reshape(model.vocabulary);
        const next = choose(logits, x);
        return [{ token: next, step: step.add(1), stores: kept }, next];
      },
      { token: last, step: fromData(Int32Array.of(0), "int32", []), stores: storesFor(caches, stride, 1) },
      noise,
    );
    settle(caches, after.stores, ones([stride], { dtype: "bool" }), start);
    return text;
  }

  /** See {@linkcode Decoder.speculate}: choices, how many of them count, and what is to be read next. */
  #draftAndVerify(weights: ModelPanels, tokens: Tensor, start: Tensor): [Tensor, Tensor, Tensor] {
    const { model } = this;
    const width = model.heads.length;
    const caches = [...this.#trunk, ...this.#heads];
    const layers = [...model.trunk, ...model.heads];
    const parts = [...weights.trunk, ...weights.heads];
    const ownLayers = model.trunk.length + 1;
    const before = this.#before(caches, start, width);
    const [bytes, entries] = [arange(width), arange(rounds * width)];
    const likeliest = (x: Tensor): Tensor => times(model.norm.forward(x), weights.unembedding).argmax(-1);
    type Carry = { tokens: Tensor; at: Tensor; valid: Tensor; stores: Kept[] };
    const [after, [choices, accepted]] = scan(
      ({ tokens, at, valid, stores }: Carry, round: Tensor): [Carry, [Tensor, Tensor]] => {
        const place = this.#place(width, at);
        // Of this round a byte sees itself and those before, of the others what was accepted.
        const within = entries.sub(round.mul(width)).unsqueeze(0);
        const own = within.greaterEqual(0).and(within.lessEqual(bytes.unsqueeze(1)));
        const seen = valid.greater(0).unsqueeze(0).or(own);
        const kept: Kept[] = [];
        const keep = (i: number, x: Tensor): Memory[] => {
          kept.push(stored(stores[i]!, keptOf(layers[i]!, parts[i]!, x, place), round));
          return [before[i]!, { kept: kept[i]!, seen }];
        };
        let hidden = model.embedding.forward(tokens);
        for (let i = 0; i < model.trunk.length; i++) {
          hidden = layerOver(layers[i]!, parts[i]!, hidden, place, keep(i, hidden));
        }
        const first = ownLayers - 1;
        const said = likeliest(layerOver(layers[first]!, parts[first]!, hidden, place, keep(first, hidden)));
        const count = countOf(tokens, said);
        // The other heads are asked at the last byte that counts alone.
        const last = count.sub(1).reshape(1);
        const row = (x: Tensor): Tensor => x.take(last, 0);
        const [ownHidden, ownPlace] = [row(hidden), { cos: row(place.cos), sin: row(place.sin) }];
        const drafts = layers.slice(ownLayers).map((block, k) => {
          const i = ownLayers + k;
          const memories = keep(i, hidden).map(({ kept, seen }) => ({ kept, seen: row(seen) }));
          return likeliest(layerOver(block, parts[i]!, ownHidden, ownPlace, memories));
        });
        const next = concat([row(said), ...drafts], 0);
        const isValid = within.squeeze(0).greaterEqual(0).and(within.squeeze(0).less(count)).cast("int32");
        return [{ tokens: next, at: at.add(count), valid: valid.maximum(isValid), stores: kept }, [said, count]];
      },
      {
        tokens,
        at: start,
        valid: zeros([rounds * width], { dtype: "int32" }),
        stores: storesFor(caches, rounds, width),
      } as Carry,
      arange(rounds),
    );
    settle(caches, after.stores, after.valid.greater(0), start);
    return [choices, accepted, after.tokens];
  }
}

/**
 * A byte by its logits `[vocabulary]`, drawn by Gumbel noise (`[.., vocabulary]`: a byte for each row) from the likeliest ones.
 * `sampling` is temperature, how many bytes at most, and the probability that those of the nucleus have together (Holtzman et al. 2020).
 */
export function chooseByte(logits: Tensor, noise: Tensor, sampling: Tensor): Tensor {
  const [temperature, topK, topP] = sampling.unbind(0) as [Tensor, Tensor, Tensor];
  // The highest is 0, so that no temperature makes two of them infinite.
  const scaled = logits.sub(logits.max()).div(temperature);
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

/** How many of what the first head said are written, int32 []: as many as drafts `tokens[1..]` were right without a gap, and one more. */
function countOf(tokens: Tensor, said: Tensor): Tensor {
  let isRight = ones([], { dtype: "int32" });
  let count = isRight;
  for (let j = 1; j < tokens.size; j++) {
    isRight = isRight.mul(tokens.select(0, j).equal(said.select(0, j - 1)).cast("int32"));
    count = count.add(isRight);
  }
  return count;
}

const whole = (x: number): Tensor => fromData(Int32Array.of(x), "int32", []);
