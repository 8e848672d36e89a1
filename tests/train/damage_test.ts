/** Runs of which a file was damaged: nothing damaged is believed, nothing good is lost, and it is told by a sentence. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { listCheckpoints, loadCheckpoint } from "../../lib/train/files/checkpoint.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/train/files/safetensors.ts";
import { readRecords } from "../../lib/train/files/tensorboard.ts";
import { readRuns } from "../../lib/train/look/records.ts";
import { evalTool } from "../../lib/train/look/eval.ts";
import { exportTool } from "../../lib/train/look/export.ts";
import { renderTool } from "../../lib/train/look/render.ts";
import { writeRunReport } from "../../lib/train/look/report.ts";
import { runsTool } from "../../lib/train/look/runs.ts";
import { filesBelow, logged, onlyRun, run, runCommand, small, withFolder } from "./harness.ts";

const args = [...small, "--n-iters", "8", "--save-every", "2"];

/** A run that was stopped after its sixth iteration, and what it would have come to. */
async function stopped(base: string): Promise<{ folder: string; whole: unknown[] }> {
  assert.equal((await run([...args, "--out", join(base, "whole")])).code, 0);
  assert.equal((await run([...args, "--out", join(base, "stopped")], { stopAfter: 6 })).code, 130);
  return { folder: onlyRun(join(base, "stopped")), whole: logged(onlyRun(join(base, "whole"))) };
}

/** Turns a bit of a file. */
function flip(path: string, at: number): void {
  const bytes = Deno.readFileSync(path);
  bytes[at]! ^= 1;
  Deno.writeFileSync(path, bytes);
}

function eventsOf(folder: string): string {
  return join(folder, filesBelow(folder).find((name) => name.startsWith("events.out"))!);
}

/** Changes a JSON file. */
function rewrite(path: string, change: (x: Record<string, unknown>) => unknown): void {
  Deno.writeTextFileSync(path, JSON.stringify(change(JSON.parse(Deno.readTextFileSync(path)))));
}

Deno.test("--resume keeps the good rows of metrics around a damaged line, and says which it is", () =>
  withFolder(async (base) => {
    const { folder, whole } = await stopped(base);
    const path = join(folder, "metrics.jsonl");
    const lines = Deno.readTextFileSync(path).split("\n");
    flip(path, lines[0]!.length + lines[1]!.length + 20);
    const before = Deno.readFileSync(path);
    for (const stopAfter of [7, 8]) {
      const { code, out, err } = await run(["--resume", folder], { stopAfter });
      assert.deepEqual([code, err], [stopAfter === 7 ? 130 : 0, ""]);
      assert.match(out, /metrics\.jsonl has a damaged line, 3: the others stay\.\n/);
      // It stays where it is: nothing is cut that a copy would have to keep.
      assert.deepEqual(Deno.readFileSync(path).subarray(0, before.length), before);
      assert.deepEqual(filesBelow(folder).filter((x) => x.includes("damaged")), []);
    }
    assert.deepEqual(logged(folder), whole.toSpliced(2, 1));
    const { problems } = readRuns([folder]);
    assert.deepEqual(problems, [`${path} has a damaged line, 3: left out.`, `${path} has 7 of 8 iterations.`]);
  }));

Deno.test("--resume copies metrics aside before a damaged line is cut, once, and not for what a kill has torn", () =>
  withFolder(async (base) => {
    const { folder, whole } = await stopped(base);
    const path = join(folder, "metrics.jsonl");
    Deno.writeTextFileSync(path, '{"iteration":7,"fra', { append: true });
    assert.equal((await run(["--resume", folder], { stopAfter: 7 })).code, 130);
    assert.deepEqual(filesBelow(folder).filter((x) => x.includes("damaged")), []);
    Deno.writeTextFileSync(path, '{"iteration":8}\n', { append: true });
    const before = Deno.readFileSync(path);
    const [, earlier] = listCheckpoints(folder);
    const { out } = await run(["--resume", earlier!.path], { stopAfter: 7 });
    assert.match(out, /metrics\.damaged-1\.jsonl has metrics\.jsonl as it was/);
    assert.equal((await run(["--resume", folder])).code, 0);
    assert.deepEqual(filesBelow(folder).filter((x) => x.includes("damaged")), ["metrics.damaged-1.jsonl"]);
    assert.deepEqual(Deno.readFileSync(join(folder, "metrics.damaged-1.jsonl")), before);
    assert.deepEqual(logged(folder), whole);
  }));

Deno.test("--resume keeps the good records of events around damage, and the file as it was", () =>
  withFolder(async (base) => {
    const { folder } = await stopped(base);
    const path = eventsOf(folder);
    const records = [...readRecords(Deno.readFileSync(path))].length;
    for (const [copy, at] of [[1, 300], [2, 9]] as const) {
      flip(path, at);
      const before = Deno.readFileSync(path);
      const { code, out, err } = await run(["--resume", folder], copy === 1 ? { stopAfter: 7 } : {});
      assert.deepEqual([code, err], [copy === 1 ? 130 : 0, ""]);
      assert.match(
        out,
        new RegExp(`is damaged: what can be read stays, events\\.damaged-${copy}\\.bin has it as it was`),
      );
      assert.deepEqual(Deno.readFileSync(join(folder, `events.damaged-${copy}.bin`)), before);
    }
    const after = Deno.readFileSync(path);
    const found = [...readRecords(after)];
    assert.equal(found.at(-1)!.end, after.length);
    // Two more iterations, and the two that were damaged.
    assert.equal(found.length, records + 2 - 2);
  }));

Deno.test("a checkpoint in which a bit was turned is not resumed, looked at or replaced; the one before it is named", () =>
  withFolder(async (base) => {
    const { folder, whole } = await stopped(base);
    const [, earlier, { path }] = listCheckpoints(folder) as [unknown, { path: string }, { path: string }];
    flip(path, Deno.readFileSync(path).length - 9);
    const before = filesBelow(folder).map((name) => Deno.readFileSync(join(folder, name)));
    const { code, err } = await run(["--resume", folder]);
    assert.equal(code, 2);
    assert.ok(
      err.startsWith(`error: ${path} is damaged: its numbers, or their names, are not those that were written`),
    );
    assert.ok(err.endsWith(`; give the one before it: ${earlier.path}.\n`), err);
    for (const tool of [evalTool, exportTool, renderTool]) {
      assert.deepEqual(await runCommand(tool, folder), { code: 2, out: "", err });
    }
    assert.deepEqual(filesBelow(folder).map((name) => Deno.readFileSync(join(folder, name))), before);
    assert.equal((await run(["--resume", earlier.path])).code, 0);
    assert.deepEqual(logged(folder), whole);
  }));

Deno.test("a checkpoint of NaN, of another run, under another name or without its digest is refused by name", () =>
  withFolder(async (base) => {
    const { folder } = await stopped(base);
    const { path } = listCheckpoints(folder).at(-1)!;
    const good = Deno.readFileSync(path);
    const { tensors, metadata } = decodeSafetensors(good);
    const refused = async (bytes: Uint8Array, sentence: RegExp, at = path) => {
      Deno.writeFileSync(at, bytes);
      const { code, err } = await run(["--resume", at]);
      assert.equal(code, 2);
      assert.match(err, sentence);
      Deno.removeSync(at);
    };
    const weights = tensors["policy.weights"]!;
    const nan = { ...tensors, "policy.weights": { ...weights, data: Float32Array.of(1, NaN, 2, 3) } };
    const other = encodeSafetensors({ tensors: nan, metadata });
    await refused(
      other,
      /000006\.safetensors is not the checkpoint that this run wrote: its digest is not that of the man/,
    );
    await refused(
      good,
      /000009\.safetensors is not what its name says: it holds the state after iteration 6;/,
      path.replace("6.", "9."),
    );
    rewrite(join(folder, "manifest.json"), ({ checkpoints: _, ...rest }) => rest);
    await refused(other, /000006\.safetensors is damaged: "policy\.weights" holds NaN at 1\./);
    const text = new TextDecoder("latin1").decode(good).replace('"digest"', '"dig_st"');
    const bare = Uint8Array.from(text, (x) => x.charCodeAt(0));
    await refused(bare, /is damaged: its digest, by which its numbers are checked, is not there/);
    Deno.writeFileSync(path, good);
    assert.equal(loadCheckpoint(path).iteration, 6);
  }));

Deno.test("settings that are not those that a run was trained with are refused, with what they were", () =>
  withFolder(async (base) => {
    const { folder } = await stopped(base);
    const path = join(folder, "config.json");
    const good = Deno.readTextFileSync(path);
    const refused = async (change: (x: Record<string, unknown>) => unknown, sentence: string) => {
      rewrite(path, change);
      const { code, err } = await run(["--resume", folder]);
      assert.deepEqual([code, err], [2, `error: ${path} ${sentence}\n`]);
      assert.deepEqual(readRuns([folder]).problems, [`${path} ${sentence}`]);
      assert.throws(() => writeRunReport(folder, 2), { name: "UsageError", message: `${path} ${sentence}` });
      Deno.writeTextFileSync(path, good);
    };
    const changed = "put that back, or start a new run.";
    await refused(
      ({ numEpochs: _, ...rest }) => rest,
      'lacks "numEpochs", which was 30 by 000006.safetensors: put that back.',
    );
    await refused(
      (x) => ({ ...x, lr: 0.0007 }),
      `says "lr" is 0.0007, and it was 0.0003 by 000006.safetensors: ${changed}`,
    );
    await refused((x) => ({ ...x, seed: 1 }), `says "seed" is 1, and it was 0 by 000006.safetensors: ${changed}`);
    await refused((x) => ({ ...x, nIters: 7 }), `says "nIters" is 7, and it was 8 by 000006.safetensors: ${changed}`);
    // No number that is learned depends on these.
    rewrite(path, (x) => ({ ...x, nIters: 9, saveEvery: 3 }));
    assert.equal((await run(["--resume", folder])).code, 0);
    assert.equal(logged(folder).length, 9);
  }));

Deno.test("a checkpoint whose note of a setting was damaged is blamed for it, not a good config.json", () =>
  withFolder(async (base) => {
    const { folder } = await stopped(base);
    const { path } = listCheckpoints(folder).at(-1)!;
    const text = new TextDecoder("latin1").decode(Deno.readFileSync(path));
    const changed = text.replace('\\"lr\\":0.0003', '\\"lr\\":0.0004');
    assert.notEqual(changed, text);
    Deno.writeFileSync(path, Uint8Array.from(changed, (x) => x.charCodeAt(0)));
    const { code, err } = await run(["--resume", folder]);
    assert.equal(code, 2);
    assert.match(
      err,
      /^error: \S+000006\.safetensors is damaged: .*; give the one before it: \S+000004\.safetensors\.\n$/,
    );
    assert.throws(() => writeRunReport(folder, 2), /000006\.safetensors is damaged: /);
    const { problems } = readRuns([folder]);
    assert.deepEqual(problems.map((x) => `error: ${x}\n`), [err]);
  }));

Deno.test("a run that has no checkpoint yet is compared with what it noted as it began", () =>
  withFolder(async (base) => {
    const series = [...args, "--seed", "0,1", "--out", base];
    await run(series, { stopAfter: 1 });
    const folder = join(onlyRun(base), "seed-1");
    const path = join(folder, "config.json");
    rewrite(path, ({ gamma: _, ...rest }) => rest);
    const { code, err } = await run(["--resume", folder]);
    assert.deepEqual([code, err], [
      2,
      `error: ${path} lacks "gamma", which was 0.99 as the run began: put that back.\n`,
    ]);
  }));

Deno.test("a checkpoint of other sizes than the configuration is refused before a trainer is made", () =>
  withFolder(async (base) => {
    const { folder } = await stopped(base);
    rewrite(join(folder, "config.json"), (x) => ({ ...x, hiddenSize: 10_000 }));
    const createTrainer = () => Promise.reject(new Error("a trainer was made"));
    const { code, err } = await run(["--resume", folder], { createTrainer });
    assert.equal(code, 2);
    assert.match(err, /says "hiddenSize" is 10000, and it was 256 by 000006\.safetensors/);
  }));

Deno.test("runs lists what can be read and tells the rest, by file", () =>
  withFolder(async (base) => {
    const names = ["config", "manifest", "lacking", "rows", "sound"];
    for (const name of names) await run([...args, "--out", join(base, name)], { stopAfter: 3 });
    const at = (name: string, file: string) => join(onlyRun(join(base, name)), file);
    Deno.writeTextFileSync(at("config", "config.json"), '{"scenarioName": ');
    Deno.writeTextFileSync(at("manifest", "manifest.json"), "[]");
    Deno.removeSync(at("lacking", "metrics.jsonl"));
    flip(at("rows", "metrics.jsonl"), 40);
    const closed = join(base, "closed");
    Deno.mkdirSync(closed, { mode: 0 });
    const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;
    const { code, out } = await runCommand(runsTool, base);
    assert.equal(code, 0);
    const lines = out.trimEnd().split("\n");
    assert.deepEqual(lines.slice(1, 4).map((line) => line.match(/ (\d\/8) .* (interrupted|unknown)/)!.slice(1)), [
      ["3/8", "unknown"],
      ["2/8", "interrupted"],
      ["3/8", "interrupted"],
    ]);
    const problems = lines.slice(4).sort();
    const expected = [
      `${at("config", "config.json")} is not the configuration of a run: `,
      `${at("lacking", "metrics.jsonl")} cannot be read: it does not exist.`,
      `${at("manifest", "manifest.json")} is damaged: how the run stands is not known.`,
      `${at("rows", "metrics.jsonl")} has 2 of 3 iterations.`,
      `${at("rows", "metrics.jsonl")} has a damaged line, 1: left out.`,
      ...isRoot ? [] : [`${closed} cannot be opened: permission is denied.`],
    ].sort();
    assert.equal(problems.length, expected.length, out);
    problems.forEach((line, i) => assert.ok(line.startsWith(expected[i]!), `${line}\n${expected[i]}`));
  }));

Deno.test("what a file of others holds reaches the terminal in one line, and moves no cursor", () =>
  withFolder(async (base) => {
    const { folder } = await stopped(base);
    const nasty = "\x1b[2K\rDone: 9 iterations\u202e";
    const path = join(folder, "config.json");
    const good = Deno.readTextFileSync(path);
    rewrite(path, (x) => ({ ...x, scenarioName: nasty }));
    const first = await run(["--resume", folder]);
    assert.match(first.err, /"scenarioName" holds characters that cannot be shown\.\n$/);
    Deno.writeTextFileSync(path, good.replace('"seed"', `"${nasty}\\n${"x".repeat(3000)}"`));
    const second = await run(["--resume", folder]);
    Deno.writeTextFileSync(path, `${nasty}\n${nasty}`);
    const third = await run(["--resume", folder]);
    Deno.writeTextFileSync(path, good);
    const whole = Deno.readFileSync(listCheckpoints(folder).at(-1)!.path);
    const { tensors, metadata } = decodeSafetensors(whole);
    const noted = JSON.stringify({ ...JSON.parse(metadata.config!), algorithm: `x\n${nasty}` });
    rewrite(join(folder, "manifest.json"), ({ checkpoints: _, ...rest }) => rest);
    const forged = encodeSafetensors({ tensors, metadata: { ...metadata, config: noted } });
    Deno.writeFileSync(listCheckpoints(folder).at(-1)!.path, forged);
    const sixth = await run(["--resume", folder]);
    assert.match(sixth.err, /and it was x\\n\\u001b\[2K\\u000dDone: 9 iterations\\u202e by 000006/);
    Deno.writeFileSync(listCheckpoints(folder).at(-1)!.path, whole);
    Deno.writeTextFileSync(join(base, "key.json"), JSON.stringify({ [`x\n${nasty}`]: 1 }));
    const seventh = await run(["--config", join(base, "key.json")]);
    assert.match(seventh.err, /"x\\n\\u001b.*" is no setting/);
    rewrite(join(folder, "manifest.json"), (x) => ({ ...x, adapter: `a rule\n${nasty}` }));
    const fourth = await run(["--resume", folder]);
    const named = join(base, `run\n${nasty}`);
    Deno.renameSync(folder, named);
    Deno.writeTextFileSync(join(named, "manifest.json"), "{");
    const fifth = await runCommand(runsTool, base);
    assert.match(fifth.out, /run\\n\\u001b\[2K\\u000dDone: 9 iterations\\u202e/);
    const eighth = await run(["--resume", named]);
    assert.match(
      eighth.err,
      /^error: --resume has a line break: .*run\\n\\u001b\[2K\\u000dDone: 9 iterations.*\. Rename what is called so\.\n$/,
    );
    const ninth = await runCommand(evalTool, named);
    assert.match(ninth.err, /^error: an argument of eval has a line break: /);
    for (const { out, err } of [first, second, third, fourth, fifth, sixth, seventh, eighth, ninth]) {
      for (const moving of ["\x1b", "\r", "\u202e"]) assert.ok(!(out + err).includes(moving));
      assert.doesNotMatch(out + err, /^Done: 9/m);
      for (const line of err.split("\n")) assert.ok(line.length < 600, line);
    }
    assert.equal(fourth.code, 0);
  }));

Deno.test("neither the manifest nor a report holds a path of the machine", () =>
  withFolder(async (base) => {
    await run([...args, `--out=${base}`], { failAt: 3 });
    const folder = onlyRun(base);
    writeRunReport(folder, 2);
    const { manifest, report } = {
      manifest: Deno.readTextFileSync(join(folder, "manifest.json")),
      report: Deno.readTextFileSync(join(folder, "report.ipynb")),
    };
    for (const text of [manifest, report]) {
      // The way from the folder of the run to the library is one, but no absolute one.
      assert.doesNotMatch(text, /(^|["'\x60 (=]|file:\/\/)\/\w+\//m);
      assert.ok(!text.includes(base));
    }
    assert.match(manifest, /"--out=\.\.\/plumbline-train-/);
  }));
