/** Runs of language models, by the command: bit for bit after a stop in any stage, evaluated, drawn, exported; and what they refuse. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Bytes } from "../../lib/lm/corpora/bytes.ts";
import { corpusOf } from "../../lib/systems/language/data.ts";
import { trainerOptions } from "../../lib/systems/language/settings.ts";
import type { Config } from "../../lib/systems/settings.ts";
import type { Trainer } from "../../lib/systems/trainer.ts";
import { evalTool } from "../../lib/train/look/eval.ts";
import { exportTool } from "../../lib/train/look/export.ts";
import { generateTool } from "../../lib/train/look/generate.ts";
import { renderTool } from "../../lib/train/look/render.ts";
import { createTrainer } from "../../lib/train/look/target.ts";
import { logged, onlyRun, run, runCommand, small, withFolder } from "./harness.ts";

const size = "--device cpu --d-model 8 --num-layers 3 --num-heads 2 --batch-size 4 --batches-per-iteration 2 --seed 3";
const sums = `--scenario-name sums --digits 1 ${size} --n-iters 4 --save-every 1`;
const critic = "--algorithm critic-wmtp --predictions 2 --pretrain-share 0.25 --stage1-share 0.25";

Deno.test("a run that is weighed by a critic, stopped after stage 1 and resumed, ends as if it had not stopped", () =>
  withFolder(async (base) => {
    const args = `${sums} ${critic} --accumulate 2`.split(" ");
    const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
    const first = await run([...args, "--out", whole], { createTrainer });
    assert.deepEqual([first.code, first.err], [0, ""]);
    assert.match(first.out, /^sums, critic-wmtp, seed 3: [\d,]+ parameters, 3 layers of 8, 2 bytes ahead\n/);
    assert.match(first.out, /\n2 batches of 4 rows an iteration, 1 iteration with even weights, 1 of stage 1\n/);
    assert.match(first.out, /iteration 4\/4 {3}bits a byte +\d\.\d+/);
    assert.equal((await run([...args, "--out", stopped], { createTrainer, stopAfter: 2 })).code, 130);
    const resumed = await run(["--resume", onlyRun(stopped, "sums")], { createTrainer });
    assert.deepEqual([resumed.code, resumed.err], [0, ""]);
    assert.deepEqual(logged(onlyRun(stopped, "sums")), logged(onlyRun(whole, "sums")));

    const folder = onlyRun(whole, "sums");
    const evaluated = await runCommand(evalTool, folder, "--batches", "2");
    for (const name of ["bits_per_byte", "exact_match", "acceptance_of_head_2", "weight_deviation"]) {
      assert.match(evaluated.out, new RegExp(`\\n${name} +[\\d.]+`));
    }
    assert.equal((await runCommand(renderTool, folder, "--row", "1", "--out", join(base, "map"))).code, 0);
    const map = Deno.readTextFileSync(join(base, "map.svg"));
    for (const said of ["bytes ahead", "change of value", "weight", "="]) assert.ok(map.includes(`>${said}<`), said);
    const greedy = await runCommand(generateTool, folder, "--prompt", "1", "--bytes", "4");
    assert.match(greedy.out, /^1[^]*\n\n4 bytes in 4 steps of the model: 1\.00 a step, \d+ a second\n$/);
    const sampled = await runCommand(generateTool, folder, "--speculative", "--temperature", "1");
    assert.match(sampled.err, /^error: --speculative is for --temperature 0: /);
    const exported = await runCommand(exportTool, folder, "--format", "safetensors");
    assert.deepEqual([exported.code, Deno.statSync(join(folder, "model.safetensors")).isFile], [0, true]);
  }));

Deno.test("in a run however short a critic is taught before it weighs", () => {
  const shares = { pretrainShare: 0.3, stage1Share: 0.1 };
  const stages = (nIters: number) => trainerOptions({ ...shares, nIters } as unknown as Config);
  assert.deepEqual([3, 10, 100].map((n) => stages(n).stage1Iters), [1, 1, 10]);
  assert.deepEqual([1, 3, 100].map((n) => stages(n).pretrainIters), [1, 1, 30]);
  assert.equal(trainerOptions({ stage1Share: 0, nIters: 3 } as unknown as Config).stage1Iters, 0);
});

Deno.test("tokens are chosen by a reference, in a text of one's own with any bytes", () =>
  withFolder(async (base) => {
    const data = join(base, "data.bin");
    Deno.writeFileSync(data, Uint8Array.from({ length: 600 }, (_, i) => i % 7));
    const line = `--scenario-name text --data ${data} --algorithm rho1-tokenskip --predictions 2 --pretrain-share 0 ` +
      `--stage1-share 0.5 ${size} --context-length 16 --n-iters 2 --out ${base}`;
    const { code, err, out } = await run(line.split(" "), { createTrainer });
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /Last bits a byte: \d\.\d+/);
  }));

Deno.test("code is the JavaScript that the licence is of, pinned to the byte", () => {
  const { text, fingerprint } = corpusOf({ scenarioName: "code", contextLength: 64 } as unknown as Config) as Bytes;
  // By zlib's crc32, of the file as npm has it.
  assert.deepEqual([text.length, fingerprint], [770_452, 2_089_969_004]);
});

Deno.test("what a model of text cannot read or be is refused by the command", () =>
  withFolder(async (base) => {
    const told = async (line: string) => (await run([...line.split(" "), "--out", base], { createTrainer })).err;
    const file = (name: string, bytes: readonly number[]): string => {
      Deno.writeFileSync(join(base, name), Uint8Array.from(bytes));
      return join(base, name);
    };
    const text = (path: string) => `--scenario-name text --data ${path}`;
    if (Deno.build.os !== "windows") {
      assert.equal((await new Deno.Command("mkfifo", { args: [join(base, "pipe")] }).output()).code, 0);
      const sentence = `${base}/pipe is no file that can be read again: write it to one.\n`;
      assert.equal(await told(text(join(base, "pipe"))), `error: --data ${sentence}`);
      assert.equal(await told(`--scenario-name humanoid3d --motion ${base}/pipe`), `error: --motion ${sentence}`);
    }
    using large = Deno.openSync(join(base, "large"), { write: true, create: true });
    large.truncateSync(2 ** 43);
    assert.match(
      await told(text(join(base, "large"))),
      /^error: --data \S+ is too large: to read and to copy it would take 17,592 GB, and \S+ .B of memory are free\.\n$/,
    );
    assert.equal(
      await told(text(file("a\x1b[2Kb", [65]))),
      "error: --data holds characters that cannot be shown: give the file another name.\n",
    );
    assert.equal(
      await told(text(file("a\nb", [65]))),
      `error: --data has a line break: ${base}/a\\nb. Rename what is called so.\n`,
    );
    const [empty, three] = [file("empty", []), file("three", [65, 0, 66])];
    assert.equal(await told("--scenario-name text"), "error: text needs a text to learn from: --data PATH.\n");
    assert.equal(
      await told(text(join(base, "none"))),
      `error: --data ${base}/none cannot be opened: it does not exist.\n`,
    );
    assert.equal(await told(text(base)), `error: --data ${base} is a folder: give one of its files.\n`);
    assert.equal(await told(text(empty)), `error: --data ${empty} is empty: there is nothing to learn from.\n`);
    assert.equal(
      await told(text(three)),
      `error: --data ${three} has 3 bytes: a context of 256 needs 512, half to learn from and half for validation. ` +
        "Give a longer text.\n",
    );
    const short = file("short", Array<number>(300).fill(0));
    assert.match(await told(text(short)), /has 300 bytes: .* Give a longer text, or a context of at most 150\.\n$/);
    assert.equal(
      await told("--scenario-name sums --d-model 12"),
      "error: --d-model 12 is no multiple of 8: 4 heads of attention share it, and positions turn pairs.\n",
    );
    assert.equal(
      await told("--scenario-name sums --predictions 5"),
      "error: --predictions 5 of one layer each leave none of --num-layers 5 for the trunk: it takes at most 4.\n",
    );
    assert.equal(
      await told("--scenario-name sums --accumulate 3"),
      "error: --accumulate 3 does not divide --batch-size 128.\n",
    );
    assert.equal(
      await told("--scenario-name sums --algorithm critic-wmtp --weigher shuffled --batch-size 6 --accumulate 2"),
      "error: --weigher shuffled has rows exchange their weights in pairs: --batch-size / --accumulate, 3 here, is even.\n",
    );
    assert.equal(
      await told("--scenario-name stories --algorithm rho1-tokenskip --accumulate 2"),
      "error: --accumulate is not for rho1-tokenskip, which chooses among all bytes of a batch: take a smaller " +
        "--batch-size.\n",
    );
    assert.equal(
      await told("--scenario-name stories --algorithm critic-wmtp --weigher oracle"),
      "error: --weigher oracle is for sums: nobody knows what is to come in stories.\n",
    );
    assert.equal(
      await told("--scenario-name sums --algorithm critic-wmtp --n-iters 1 --stage1-share 1"),
      "error: --pretrain-share and --stage1-share leave no iterations for stage 2 of 1: lower one of them.\n",
    );
  }));

Deno.test("a run keeps its text, and does not go on with another", () =>
  withFolder(async (base) => {
    const data = join(base, "data.bin");
    Deno.writeTextFileSync(data, "abcdefgh".repeat(20));
    const line =
      `--scenario-name text --data ${data} ${size} --algorithm ntp --context-length 8 --n-iters 3 --out ${base}`;
    assert.equal((await run(line.split(" "), { createTrainer, stopAfter: 1 })).code, 130);
    Deno.removeSync(data);
    const folder = onlyRun(base, "text");
    assert.equal((await run(["--resume", folder], { createTrainer, stopAfter: 2 })).code, 130);
    Deno.writeTextFileSync(join(folder, "data", "data.bin"), "abcdefgx".repeat(20));
    const { err } = await run(["--resume", folder], { createTrainer });
    const path = join(folder, "data", "data.bin");
    assert.equal(
      err,
      `error: ${path} is another file than the one of its checkpoint: the run has learned from that. ` +
        "Put it back, or start a new run.\n",
    );
    assert.equal((await runCommand(generateTool, folder)).err, err);
  }));

Deno.test("a run whose folder is deleted has its text in the new one", () =>
  withFolder(async (base) => {
    const data = join(base, "data.bin");
    Deno.writeTextFileSync(data, "abcdefgh".repeat(20));
    const line = `--scenario-name text --data ${data} ${size} --algorithm ntp --context-length 8 --out ${base}/out`;
    let iterations = 0;
    const deleting = async (config: Config): Promise<Trainer> => {
      const trainer = await createTrainer<Trainer>(config);
      const iterate = trainer.iterate.bind(trainer);
      trainer.iterate = (pause) => {
        if (++iterations === 2) Deno.removeSync(join(base, "out", "text"), { recursive: true });
        return iterate(pause);
      };
      return trainer;
    };
    const { code, out, err } = await run([...line.split(" "), "--n-iters", "3"], {
      createTrainer: deleting,
      stopAfter: 2,
    });
    assert.deepEqual([code, err], [130, ""]);
    assert.match(out, /is gone: what is known of the run goes on in/);
    Deno.removeSync(data);
    const resumed = await run(["--resume", onlyRun(join(base, "out"), "text")], { createTrainer });
    assert.deepEqual([resumed.code, resumed.err], [0, ""]);
  }));

Deno.test("a run of what is no text writes none, and what a prompt may be is said", () =>
  withFolder(async (base) => {
    assert.equal((await run([...small, "--n-iters", "1", "--out", base])).code, 0);
    const told = async (...args: string[]) => (await runCommand(generateTool, ...args)).err;
    const folder = onlyRun(base, "navigation");
    assert.equal(await told(folder), "error: navigation is no text: give a run of stories, sums, code or text.\n");
    assert.equal(await told(folder, "--prompt", "a"), "error: --prompt does not go with navigation: leave it out.\n");
    assert.equal(await told(folder, "--prompt", ""), "error: --prompt has no value: it takes a text.\n");
  }));
