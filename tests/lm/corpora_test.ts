/** What language models read: what is to be known of it, and that no row of validation is learned from. */

import { deepStrictEqual as equal, ok } from "node:assert";
import { HostRandom } from "../../mod.ts";
import { Bytes } from "../../lib/lm/corpora/bytes.ts";
import { Stories } from "../../lib/lm/corpora/stories.ts";
import { Sums } from "../../lib/lm/corpora/sums.ts";

const textOf = (tokens: Int32Array): string => String.fromCharCode(...tokens);

Deno.test("blocks of validation are never learned from, whatever the length, and all others are", () => {
  for (const length of [32, 77, 400, 1300]) {
    const time = 16;
    // Each byte tells where it stands, by two of them.
    const text = Uint8Array.from({ length }, (_, i) => i % 2 ? (i >> 1) & 255 : i >> 9);
    const corpus = new Bytes(text, time, "the text");
    const seen = { train: new Set<number>(), validation: new Set<number>() };
    for (const part of ["train", "validation"] as const) {
      const random = new HostRandom(1);
      const { tokens } = corpus.draw(random, 1000, part);
      for (let row = 0; row < 1000; row++) {
        const start = tokens.subarray(row * time, row * time + time);
        const found = findWindow(text, start);
        for (let i = 0; i < time; i++) seen[part].add(found + i);
      }
    }
    const both = [...seen.train].filter((i) => seen.validation.has(i));
    equal(both, [], `of ${length} bytes`);
    ok(seen.train.size >= length / 2 - time && seen.validation.size >= time);
  }
});

/** Where a window stands in the text. */
function findWindow(text: Uint8Array, window: Int32Array): number {
  for (let at = 0; at + window.length <= text.length; at++) {
    if (window.every((x, i) => text[at + i] === x)) return at;
  }
  throw new Error("no window of the text");
}

Deno.test("sums are right where the reward says so, and what is to be expected falls to 0 at the wrong digit", () => {
  const corpus = new Sums({ digits: 2, corrupted: 0.5 });
  const rows = 400, time = corpus.contextLength;
  const { tokens, lengths, reward, oracle } = corpus.draw(new HostRandom(0), rows, "train");
  let right = 0;
  const expected = new Map<string, [number, number]>();
  for (let row = 0; row < rows; row++) {
    const text = textOf(tokens.subarray(row * time, row * time + lengths[row]!));
    const [, a, b, c, mark] = /^(\d+)\+(\d+)=(\d+)([.!])$/.exec(text)!;
    const isRight = Number(a) + Number(b) === Number(c);
    equal([reward[row], mark], isRight ? [1, "."] : [0, "!"], text);
    right += isRight ? 1 : 0;
    const values = [...oracle.subarray(row * time, row * time + lengths[row]!)];
    equal(values.at(-1), isRight ? 1 : 0);
    const answer = String(Number(a) + Number(b));
    const wrongAt = [...c!].findIndex((x, i) => x !== answer[i]);
    const from = text.indexOf("=") + 1;
    values.forEach((x, t) => ok(wrongAt >= 0 && t >= from + wrongAt ? x === 0 : x > 0, `${text}: ${values}`));
    values.forEach((x, t) => {
      if (x === 0 || t < from) return;
      const [sum, count] = expected.get(x.toFixed(3)) ?? [0, 0];
      expected.set(x.toFixed(3), [sum + reward[row]!, count + 1]);
    });
  }
  ok(Math.abs(right / rows - 0.5) < 0.08);
  for (const [x, [sum, count]] of expected) {
    if (count > 50) ok(Math.abs(sum / count - Number(x)) < 0.2, `${sum / count} of ${count} where ${x} is expected`);
  }
  const held = corpus.draw(new HostRandom(0), 50, "validation");
  ok(held.reward.every((x) => x === 1));
});

Deno.test("no sum of validation is learned from, in whichever order", () => {
  const corpus = new Sums({ digits: 1, corrupted: 0 });
  const pairs = (["train", "validation"] as const).map((part) => {
    const { tokens } = corpus.draw(new HostRandom(4), 1000, part);
    const time = corpus.contextLength;
    return new Set(
      Array.from({ length: 1000 }, (_, row) => [tokens[row * time]!, tokens[row * time + 2]!].sort().join()),
    );
  });
  equal(pairs.map((x) => x.size), [49, 6]);
  ok(pairs[0]!.isDisjointFrom(pairs[1]!));
});

Deno.test("the bytes of stories that are scored are second bytes of names that stood before", () => {
  const corpus = new Stories(300);
  const { tokens, scored } = corpus.draw(new HostRandom(2), 20, "train");
  let count = 0;
  for (let row = 0; row < 20; row++) {
    const text = textOf(tokens.subarray(row * 300, row * 300 + 300));
    for (let t = 0; t < 300; t++) {
      if (!scored[row * 300 + t]) continue;
      count++;
      const story = text.slice(text.lastIndexOf("\n", t) + 1, t - 1);
      ok(new RegExp(`\\b${text.slice(t - 1, t + 1)}\\b`).test(story), `${text.slice(t - 1, t + 1)} in ${story}`);
    }
  }
  ok(count > 50);
});
