import assert from "node:assert/strict";
import { basename, isAbsolute, join } from "node:path";
import { listCheckpoints, loadCheckpoint } from "../../lib/train/files/checkpoint.ts";
import { readConfig } from "../../lib/train/command/saved_config.ts";
import type { Manifest } from "../../lib/train/files/manifest.ts";
import { readRows } from "../../lib/train/files/metrics.ts";
import type { Config } from "../../lib/systems/settings.ts";
import { writeRunReport } from "../../lib/train/look/report.ts";
import { eventsUpTo, readRecords } from "../../lib/train/files/tensorboard.ts";
import { FakeTrainer } from "./fake_trainer.ts";
import { filesBelow, logged, onlyRun, run, runTask, small, withFolder } from "./harness.ts";

const readManifest = (folder: string): Manifest => JSON.parse(Deno.readTextFileSync(join(folder, "manifest.json")));
const newest = (folder: string) => listCheckpoints(folder).at(-1)!;
const eventsOf = (folder: string) =>
  Deno.readFileSync(join(folder, filesBelow(folder).find((name) => name.startsWith("events."))!));

Deno.test("a run leaves every file, readable by its format", () =>
  withFolder(async (out) => {
    const args = [...small, "--out", out, "--n-iters", "7", "--seed", "5"];
    const { code, err } = await run(args);
    assert.deepEqual({ code, err }, { code: 0, err: "" });
    const folder = onlyRun(out);
    assert.deepEqual(filesBelow(folder).map((name) => name.replace(/\d+\.plumbline$/, "*")), [
      "checkpoints/000005.safetensors",
      "checkpoints/000007.safetensors",
      "config.json",
      "events.out.tfevents.*",
      "manifest.json",
      "metrics.jsonl",
      "policy.onnx",
      "reward.svg",
    ]);
    const config = JSON.parse(Deno.readTextFileSync(join(folder, "config.json")));
    assert.deepEqual([config.seed, config.nIters, config.framesPerBatch], [5, 7, 20]);
    const rows = [...readRows(Deno.readFileSync(join(folder, "metrics.jsonl")))].map(({ row }) => row);
    assert.deepEqual(
      rows.map(({ iteration, frames }) => [iteration, frames]),
      [1, 2, 3, 4, 5, 6, 7].map((i) => [i, 20 * i]),
    );
    assert.deepEqual(Object.keys(rows[0]!.metrics), [
      "train/episode_reward_sum",
      "train/kl",
      "time/frames_per_second",
      "time/iteration_seconds",
      "memory/live_bytes",
    ]);
    const events = eventsOf(folder);
    assert.equal([...readRecords(events)].length, 2 + 7);
    assert.deepEqual(eventsUpTo(events, 7), { content: events, isDamaged: false });
    // A tag, and behind it the field of a float32.
    const field = new RegExp(`time/frames${String.fromCharCode(0x15)}`, "g");
    const frames = [...new TextDecoder("latin1").decode(events).matchAll(field)].map((found) =>
      new DataView(events.buffer, events.byteOffset).getFloat32(found.index + found[0].length, true)
    );
    assert.deepEqual(frames, [1, 2, 3, 4, 5, 6, 7].map((i) => 20 * i));
    assert.equal(loadCheckpoint(newest(folder).path).iteration, 7);
    assert.match(Deno.readTextFileSync(join(folder, "reward.svg")), /^<svg[^]*<\/svg>\s*$/);
    const manifest = readManifest(folder);
    assert.deepEqual(manifest.arguments, args.map((x) => isAbsolute(x) ? `../${basename(x)}` : x));
    assert.deepEqual([manifest.outcome, manifest.fromIteration, manifest.toIteration], ["finished", 0, 7]);
    assert.deepEqual(manifest.traces, { total: 3, afterFirst: 0 });
    assert.deepEqual(filesBelow(folder).filter((name) => name.startsWith("events.")), [manifest.events]);
    assert.deepEqual(Object.keys(manifest.versions), ["deno", "plumbline", "onnxruntime-node", "webgpu"]);
    assert.ok(Object.values(manifest.versions).every((version) => /^\d+\.\d+\.\d+$/.test(version)));
    assert.equal(manifest.adapter, "a rule");
  }));

Deno.test("a run says what it does: its batch, a line an iteration, and at the end where everything is", () =>
  withFolder(async (out) => {
    const { out: text } = await run([...small, "--out", out, "--n-iters", "3"]);
    const folder = onlyRun(out);
    const lines = text.trimEnd().split("\n");
    assert.equal(lines[0], "navigation, 3 agents, mappo, seed 0: 4 parameters");
    assert.equal(lines[1], "batch: 4 envs x 5 steps = 20 frames; 30 epochs of 3 minibatches");
    assert.equal(lines[2], "preset: tuned, but maxSteps 5, framesPerBatch 20, minibatchSize 8");
    assert.equal(lines[4], folder);
    for (const i of [1, 2, 3]) {
      assert.match(lines[4 + i]!, new RegExp(`^iteration ${i}/3   reward .* frames/s   0:00 left$`));
    }
    assert.match(
      lines[8]!,
      /^Done: 3 iterations\. Last reward: 0\.\d{3}, mean of the last 3: -?0\.\d{3}$/,
    );
    assert.equal(lines[9], "Programs traced: 3, none after the first iteration.");
    assert.ok(lines[10]!.startsWith(folder));
    assert.equal(lines[11], `To go on: deno task train --resume ${folder} --n-iters 6`);
    assert.ok(!text.includes("\x1b"));
    assert.equal((await run(lines[11]!.split(" ").slice(6))).code, 0);
  }));

Deno.test("a run that goes on with logs that are shorter than its checkpoint says how much is lost", () =>
  withFolder(async (out) => {
    await run([...small, "--out", out, "--n-iters", "6"]);
    const folder = onlyRun(out);
    const path = join(folder, "metrics.jsonl");
    Deno.writeTextFileSync(path, Deno.readTextFileSync(path).split("\n").slice(0, 3).join("\n") + "\n");
    const { code, out: text } = await run(["--resume", folder, "--n-iters", "7"]);
    assert.equal(code, 0);
    assert.match(text, /^The logs hold 3 of the 6 iterations before the checkpoint: the others are lost\.$/m);
  }));

Deno.test("a run whose schedule ends with it says so, and gives no advice that would be refused", () =>
  withFolder(async (out) => {
    const { out: text } = await run([...small, "--out", out, "--n-iters", "3", "--lr-schedule", "linear"]);
    const ending = "the linear schedule of the learning rate, which ends with the 3 iterations of the run";
    const more = `more iterations would change ${ending}. A longer one begins anew: --n-iters 6`;
    assert.ok(text.endsWith(`\nIt is complete: ${more}\n`), text);
    const { code, err } = await run(["--resume", onlyRun(out), "--n-iters", "6"]);
    const way = "leave it out, or start a new run";
    assert.deepEqual([code, err], [2, `error: --n-iters 6 would change ${ending}: ${way}.\n`]);
  }));

Deno.test("a run that is stopped at any iteration and resumed ends as if it had not stopped, bit for bit", () =>
  withFolder(async (base) => {
    const whole = join(base, "whole");
    await run([...small, "--out", whole, "--n-iters", "6", "--save-every", "4"]);
    for (const stopAfter of [1, 3, 4, 5]) {
      const out = join(base, `stopped-${stopAfter}`);
      const stopped = await run([...small, "--out", out, "--n-iters", "6", "--save-every", "4"], { stopAfter });
      const folder = onlyRun(out);
      assert.equal(stopped.code, 130);
      assert.match(stopped.out, /\nEnding this iteration, then saving\. Ctrl-C again stops at once\.\n/);
      assert.match(stopped.out, new RegExp(`\nStopped after iteration ${stopAfter} of 6\\.`));
      assert.ok(stopped.out.endsWith(`\nTo resume: deno task train --resume ${folder}\n`));
      assert.equal(newest(folder).iteration, stopAfter);
      assert.equal((await run(["--resume", folder])).code, 0);
      assertSameRun(folder, onlyRun(whole));
      const { earlier, fromIteration, outcome } = readManifest(folder);
      assert.deepEqual([fromIteration, outcome], [stopAfter, "finished"]);
      assert.deepEqual(earlier.map((session) => [session.outcome, session.toIteration]), [["interrupted", stopAfter]]);
    }
  }));

function assertSameRun(folder: string, expected: string): void {
  assert.deepEqual(logged(folder), logged(expected));
  assert.equal([...readRecords(eventsOf(folder))].length, [...readRecords(eventsOf(expected))].length);
  for (const name of [`checkpoints/${newest(expected).path.slice(-18)}`, "policy.onnx", "reward.svg", "config.json"]) {
    assert.deepEqual(Deno.readFileSync(join(folder, name)), Deno.readFileSync(join(expected, name)), name);
  }
}

Deno.test("--resume with a larger --n-iters goes on, from the folder or from an older checkpoint", () =>
  withFolder(async (base) => {
    const [long, short] = [join(base, "long"), join(base, "short")];
    await run([...small, "--out", long, "--n-iters", "9", "--save-every", "2"]);
    await run([...small, "--out", short, "--n-iters", "5", "--save-every", "2"]);
    const folder = onlyRun(short);
    assert.equal((await run(["--resume", folder, "--n-iters", "9"])).code, 0);
    assertSameRun(folder, onlyRun(long));
    const older = listCheckpoints(folder)[0]!;
    assert.equal(older.iteration, 6);
    const { code, out } = await run(["--resume", older.path]);
    assert.equal(code, 0);
    assert.ok(out.startsWith(
      "Going back to iteration 6 removes the logs of iterations 7 to 9, 000008.safetensors, 000009.safetensors.\n",
    ));
    assertSameRun(folder, onlyRun(long));
  }));

Deno.test("a run goes on on another device, says so, and keeps that", () =>
  withFolder(async (out) => {
    const createTrainer = (config: Config) => {
      const trainer = new FakeTrainer(config);
      return Promise.resolve(Object.assign(trainer, { facts: { ...trainer.facts, adapter: `the ${config.device}` } }));
    };
    await run([...small, "--out", out, "--n-iters", "4", "--device", "webgpu"], { createTrainer, stopAfter: 2 });
    const folder = onlyRun(out);
    const moved = await run(["--resume", folder, "--device", "cpu"], { createTrainer, stopAfter: 3 });
    assert.deepEqual([moved.code, moved.err], [130, ""]);
    const told =
      "This run was made on the webgpu and goes on on the cpu: the numbers will agree to rounding, not bit for bit.";
    assert.equal(moved.out.split("\n")[0], told);
    const { code, out: text } = await run(["--resume", folder], { createTrainer });
    assert.deepEqual([code, text.includes("goes on on"), logged(folder).length], [0, false, 4]);
    assert.deepEqual([readConfig(folder).device, readManifest(folder).adapter], ["cpu", "the cpu"]);
  }));

Deno.test("--resume of a run without a checkpoint begins it again in the same folder", () =>
  withFolder(async (out) => {
    const failed = await run([...small, "--out", out, "--n-iters", "3"], { failAt: 2 });
    const folder = onlyRun(out);
    assert.deepEqual([failed.code, listCheckpoints(folder).length, logged(folder).length], [1, 0, 1]);
    assert.equal((await run(["--resume", folder])).code, 0);
    assert.equal(logged(folder).length, 3);
  }));

Deno.test("--resume of a finished run changes nothing and says that it is done", () =>
  withFolder(async (out) => {
    await run([...small, "--out", out, "--n-iters", "3"]);
    const folder = onlyRun(out);
    const [metrics, checkpoint] = [logged(folder), Deno.readFileSync(newest(folder).path)];
    const { code, out: text } = await run(["--resume", folder]);
    assert.equal(code, 0);
    assert.match(text, /\nDone: 3 iterations\./);
    assert.deepEqual(logged(folder), metrics);
    assert.deepEqual(Deno.readFileSync(newest(folder).path), checkpoint);
  }));

Deno.test("a run that fails exits with 1, the error's text, its logs and its last checkpoint", () =>
  withFolder(async (out) => {
    const { code, err } = await run([...small, "--out", out, "--n-iters", "9", "--save-every", "2"], { failAt: 6 });
    const folder = onlyRun(out);
    assert.equal(code, 1);
    assert.match(err, /^error: Error: the fake driver crashed\.\n/);
    assert.ok(err.endsWith(`To go on from there: deno task train --resume ${folder}\n`));
    assert.deepEqual([logged(folder).length, newest(folder).iteration], [5, 4]);
    const { outcome, error, toIteration } = readManifest(folder);
    assert.deepEqual([outcome, error, toIteration], ["failed", "the fake driver crashed.", 5]);
    assert.equal((await run(["--resume", folder])).code, 0);
    assert.equal(logged(folder).length, 9);
  }));

Deno.test("--dry-run and --print-config write nothing", () =>
  withFolder(async (out) => {
    const dry = await run([...small, "--out", out, "--dry-run"]);
    assert.deepEqual([dry.code, dry.err], [0, ""]);
    assert.match(dry.out, /Dry run: nothing was written\. /);
    const printed = await run([...small, "--out", out, "--print-config", "--lr", "0.01"]);
    assert.equal(JSON.parse(printed.out).lr, 0.01);
    assert.deepEqual(filesBelow(out), []);
  }));

Deno.test("--help needs no other flag to be right", async () => {
  const { code, out } = await run(["--help", "--lr", "7"]);
  assert.equal(code, 0);
  assert.match(out, /^Trains a system /);
  const own = await run(["--scenario-name", "wheel", "--help"]);
  assert.match(own.out, /^wheel: turn a line .*\n\nUsage: deno task train --scenario-name wheel /);
  assert.match(own.out, /\n {2}--lr X .*\[0\.003\]\n/);
});

Deno.test("commands that cannot be run get one sentence and exit code 2, and write nothing", () =>
  withFolder(async (out) => {
    const blocked = join(out, "file");
    Deno.writeTextFileSync(blocked, "in the way");
    const commands: readonly (readonly [readonly string[], string])[] = [
      [["--lrr", "1"], "--lrr is no flag of train: did you mean --lr?"],
      [["--lr", "2"], "--lr takes a number above 0, at most 1, not 2."],
      [
        ["--minibatch-size", "21"],
        "--minibatch-size 21 is larger than the batch of 20 frames: give at most 20, or more --frames-per-batch.",
      ],
      [
        ["--out", blocked],
        `${join(blocked, "navigation")} could not be written: a part of its path is a file, not a folder.`,
      ],
      [["--resume", join(out, "none")], `--resume ${join(out, "none")} cannot be opened: it does not exist.`],
      [["--resume", out, "--preset", "tuned"], "--preset cannot be given with --resume: a run keeps its settings."],
      [["--resume", out, "--out", out], "--out cannot be given with --resume: the run goes on in its own folder."],
      [
        ["--resume", out],
        `--resume ${out} is no run: give a folder that holds config.json and checkpoints/, or one of its checkpoints.`,
      ],
    ];
    for (const [args, sentence] of commands) {
      const place = args.includes("--out") || args.includes("--resume") ? [] : ["--out", out];
      const batch = args.includes("--minibatch-size") ? small.slice(0, 4) : args.includes("--resume") ? [] : small;
      assert.deepEqual(await run([...batch, ...place, ...args]), { code: 2, out: "", err: `error: ${sentence}\n` });
    }
    assert.deepEqual(filesBelow(out), ["file"]);
  }));

Deno.test("checkpoints that do not fit are refused before anything is changed", () =>
  withFolder(async (out) => {
    await run([...small, "--out", out, "--n-iters", "3"]);
    const folder = onlyRun(out);
    const { path } = newest(folder);
    const before = () => filesBelow(folder).map((name) => Deno.readTextFileSync(join(folder, name)));
    const kept = before();
    const other = await run(["--resume", folder], { size: 6 });
    assert.deepEqual([other.code, other.err], [
      2,
      `error: ${path} is of another run: its "policy.weights" is float32 [2, 2], not float32 [2, 3].\n`,
    ]);
    const lower = await run(["--resume", folder, "--n-iters", "2"]);
    assert.deepEqual([lower.code, lower.err], [
      2,
      "error: --n-iters 2 is less than the 3 of the run: it can only be raised.\n",
    ]);
    assert.deepEqual(before(), kept);
    const bytes = Deno.readFileSync(path);
    Deno.writeFileSync(path, bytes.subarray(0, 300));
    const truncated = await run(["--resume", folder]);
    assert.equal(truncated.code, 2);
    assert.match(
      truncated.err,
      /^error: .*000003\.safetensors is truncated: \d+ of \d+ bytes of its (header|data) are there; there is none before it, so start a new run\.\n$/,
    );
  }));

Deno.test("a damaged checkpoint names the one before it, from which the run goes on to the same end", () =>
  withFolder(async (out) => {
    await run([...small, "--out", out, "--n-iters", "4", "--save-every", "2"]);
    const folder = onlyRun(out);
    const [earlier, last] = listCheckpoints(folder).map(({ path }) => path) as [string, string];
    const bytes = Deno.readFileSync(last);
    Deno.writeFileSync(last, new Uint8Array());
    const { code, err } = await run(["--resume", folder]);
    assert.deepEqual([code, err], [
      2,
      `error: ${last} is truncated: it has only 0 bytes; give the one before it: ${earlier}.\n`,
    ]);
    assert.equal((await run(["--resume", earlier])).code, 0);
    assert.deepEqual(Deno.readFileSync(last), bytes);
  }));

Deno.test("a config.json that is none is named, whatever it holds", () =>
  withFolder(async (out) => {
    await run([...small, "--out", out, "--n-iters", "1"]);
    const path = join(onlyRun(out), "config.json");
    const sentences = {
      "": "Unexpected end of JSON input.",
      "null": "it names no scenario.",
      '{"scenarioName": "navigation"}': "--seed takes a whole number from 0 to 4,294,967,295, and is missing.",
    };
    for (const [content, sentence] of Object.entries(sentences)) {
      Deno.writeTextFileSync(path, content);
      const { code, err } = await run(["--resume", onlyRun(out)]);
      assert.deepEqual([code, err], [2, `error: ${path} is not the configuration of a run: ${sentence}\n`]);
    }
  }));

Deno.test("a report of a run that was killed is of its last iteration; one without an iteration says what to give", () =>
  withFolder(async (out) => {
    await run([...small, "--out", out, "--n-iters", "3"]);
    const folder = onlyRun(out);
    const killed = { ...readManifest(folder), outcome: "running", ended: null, toIteration: 0 };
    Deno.writeTextFileSync(join(folder, "manifest.json"), JSON.stringify(killed));
    assert.match(Deno.readTextFileSync(writeRunReport(folder, null)), /trainer\.iteration < 3\)/);
    Deno.writeTextFileSync(join(folder, "metrics.jsonl"), "");
    assert.throws(() => writeRunReport(folder, null), {
      name: "UsageError",
      message: `${folder} has no iteration yet: give the one to repeat as --iteration.`,
    });
  }));

Deno.test("a session that was killed is one in the manifest of those who go on, with how far it got", () =>
  withFolder(async (out) => {
    await run([...small, "--out", out, "--n-iters", "6", "--save-every", "2"], { stopAfter: 5 });
    const folder = onlyRun(out);
    const killed = { ...readManifest(folder), outcome: "running", ended: null, toIteration: 0 };
    Deno.writeTextFileSync(join(folder, "manifest.json"), JSON.stringify(killed));
    Deno.removeSync(newest(folder).path);
    await run(["--resume", folder]);
    const { earlier, fromIteration } = readManifest(folder);
    const sessions = earlier.map(({ outcome, fromIteration, toIteration }) => [outcome, fromIteration, toIteration]);
    assert.deepEqual([fromIteration, sessions], [4, [["killed", 0, 5]]]);
  }));

Deno.test("a manifest that says nothing is none", () =>
  withFolder(async (out) => {
    await run([...small, "--out", out, "--n-iters", "3"], { stopAfter: 2 });
    const folder = onlyRun(out);
    for (const content of ["{}", "[]", "null", '{"outcome":']) {
      Deno.writeTextFileSync(join(folder, "manifest.json"), content);
      assert.throws(() => writeRunReport(folder, null), /has no manifest.json that can be read/);
    }
    const { code, out: text } = await run(["--resume", folder]);
    assert.deepEqual([code, text.includes("undefined"), readManifest(folder).earlier], [0, false, []]);
  }));

Deno.test("deno task report prints commands that a shell takes, and says what is missing", () =>
  withFolder(async (out) => {
    await run([...small, "--out", join(out, "a b"), "--n-iters", "1"]);
    const folder = onlyRun(join(out, "a b"));
    const { code, out: text } = await runTask("report", folder);
    assert.equal(code, 0);
    assert.ok(text.endsWith(`deno task notebooks '${join(folder, "report.ipynb")}'\n`), text);
    const empty = await runTask("report", "");
    assert.deepEqual([empty.code, empty.err], [2, "error: An argument of report is empty: give a run, or a name.\n"]);
  }));
