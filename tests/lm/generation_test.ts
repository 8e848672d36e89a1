/** A text goes on as the model says byte by byte, whether it is read from a cache, drafted by heads, or moves on past its window. */

import { deepStrictEqual as equal, ok } from "node:assert";
import { HostRandom, LanguageModel, tensor } from "../../mod.ts";
import { Decoder } from "../../lib/lm/decoder.ts";
import { chooseByte, TextGenerator } from "../../lib/lm/generation.ts";
import { onCpu, onEachEngine } from "../engines.ts";
import { checkNumbers } from "../fixtures/pytorch.ts";

const size = { dModel: 16, numLayers: 4, numHeads: 2, predictions: 3, vocabulary: 8 };
const model = new LanguageModel(new HostRandom(1), size);
// Logits far apart: a rounding does not decide.
model.embedding.weight.assign(model.embedding.weight.mul(50));

onEachEngine("what is read byte by byte, or some at a time, is what the whole text gives, of every head", async () => {
  const tokens = Int32Array.from({ length: 12 }, (_, i) => (i * i + 3) % 8);
  const decoder = new Decoder(model, 12);
  const x = tensor(tokens, { shape: [1, 12] });
  const hidden = model.hidden(x);
  const whole = await model.logits(hidden, 0).data();
  checkNumbers(await decoder.next(tokens.slice(0, 8), 0), [...whole.slice(0, 8 * 8)], 1e-5, "at once");
  for (let t = 8; t < 12; t++) {
    const logits = await decoder.next(tokens.slice(t, t + 1), t);
    checkNumbers(logits, [...whole.slice(t * 8, t * 8 + 8)], 1e-5, `byte ${t}`);
  }
  const choices = [...await decoder.draft(tokens.slice(0, 8), 0), ...await decoder.draft(tokens.slice(8), 8)];
  for (let k = 0; k < 3; k++) {
    const expected = await model.logits(hidden, k).argmax(-1).data();
    equal(choices.filter((_, i) => i % 3 === k), [...expected], `head ${k}`);
  }
  decoder.dispose();
});

onCpu(
  "what is drafted and verified is byte for byte the greedy text, in fewer steps, also past the window",
  async () => {
    const writer = new TextGenerator(model, 24);
    const random = new HostRandom(0);
    const greedy = { count: 40, temperature: 0, topK: 0, topP: 1, random };
    let [bytes, steps] = [0, 0];
    for (let i = 0; i < 12; i++) {
      const prompt = Uint8Array.from({ length: 1 + 3 * i }, () => random.bits() % 8);
      const plain = await writer.generate(prompt, { ...greedy, speculative: false });
      const drafted = await writer.generate(prompt, { ...greedy, speculative: true });
      equal(drafted.text, plain.text, `prompt ${i}`);
      equal(plain.forwards, 40);
      [bytes, steps] = [bytes + 40, steps + drafted.forwards];
      // As far as the window reaches, each byte is the likeliest after all before it.
      const text = [...prompt, ...plain.text].slice(0, 24);
      const likeliest = await model.forward(tensor(Int32Array.from(text), { shape: [1, text.length] })).argmax(-1)
        .data();
      for (let t = prompt.length; t < text.length; t++) equal(text[t], likeliest[t - 1], `prompt ${i}, byte ${t}`);
    }
    ok(steps < bytes, `${bytes} bytes in ${steps} steps`);
    writer.dispose();
  },
);

Deno.test("bytes are sampled as often as softmax, top-k and top-p say", () => {
  const logits = [Math.log(4), Math.log(3), Math.log(2), Math.log(1)];
  const shares = (options: { temperature: number; topK: number; topP: number }): number[] => {
    const random = new HostRandom(3);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) counts[chooseByte(logits, { ...options, random })]!++;
    return counts.map((x) => x / 4000);
  };
  const near = (found: readonly number[], expected: readonly number[]): void =>
    found.forEach((x, i) => ok(expected[i] === 0 ? x === 0 : Math.abs(x - expected[i]!) < 0.03, `${found}`));
  near(shares({ temperature: 1, topK: 0, topP: 1 }), [0.4, 0.3, 0.2, 0.1]);
  near(shares({ temperature: 0.5, topK: 0, topP: 1 }), [16 / 30, 9 / 30, 4 / 30, 1 / 30]);
  near(shares({ temperature: 1, topK: 2, topP: 1 }), [4 / 7, 3 / 7, 0, 0]);
  near(shares({ temperature: 1, topK: 0, topP: 0.65 }), [4 / 7, 3 / 7, 0, 0]);
  near(shares({ temperature: 1, topK: 0, topP: 0.75 }), [4 / 9, 3 / 9, 2 / 9, 0]);
  near(shares({ temperature: 0, topK: 0, topP: 1 }), [1, 0, 0, 0]);
});
