/** Evaluations during a run, and the ends of a run other than its last iteration. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { listCheckpoints } from "../../lib/train/files/checkpoint.ts";
import { rewardHeadline } from "../../lib/systems/reinforcement/system.ts";
import { createTrainer } from "../../lib/train/look/target.ts";
import { logged, onlyRun, run, small, withFolder } from "./harness.ts";

type Row = { readonly iteration: number; readonly metrics: Readonly<Record<string, number>> };
const rowsOf = (folder: string): Row[] => logged(folder) as Row[];
const manifestOf = (folder: string) => JSON.parse(Deno.readTextFileSync(join(folder, "manifest.json")));
const withoutEvaluation = (rows: readonly Row[]): unknown[] =>
  rows.map(({ iteration, metrics }) => [
    iteration,
    Object.entries(metrics).filter(([name]) => !name.startsWith("eval/")),
  ]);

Deno.test("--eval-every writes evaluations to the metrics and shows the last, on the iterations that it names", () =>
  withFolder(async (out) => {
    const { code, out: text } = await run([
      ...small,
      "--out",
      out,
      "--n-iters",
      "7",
      "--eval-every",
      "3",
      "--seed",
      "2",
    ]);
    assert.equal(code, 0);
    const rows = rowsOf(onlyRun(out));
    const evaluated = rows.filter(({ metrics }) => "eval/episode_reward_sum" in metrics);
    assert.deepEqual(evaluated.map(({ iteration }) => iteration), [3, 6]);
    // The fake trainer's policy gets its reward plus the seed, terminates 25 of 100 episodes, and takes 3 steps on average.
    const { metrics } = evaluated[0]!;
    assert.ok(Math.abs(metrics["eval/episode_reward_sum"]! - metrics[rewardHeadline.metric]! - 2) < 1e-6);
    assert.deepEqual([metrics["eval/terminated"], metrics["eval/episode_length"]], [0.25, 3]);
    const shown = text.split("\n").filter((line) => line.startsWith("iteration "));
    assert.ok(!shown[1]!.includes("eval"));
    assert.ok(shown[2]!.includes(`   eval   ${metrics["eval/episode_reward_sum"]!.toFixed(3)}   `));
    assert.ok(shown[3]!.includes(`   eval   ${metrics["eval/episode_reward_sum"]!.toFixed(3)}   `));
  }));

Deno.test("--eval-every changes nothing of what is learned, and evaluates again alike after a resume", () =>
  withFolder(async (base) => {
    const args = "--device cpu --frames-per-batch 130 --max-steps 10 --num-epochs 2 --minibatch-size 50 --n-iters 4"
      .split(" ");
    const folders: string[] = [];
    for (const [i, flags] of [[], ["--eval-every", "1"], ["--eval-every", "1"]].entries()) {
      const out = join(base, `${i}`);
      await run([...args, ...flags, "--out", out], { createTrainer, ...i === 2 && { stopAfter: 2 } });
      folders.push(onlyRun(out));
    }
    const [plain, watched, stopped] = folders as [string, string, string];
    assert.equal((await run(["--resume", stopped], { createTrainer })).code, 0);
    assert.deepEqual(withoutEvaluation(rowsOf(watched)), withoutEvaluation(rowsOf(plain)));
    assert.deepEqual(rowsOf(stopped), rowsOf(watched));
    assert.ok(rowsOf(watched).every(({ metrics }) => Number.isFinite(metrics["eval/episode_reward_sum"])));
    for (const folder of [watched, stopped]) {
      const name = "checkpoints/000004.safetensors";
      assert.deepEqual(Deno.readFileSync(join(folder, name)), Deno.readFileSync(join(plain, name)));
    }
  }));

Deno.test("--max-time ends the run after an iteration, with a checkpoint and exit code 0, and it can be resumed", () =>
  withFolder(async (out) => {
    const args = [...small, "--out", out, "--n-iters", "4", "--save-every", "100"];
    const { code, out: text } = await run([...args, "--max-time", "0.001s"], { delay: 5 });
    const folder = onlyRun(out);
    assert.equal(code, 0);
    assert.match(text, /\nStopped after iteration 1 of 4: --max-time is over\. .*\n[^]*\nTo resume: /);
    assert.deepEqual([logged(folder).length, listCheckpoints(folder).at(-1)!.iteration], [1, 1]);
    assert.equal(manifestOf(folder).outcome, "interrupted");
    assert.equal((await run(["--resume", folder])).code, 0);
    assert.deepEqual([logged(folder).length, manifestOf(folder).outcome], [4, "finished"]);
  }));

Deno.test("--early-stop ends the run when the mean reward of five iterations reaches it, also when it was stopped before", () =>
  withFolder(async (base) => {
    const args = [...small, "--n-iters", "60", "--early-stop", "2"];
    const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
    const { code, out: text } = await run([...args, "--out", whole]);
    assert.equal(code, 0);
    const rewards = rowsOf(onlyRun(whole)).map(({ metrics }) => metrics[rewardHeadline.metric]!);
    const recent = rewards.map((_, i) =>
      rewards.slice(Math.max(0, i - 4), i + 1).reduce((a, b) => a + b) / Math.min(5, i + 1)
    );
    assert.equal(recent.findIndex((mean, i) => i >= 4 && mean >= 2), rewards.length - 1);
    assert.ok(rewards.length > 5 && rewards.length < 60);
    assert.ok(text.includes(
      `\nDone after iteration ${rewards.length} of 60: the mean reward of the last 5, ${recent.at(-1)!.toFixed(3)}, ` +
        "has reached --early-stop 2. ",
    ));
    const further = Math.floor(recent.at(-1)!) + 1;
    assert.ok(text.includes(`To go on: deno task train --resume ${onlyRun(whole)} --early-stop ${further}\n`));
    assert.equal(manifestOf(onlyRun(whole)).outcome, "finished");
    await run([...args, "--out", stopped], { stopAfter: rewards.length - 1 });
    await run(["--resume", onlyRun(stopped)]);
    assert.deepEqual(logged(onlyRun(stopped)), logged(onlyRun(whole)));
    await run(["--resume", onlyRun(stopped), "--early-stop", "2.5"]);
    assert.ok(logged(onlyRun(stopped)).length > rewards.length);
  }));

Deno.test("--patience ends the run when evaluations get no better, keeps the best checkpoint, and counts on after a stop", () =>
  withFolder(async (base) => {
    const args = [...small, "--n-iters", "300", "--save-every", "2", "--eval-every", "2", "--patience", "3"];
    const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
    const { code, out: text } = await run([...args, "--out", whole]);
    assert.equal(code, 0);
    const folder = onlyRun(whole);
    const rewards = rowsOf(folder).flatMap(({ metrics }) => metrics["eval/episode_reward_sum"] ?? []);
    const ends = rewards.findIndex((_, i) =>
      i >= 3 && Math.max(...rewards.slice(i - 2, i + 1)) <= Math.max(...rewards.slice(0, i - 2))
    );
    assert.equal(ends, rewards.length - 1);
    assert.ok(ends > 6 && ends < 149);
    const best = String(2 * (rewards.indexOf(Math.max(...rewards)) + 1)).padStart(6, "0");
    assert.deepEqual(Number(best), 2 * (ends - 2));
    assert.ok(text.includes(
      `\nDone after iteration ${2 * rewards.length} of 300: 3 evaluations in a row were no better than the ` +
        `${Math.max(...rewards).toFixed(3)} of checkpoints/${best}.safetensors, which is kept. Last reward: `,
    ));
    assert.ok(text.includes(`To go on: deno task train --resume ${folder} --patience 6\n`));
    assert.deepEqual(
      listCheckpoints(folder).map(({ iteration }) => iteration),
      [0, 2, 4, 6].map((i) => Number(best) + i),
    );
    assert.equal((await run([...args, "--out", stopped], { stopAfter: 2 * ends })).code, 130);
    await run(["--resume", onlyRun(stopped)]);
    assert.deepEqual(rowsOf(onlyRun(stopped)), rowsOf(folder));
    const { err } = await run([...small, "--patience", "3", "--out", base]);
    assert.equal(err, "error: --patience 3 counts evaluations, and there are none: give --eval-every.\n");
  }));
