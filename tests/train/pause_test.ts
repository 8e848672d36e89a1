import assert from "node:assert/strict";
import { pauses } from "../../lib/train/loop/pause.ts";

Deno.test("a pause lets timers run, and comes no more than twice a second", async () => {
  let now = 0;
  const pause = pauses(() => now);
  const isPause = async () => {
    let ran = false;
    setTimeout(() => ran = true);
    await pause();
    return ran;
  };
  assert.equal(await isPause(), true);
  now = 499;
  assert.equal(await isPause(), false);
  now = 500;
  assert.equal(await isPause(), true);
  assert.equal(await isPause(), false);
});
