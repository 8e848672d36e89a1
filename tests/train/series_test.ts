/** Several seeds by one command. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { listCheckpoints } from "../../lib/train/files/checkpoint.ts";
import { UsageError } from "../../lib/systems/usage.ts";
import { readConfig } from "../../lib/train/command/saved_config.ts";
import type { Config } from "../../lib/systems/settings.ts";
import { FakeTrainer } from "./fake_trainer.ts";
import { filesBelow, logged, onlyRun, run, small, withFolder } from "./harness.ts";

const args = [...small, "--n-iters", "6", "--save-every", "4"];
const seeds = [0, 1, 2];

/** Like {@linkcode onlyRun}: the folder of the only series. */
const onlySeries = onlyRun;

Deno.test("several seeds are runs of their own, the same as one by one, with a summary at the end", () =>
  withFolder(async (base) => {
    const { code, out, err } = await run([...args, "--out", join(base, "all"), "--seed", "0,1,2"]);
    assert.deepEqual([code, err], [0, ""]);
    const series = onlySeries(join(base, "all"));
    const finals: number[] = [];
    for (const seed of seeds) {
      const alone = join(base, `alone-${seed}`);
      await run([...args, "--out", alone, "--seed", `${seed}`]);
      const folder = join(series, `seed-${seed}`);
      assert.deepEqual(logged(folder), logged(onlyRun(alone)));
      for (const name of ["checkpoints/000006.safetensors", "config.json", "policy.onnx"]) {
        assert.deepEqual(Deno.readFileSync(join(folder, name)), Deno.readFileSync(join(onlyRun(alone), name)), name);
      }
      const rewards = logged(folder).map((row) => (row as { metrics: Record<string, number> }).metrics);
      finals.push(rewards.slice(-5).reduce((sum, x) => sum + x["train/episode_reward_sum"]!, 0) / 5);
    }
    const mean = finals.reduce((a, b) => a + b) / 3;
    const deviation = Math.sqrt(finals.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 2);
    const lines = out.trimEnd().split("\n").slice(-5);
    assert.ok(out.includes(`\n${join(series, "reward.svg")} has the curves.\n`));
    const drawn = Deno.readTextFileSync(join(series, "reward.svg"));
    for (const text of [">navigation, mappo<", ">mean and range of 3 seeds<", "area mark"]) {
      assert.ok(drawn.includes(text));
    }
    assert.equal(lines[0], "Mean reward of the last 5 iterations:");
    seeds.forEach((seed, i) => {
      assert.equal(
        lines[1 + i],
        `  seed ${seed}        ${finals[i]!.toFixed(3)}   finished      ${join(series, `seed-${seed}`)}`,
      );
    });
    assert.equal(
      lines[4],
      `${mean.toFixed(3)} +- ${deviation.toFixed(3)} (mean and standard deviation of 3 seeds)`,
    );
  }));

Deno.test("a series that is stopped says how to go on, and goes on with what is left, bit for bit", () =>
  withFolder(async (base) => {
    const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
    await run([...args, "--out", whole, "--seed", "0,1,2"]);
    const first = await run([...args, "--out", stopped, "--seed", "0,1,2"], { stopAfter: 3, stopSeed: 1 });
    const series = onlySeries(stopped);
    assert.equal(first.code, 130);
    const states = first.out.trimEnd().split("\n").slice(-4);
    assert.match(states[0]!, /^ {2}seed 0 +\d\.\d{3} {3}finished +/);
    assert.match(states[1]!, /^ {2}seed 1 +\d\.\d{3} {3}interrupted +/);
    assert.match(states[2]!, /^ {2}seed 2 +- {3}not begun +/);
    assert.equal(states[3], `To go on with those that are not finished: deno task train --resume ${series}`);
    assert.deepEqual(logged(join(series, "seed-2")), []);
    const resumed = await run(["--resume", series]);
    assert.deepEqual([resumed.code, resumed.err], [0, ""]);
    for (const seed of seeds) {
      const [folder, expected] = [series, onlySeries(whole)].map((path) => join(path, `seed-${seed}`)) as [
        string,
        string,
      ];
      assert.deepEqual(logged(folder), logged(expected));
      const name = "checkpoints/000006.safetensors";
      assert.deepEqual(Deno.readFileSync(join(folder, name)), Deno.readFileSync(join(expected, name)));
    }
  }));

Deno.test("a seed that fails does not keep the others from being trained", () =>
  withFolder(async (out) => {
    const { code, out: text, err } = await run([...args, "--out", out, "--seed", "0,1,2"], { failAt: 2, failSeed: 1 });
    assert.equal(code, 1);
    assert.match(err, /^error: Error: the fake driver crashed\./);
    const series = onlySeries(out);
    assert.deepEqual(seeds.map((seed) => logged(join(series, `seed-${seed}`)).length), [6, 1, 6]);
    assert.match(
      text,
      /\n {2}seed 1 +- {3}failed +.*\n {2}seed 2 +\d\.\d{3} {3}finished .*\n.* of 2 seeds\)\nTo go on /,
    );
  }));

Deno.test("a series that cannot be had is refused before anything is written", () =>
  withFolder(async (out) => {
    const refused: readonly (readonly [readonly string[], string])[] = [
      [["--seed", "0,x"], '--seed takes a whole number from 0 to 4,294,967,295, not "x": several are given as 0,1,2.'],
      [["--seed", "0,0"], "--seed 0,0 names a seed twice."],
      [["--seed", "0,"], '--seed takes a whole number from 0 to 4,294,967,295, not "": several are given as 0,1,2.'],
    ];
    for (const [flags, sentence] of refused) {
      assert.deepEqual(await run([...args, "--out", out, ...flags]), { code: 2, out: "", err: `error: ${sentence}\n` });
    }
    const dry = await run([...args, "--out", out, "--seed", "3,4", "--dry-run"]);
    assert.match(dry.out, /seed 3: [^]*\/seed-3\/\n[^]*seed 4: [^]*\/seed-4\/\n$/);
    const printed = await run([...args, "--out", out, "--seed", "3,4", "--print-config"]);
    assert.deepEqual(JSON.parse(printed.out).seed, [3, 4]);
    assert.deepEqual(filesBelow(out), []);
    await run([...args, "--out", out, "--seed", "0,1"]);
    const series = onlySeries(out);
    const { err } = await run(["--resume", series, "--seed", "0"]);
    assert.equal(err, "error: --seed 0 cannot be given with --resume: each run keeps its seed.\n");
    const own = await run(["--resume", series, "--print-config"]);
    const file = join(out, "series.json");
    Deno.writeTextFileSync(file, own.out);
    assert.deepEqual(JSON.parse(own.out).seed, [0, 1]);
    assert.deepEqual(await run(["--config", file, "--print-config"]), own);
  }));

Deno.test("a series that is resumed with a short --max-time gets on by an iteration, past the runs that are finished", () =>
  withFolder(async (out) => {
    await run([...args, "--out", out, "--seed", "0,1"], { stopAfter: 2, stopSeed: 1 });
    const series = onlySeries(out);
    const { code, out: text } = await run(["--resume", series, "--max-time", "0.0001s"]);
    assert.equal(code, 0);
    assert.deepEqual([0, 1].map((seed) => logged(join(series, `seed-${seed}`)).length), [6, 3]);
    assert.match(text, /\n {2}seed 1 +\d\.\d{3} {3}interrupted +/);
  }));

Deno.test("a series tells runs that were not resumed from those that have not begun", () =>
  withFolder(async (out) => {
    await run([...args, "--out", out, "--seed", "0,1,2"], { stopAfter: 2, stopSeed: 1 });
    const series = onlySeries(out);
    const { code, out: text } = await run(["--resume", series, "--n-iters", "8"], { stopAfter: 7, stopSeed: 0 });
    assert.equal(code, 130);
    assert.match(
      text,
      /\n {2}seed 0 +\d\.\d{3} {3}interrupted .*\n {2}seed 1 +- {3}not resumed .*\n {2}seed 2 +- {3}not begun /,
    );
  }));

Deno.test("a series in which runs cannot go on is refused before any is trained, and says which", () =>
  withFolder(async (out) => {
    await run([...args, "--out", out, "--seed", "0,1,2"]);
    const series = onlySeries(out);
    const damaged = [1, 2].map((seed) => listCheckpoints(join(series, `seed-${seed}`)).at(-1)!.path);
    for (const path of damaged) Deno.writeFileSync(path, Deno.readFileSync(path).subarray(0, 100));
    const content = () => filesBelow(series).map((name) => Deno.readTextFileSync(join(series, name)));
    const before = content();
    const { code, out: text, err } = await run(["--resume", series, "--n-iters", "9"]);
    const lines = err.trimEnd().split("\n");
    assert.deepEqual([code, text, lines.length], [2, "", 3]);
    assert.ok(lines[0]!.startsWith(`error: ${damaged[0]} is truncated: `), err);
    assert.ok(lines[1]!.startsWith(`${damaged[1]} is truncated: `), err);
    assert.equal(
      lines[2],
      `None of the 3 runs in ${series} was begun: mend that, or move what cannot go on elsewhere.`,
    );
    assert.deepEqual(content(), before);
  }));

Deno.test("a run of a series that cannot begin any more has failed, and the others are trained", () =>
  withFolder(async (out) => {
    const createTrainer = (config: Config) => {
      if (config.seed === 1) throw new UsageError("--device webgpu: it is gone.");
      return Promise.resolve(new FakeTrainer(config));
    };
    const { code, out: text, err } = await run([...args, "--out", out, "--seed", "0,1,2"], { createTrainer });
    assert.deepEqual([code, err], [1, "error: --device webgpu: it is gone.\n"]);
    assert.match(
      text,
      /\n {2}seed 1 +- {3}failed +.*\n {2}seed 2 +\d\.\d{3} {3}finished .*\n.* of 2 seeds\)\nTo go on /,
    );
  }));

Deno.test("the flags of a resumed series are kept for the runs that it does not come to", () =>
  withFolder(async (out) => {
    await run([...args, "--out", out, "--seed", "0,1"], { stopAfter: 2, stopSeed: 0 });
    const series = onlySeries(out);
    await run(["--resume", series, "--n-iters", "9", "--save-every", "2"], { stopAfter: 4, stopSeed: 0 });
    const folders = [0, 1].map((seed) => join(series, `seed-${seed}`));
    assert.deepEqual(folders.map(readConfig).map(({ nIters, saveEvery }) => [nIters, saveEvery]), [[9, 2], [9, 2]]);
    assert.equal((await run(["--resume", series])).code, 0);
    assert.deepEqual(folders.map((folder) => logged(folder).length), [9, 9]);
  }));

Deno.test("runs of a series go on where they are, whatever their folders are called", () =>
  withFolder(async (out) => {
    await run([...args, "--out", out, "--seed", "0,1"], { stopAfter: 2, stopSeed: 1 });
    const series = onlySeries(out);
    const renamed = join(series, "seed-07");
    Deno.renameSync(join(series, "seed-1"), renamed);
    const { code, out: text, err } = await run(["--resume", series]);
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(logged(renamed).length, 6);
    assert.ok(text.includes(`finished      ${renamed}\n`));
    assert.equal(onlySeries(out), series);
  }));
