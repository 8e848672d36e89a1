/** A text goes on as the model says byte by byte, whether it is read from a cache, drafted by heads, or moves on past its window. */

import { deepStrictEqual as equal, notDeepStrictEqual as notDeepEqual, ok } from "node:assert";
import {
  Adam,
  compile,
  crossEntropy,
  headTargets,
  HostRandom,
  LanguageModel,
  multiTokenLoss,
  stack,
  type Tensor,
  tensor,
} from "../../mod.ts";
import { chooseByte, Decoder } from "../../lib/lm/decoder.ts";
import { TextGenerator } from "../../lib/lm/generation.ts";
import { gumbel } from "../../lib/nn/distributions.ts";
import { onCpu } from "../engines.ts";

const size = { dModel: 16, numLayers: 4, numHeads: 2, predictions: 3, vocabulary: 8 };
const model = new LanguageModel(new HostRandom(1), size);
/** Teaches the model sequences that go on for long without repeating: each symbol is the sum of two before it, and sometimes one more. */
async function teach(): Promise<void> {
  const random = new HostRandom(5);
  const optimizer = new Adam(model.parameters(), { lr: 1e-2 });
  const step = compile((x: Tensor) => {
    const { labels, valid } = headTargets(x, 3);
    const hidden = model.hidden(x);
    const losses = [0, 1, 2].map((k) =>
      crossEntropy(model.logits(hidden, k).reshape(-1, 8), labels.select(-1, k).reshape(-1), { reduction: "none" })
        .reshape(...x.shape)
    );
    multiTokenLoss(stack(losses, -1), valid.cast("float32"), valid).backward();
    optimizer.step();
  }, { state: [model, optimizer] });
  for (let i = 0; i < 100; i++) {
    const x = new Int32Array(8 * 24);
    for (let at = 0; at < x.length; at++) {
      const isStart = at % 24 < 3;
      x[at] = isStart ? random.bits() % 8 : (x[at - 1]! + x[at - 3]! + (random.bits() % 20 === 0 ? 1 : 0)) % 8;
    }
    await step(tensor(x, { shape: [8, 24] }));
  }
  step.dispose();
}

onCpu(
  "what is drafted and verified is byte for byte the greedy text, in fewer steps, also past the window",
  async () => {
    await teach();
    const writer = new TextGenerator(model, 24);
    const random = new HostRandom(0);
    const greedy = { count: 40, temperature: 0, topK: 0, topP: 1, random };
    const kinds = new Set<string>();
    let [bytes, steps] = [0, 0];
    for (let i = 0; i < 12; i++) {
      const prompt = Uint8Array.from({ length: 1 + 3 * i }, () => random.bits() % 8);
      const plain = await writer.generate(prompt, { ...greedy, speculative: false });
      const drafted = await writer.generate(prompt, { ...greedy, speculative: true });
      equal(drafted.text, plain.text, `prompt ${i}`);
      equal(plain.forwards, 40);
      kinds.add(plain.text.join());
      [bytes, steps] = [bytes + 40, steps + drafted.forwards];
      // As far as the window reaches, each byte is the likeliest after all before it.
      const text = [...prompt, ...plain.text].slice(0, 24);
      const likeliest = await model.forward(tensor(Int32Array.from(text), { shape: [1, text.length] })).argmax(-1)
        .data();
      for (let t = prompt.length; t < text.length; t++) equal(text[t], likeliest[t - 1], `prompt ${i}, byte ${t}`);
    }
    ok(steps < bytes, `${bytes} bytes in ${steps} steps`);
    const varied = [...kinds].filter((x) => new Set(x.split(",")).size > 2);
    ok(varied.length >= 4, `the texts vary: ${[...kinds].join(" ")}`);
    writer.dispose();
  },
);

onCpu(
  "rounds of drafting and verifying are those of a model that reads the whole text each time, of every head",
  async () => {
    const decoder = new Decoder(model, 64);
    await decoder.begin();
    const text = [1, 4, 2, 3, 7, 1, 4];
    const said = async (k: number): Promise<number[]> => {
      const x = tensor(Int32Array.from(text), { shape: [1, text.length] });
      return [...await model.logits(model.hidden(x), k).argmax(-1).data()];
    };
    const given = new Int32Array(32);
    given.set(text.slice(0, -1));
    await decoder.read(given, 0, "all");
    let drafts = [5, 5];
    const { choices, accepted, next } = await decoder.speculate(
      Int32Array.of(text.at(-1)!, ...drafts),
      text.length - 1,
    );
    for (const [round, count] of accepted.entries()) {
      const at = text.length - 1;
      const written = [...choices.subarray(3 * round, 3 * round + count)];
      text.push(...written);
      equal(written, (await said(0)).slice(at, at + count), `round ${round}`);
      const isRight = drafts.map((x, i) => x === text[at + 1 + i]);
      equal(count, 1 + (isRight[0] ? isRight[1] ? 2 : 1 : 0), `round ${round}`);
      drafts = [(await said(1)).at(-2)!, (await said(2)).at(-2)!];
    }
    equal([...next], [text.at(-1), ...drafts]);
    ok(new Set(accepted).size > 1, `drafts are right and wrong: ${accepted}`);
    decoder.dispose();
  },
);

onCpu("bytes are sampled as often as softmax, top-k and top-p say", async () => {
  const logits = tensor([4, 3, 2, 1].map(Math.log));
  const random = new HostRandom(3);
  const draw = compile((key: Tensor, sampling: Tensor) => chooseByte(logits, gumbel(key, [8000, 4]), sampling));
  const check = async (sampling: readonly [number, number, number], expected: readonly number[]): Promise<void> => {
    const drawn = Array.from(await (await draw(random.key(), tensor([...sampling]))).data());
    const shares = expected.map((_, i) => drawn.reduce((n, x) => n + (x === i ? 1 : 0), 0) / drawn.length);
    const isNear = shares.every((x, i) => expected[i] === 0 ? x === 0 : Math.abs(x - expected[i]!) < 0.025);
    ok(isNear, `${sampling}: ${shares}`);
  };
  await check([1, 4, 1], [0.4, 0.3, 0.2, 0.1]);
  await check([0.5, 4, 1], [16 / 30, 9 / 30, 4 / 30, 1 / 30]);
  await check([1, 2, 1], [4 / 7, 3 / 7, 0, 0]);
  await check([1, 4, 0.65], [4 / 7, 3 / 7, 0, 0]);
  await check([1, 4, 0.75], [4 / 9, 3 / 9, 2 / 9, 0]);
  await check([1, 1, 1], [1, 0, 0, 0]);
  await check([1e-38, 4, 1], [1, 0, 0, 0]);
});

onCpu("a writer goes on with the weights that its model has then", async () => {
  const other = new LanguageModel(new HostRandom(8), size);
  const writer = new TextGenerator(other, 24);
  const greedy = { count: 12, temperature: 0, topK: 0, topP: 1, speculative: false, random: new HostRandom(0) };
  const before = (await writer.generate(Uint8Array.of(1, 2), greedy)).text;
  other.loadStateDict(model.stateDict());
  const after = (await writer.generate(Uint8Array.of(1, 2), greedy)).text;
  writer.dispose();
  const fresh = new TextGenerator(model, 24);
  equal(after, (await fresh.generate(Uint8Array.of(1, 2), greedy)).text);
  notDeepEqual(after, before);
  fresh.dispose();
});

onCpu("a text that is sampled is the same for the same seed, and another for another", async () => {
  const writer = new TextGenerator(model, 24);
  const write = async (seed: number): Promise<Uint8Array> => {
    const options = { count: 40, temperature: 3, topK: 0, topP: 1, speculative: false, random: new HostRandom(seed) };
    return (await writer.generate(Uint8Array.of(1, 2), options)).text;
  };
  const [a, b, c] = [await write(0), await write(0), await write(1)];
  equal(a, b);
  notDeepEqual(a, c);
  writer.dispose();
});
