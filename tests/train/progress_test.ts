import assert from "node:assert/strict";
import { particle } from "../../lib/systems/particle/system.ts";
import { numberText } from "../../lib/systems/text.ts";
import { clock, Progress } from "../../lib/train/loop/progress.ts";
import { capture } from "./harness.ts";

const reward = (value: number) => ({ [particle.headline.metric]: value });

Deno.test("clock() writes seconds as minutes and hours", () => {
  assert.deepEqual([0, 7.4, 59.6, 750, 3723].map(clock), ["0:00", "0:07", "1:00", "12:30", "1:02:03"]);
});

Deno.test("numberText() writes a dash where there was nothing to measure", () => {
  assert.deepEqual([undefined, NaN, -0.2744, 123.456].map(numberText), ["-", "-", "-0.274", "123.5"]);
});

Deno.test("Progress writes plain lines, without codes, where there is no terminal", () => {
  const out = capture();
  const progress = new Progress(out, 10, particle);
  progress.iteration(1, reward(-0.27), 6000, 4);
  progress.iteration(2, reward(NaN), 6000, 2);
  assert.equal(
    out.text,
    "iteration  1/10   reward  -0.270   1,500 frames/s   0:36 left\n" +
      "iteration  2/10   reward       -   3,000 frames/s   0:16 left\n",
  );
});

Deno.test("Progress shows what an algorithm shows beside the headline", () => {
  const out = capture();
  for (const [algorithm, metric] of [["trpo", "train/kl"], ["mappo", "train/approx_kl"]] as const) {
    const { beside } = particle.algorithms[algorithm]!;
    new Progress(out, 1, particle, beside).iteration(1, { ...reward(2), [metric]: 0.0075 }, 6000, 4);
  }
  const line = "iteration 1/1   reward   2.000   KL  0.007   1,500 frames/s   0:00 left\n";
  assert.equal(out.text, line + line);
});

Deno.test("Progress rewrites one line on a terminal, and other texts get lines of their own", () => {
  const out = capture({ terminal: true, columns: 200 });
  const progress = new Progress(out, 2, particle);
  progress.iteration(1, reward(1), 10, 1);
  progress.say("Saved.");
  progress.iteration(2, reward(1), 10, 1);
  progress.end();
  const line = (i: number, left: string) => `\r\x1b[2Kiteration ${i}/2   reward   1.000   10 frames/s   ${left} left`;
  assert.equal(out.text, `${line(1, "0:01")}\nSaved.\n${line(2, "0:00")}\n`);
});

Deno.test("Progress colours a line only where colours are wanted, and never wraps it", () => {
  const text = (colour: boolean, columns: number) => {
    const out = capture({ terminal: true, colour, columns });
    new Progress(out, 2, particle).iteration(1, reward(1), 10, 1);
    return out.text;
  };
  assert.ok(text(true, 200).includes("\x1b[1m"));
  assert.ok(!text(false, 200).replace("\x1b[2K", "").includes("\x1b"));
  assert.equal(text(true, 20), "\r\x1b[2Kiteration 1/2   rew");
});
