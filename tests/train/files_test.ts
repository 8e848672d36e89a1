import assert from "node:assert/strict";
import { join } from "node:path";
import { AppendFile, removeLeftovers, writeFileAtomic } from "../../lib/train/files/atomic.ts";
import {
  checkFinite,
  checkFits,
  listCheckpoints,
  loadCheckpoint,
  saveCheckpoint,
  withSteps,
} from "../../lib/train/files/checkpoint.ts";
import { defaults } from "./particle.ts";
import { UsageError } from "../../lib/systems/usage.ts";
import { reasonOf, WriteError } from "../../lib/train/files/error.ts";
import { findRun } from "../../lib/train/files/find_run.ts";
import { encodeJson, isLocked, RunFolder } from "../../lib/train/files/folder.ts";
import { readConfig } from "../../lib/train/command/saved_config.ts";
import { encodeRow, readLog, readRows, recentMean } from "../../lib/train/files/metrics.ts";
import { encodeSafetensors } from "../../lib/train/files/safetensors.ts";
import { readRecords } from "../../lib/train/files/tensorboard.ts";
import type { TrainerState } from "../../lib/systems/trainer.ts";
import { filesBelow, withFolder } from "./harness.ts";

const state: TrainerState = {
  weights: { dtype: "float32", shape: [2], data: new Float32Array([1, 2]) },
  key: { dtype: "uint32", shape: [2], data: new Uint32Array([3, 4]) },
};

/** As much of a manifest as is read. */
const manifest = {
  ...{ started: "2030-01-31T12:00:00Z", outcome: "killed", arguments: [], fromIteration: 0, toIteration: 0 },
  ...{ engine: "cpu", adapter: "a cpu", earlier: [] },
};

const noon = new Date(2030, 0, 31, 12, 0, 0);

Deno.test("writeFileAtomic() replaces a file and leaves nothing else", () =>
  withFolder((folder) => {
    const path = join(folder, "a.txt");
    writeFileAtomic(path, "one");
    writeFileAtomic(path, new TextEncoder().encode("two"));
    assert.equal(Deno.readTextFileSync(path), "two");
    assert.deepEqual(filesBelow(folder), ["a.txt"]);
  }));

Deno.test("writeFileAtomic() that fails leaves the old file, no half-written one, and a sentence", () =>
  withFolder((folder) => {
    const path = join(folder, "a");
    Deno.mkdirSync(path);
    Deno.writeTextFileSync(join(path, "inside"), "kept");
    assert.throws(
      () => writeFileAtomic(path, "new"),
      (error) => error instanceof WriteError && error.message.startsWith(path),
    );
    assert.deepEqual(filesBelow(folder), ["a/inside"]);
    const missing = join(folder, "no", "file");
    assert.throws(() => writeFileAtomic(missing, ""), {
      name: "WriteError",
      message: `${missing} could not be written: it does not exist.`,
    });
  }));

Deno.test("removeLeftovers() removes what a killed write left, and nothing else", () =>
  withFolder((folder) => {
    Deno.writeTextFileSync(join(folder, "a.safetensors.plumbline.tmp"), "half");
    Deno.writeTextFileSync(join(folder, "a.safetensors"), "whole");
    Deno.writeTextFileSync(join(folder, "editor.tmp"), "another tool's");
    removeLeftovers(folder);
    assert.deepEqual(filesBelow(folder), ["a.safetensors", "editor.tmp"]);
  }));

Deno.test("AppendFile adds at the end, also when it is opened again", () =>
  withFolder((folder) => {
    const path = join(folder, "log");
    for (const line of ["one\n", "two\n"]) {
      const file = new AppendFile(path);
      file.append(line);
      file.append(line);
      file.sync();
      file.close();
    }
    assert.equal(Deno.readTextFileSync(path), "one\none\ntwo\ntwo\n");
  }));

Deno.test("reasonOf() speaks of the cause and not of error numbers", () => {
  assert.equal(reasonOf(new Error("No space left on device (os error 28)")), "no space is left on the device");
  assert.equal(reasonOf(new Error("Permission denied (os error 13): mkdir 'x'")), "permission is denied");
  assert.equal(reasonOf(new Error("Odd thing (os error 99): open 'x'")), "Odd thing");
  const long = "its name, or its path, is longer than the system allows";
  assert.equal(reasonOf(new Error("File name too long (os error 36): mkdir 'x'")), long);
  assert.equal(reasonOf("text"), "text");
});

Deno.test("loadCheckpoint() gives back what saveCheckpoint() wrote, and only the last three are kept", () =>
  withFolder((folder) => {
    Deno.mkdirSync(join(folder, "checkpoints"));
    for (const iteration of [5, 10, 15, 20]) saveCheckpoint(folder, iteration, state);
    assert.deepEqual(listCheckpoints(folder).map(({ iteration }) => iteration), [10, 15, 20]);
    const { digest, ...read } = loadCheckpoint(join(folder, "checkpoints", "000020.safetensors"));
    assert.deepEqual(read, { iteration: 20, state, config: {} });
    assert.match(digest!, /^[0-9a-f]{64}$/);
  }));

Deno.test("loadCheckpoint() names a file that is missing, truncated or something else", () =>
  withFolder((folder) => {
    Deno.mkdirSync(join(folder, "checkpoints"));
    const { path } = saveCheckpoint(folder, 5, state);
    const bytes = Deno.readFileSync(path);
    Deno.writeFileSync(path, bytes.subarray(0, bytes.length - 5));
    assert.throws(
      () => loadCheckpoint(path),
      new UsageError(`${path} is truncated: 11 of 16 bytes of its data are there.`),
    );
    Deno.writeTextFileSync(path, "hello, this is text");
    assert.throws(() => loadCheckpoint(path), { message: new RegExp(`^${path} is not a safetensors file: `) });
    for (
      const [config, iteration] of [["{bad", "5"], ["3", "5"], ["null", "5"], ["{}", "0x5"], ["{}", " 5"]] as const
    ) {
      const metadata = { format: "plumbline checkpoint 2", iteration, config };
      Deno.writeFileSync(path, encodeSafetensors({ tensors: state, metadata }));
      const fault = config === "{}"
        ? "is not a checkpoint of a run: its metadata do not say so."
        : "is damaged: the configuration in its metadata cannot be read.";
      assert.throws(() => loadCheckpoint(path), new UsageError(`${path} ${fault}`));
    }
    const missing = join(folder, "none");
    assert.throws(() => loadCheckpoint(missing), new UsageError(`${missing} could not be read: it does not exist.`));
  }));

Deno.test("checkFits() names the first tensor of another shape, dtype or name", () => {
  const weights = (shape: number[]) => ({ dtype: "float32", shape, data: new Float32Array(2) }) as const;
  const refused = (other: TrainerState, sentence: string) =>
    assert.throws(() => checkFits(other, state, "c"), new UsageError(`c is of another run: ${sentence}`));
  checkFits(state, state, "c");
  refused({ ...state, weights: weights([1, 2]) }, 'its "weights" is float32 [1, 2], not float32 [2].');
  refused({ ...state, key: weights([2]) }, 'its "key" is float32 [2], not uint32 [2].');
  refused({ weights: state.weights! }, 'it has no "key".');
  refused({ ...state, extra: weights([2]) }, 'nothing here is called "extra".');
});

Deno.test("checkFinite() looks at all but the worlds, and withSteps() knows every optimiser, by its name", () => {
  const tensor = (x: number) => ({ dtype: "float32", shape: [1], data: Float32Array.of(x) }) as const;
  const optimisers = ["optimizer.w.first", "criticOptimizer.w.first"];
  for (
    const name of [
      "policy.w",
      "critic.w",
      "model.0.weight",
      "other.1.bias",
      "target.w",
      "valueScale.mean",
      ...optimisers,
    ]
  ) {
    checkFinite({ [name]: tensor(1), "collector.best": tensor(-Infinity) }, "c");
    assert.throws(
      () => checkFinite({ [name]: tensor(NaN) }, "c"),
      new UsageError(`c is damaged: "${name}" holds NaN at 0.`),
    );
  }
  const fresh = { "optimizer.w.missed": tensor(0), "criticOptimizer.w.missed": tensor(0) };
  assert.deepEqual(withSteps({ "optimizer.w.first": tensor(1) }, fresh), { "optimizer.w.first": tensor(1), ...fresh });
});

Deno.test("the mean of the last iterations is that of those which measured it", () => {
  const rows = [9, 1, NaN, 3, Infinity, 2].map((reward, i) => ({ iteration: i + 1, frames: i, metrics: { reward } }));
  assert.equal(recentMean(rows, "reward"), 2);
  assert.equal(recentMean(rows, "loss"), NaN);
});

Deno.test("readRows() reads what encodeRow() wrote, NaN included; a torn line ends them, a damaged one costs no other", () => {
  const rows = [1, 2].map((iteration) => ({
    iteration,
    frames: iteration * 20,
    metrics: { a: 0.1 + iteration, b: NaN },
  }));
  const whole = rows.map(encodeRow).join("");
  const read = (text: string) => [...readRows(new TextEncoder().encode(text))].map(({ row }) => row);
  assert.deepEqual(read(whole), rows);
  for (let length = 0; length < whole.length; length++) {
    assert.equal(read(whole.slice(0, length)).length, whole.slice(0, length).split("\n").length - 1);
  }
  assert.deepEqual(read(`${encodeRow(rows[0]!)}null\n${encodeRow(rows[1]!)}`), rows);
  assert.deepEqual(read(rows.map(encodeRow).reverse().join("")), [rows[1]]);
  const bytes = new TextEncoder().encode(whole);
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    const found = readLog(changed);
    assert.ok(found.rows.length < 2 && (found.isTorn || found.damaged.length > 0), `byte ${at}`);
    for (const { row } of found.rows) assert.deepEqual(row, rows[row.iteration - 1], `byte ${at}`);
  }
});

Deno.test("RunFolder.create() gives runs of the same second folders of their own", () =>
  withFolder((folder) => {
    const runs = [1, 2, 3].map(() => RunFolder.create(folder, defaults, noon));
    runs.forEach((run) => run.close());
    assert.deepEqual(
      runs.map((run) => run.path),
      ["", "-2", "-3"].map((copy) => join(folder, "navigation", `2030-01-31_12-00-00${copy}`)),
    );
  }));

Deno.test("a run that a clock before 1970 has begun keeps to its one file of events", () =>
  withFolder((base) => {
    const run = RunFolder.create(base, defaults, new Date(-86_400_000));
    const { path, events } = run;
    run.close();
    using again = RunFolder.open(path);
    assert.equal(again.events, events);
    assert.equal(filesBelow(path).filter((name) => name.startsWith("events.")).length, 1);
  }));

Deno.test("RunFolder.open() refuses a run that is being trained", () =>
  withFolder((folder) => {
    const run = RunFolder.create(folder, defaults, noon);
    const busy = new UsageError(`${run.path} is being trained by another process: wait for it, or stop it first.`);
    assert.throws(() => RunFolder.open(run.path), busy);
    run.close();
    RunFolder.open(run.path).close();
  }));

Deno.test("RunFolder.open() opens a run that another process is looking at", () =>
  withFolder(async (folder) => {
    const run = RunFolder.create(folder, defaults, noon);
    run.close();
    const source = `
      const file = Deno.openSync(${JSON.stringify(join(run.path, "metrics.jsonl"))});
      file.tryLockSync(false);
      postMessage("looking");
      setTimeout(() => (file.close(), self.close()), 50);`;
    const worker = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
    await new Promise((resolve) => worker.onmessage = resolve);
    RunFolder.open(run.path).close();
  }));

Deno.test("RunFolder.open() that fails leaves the run unlocked", () =>
  withFolder((folder) => {
    const run = RunFolder.create(folder, defaults, noon);
    run.close();
    const events = join(run.path, filesBelow(run.path).find((name) => name.startsWith("events."))!);
    Deno.removeSync(events);
    Deno.mkdirSync(events);
    assert.throws(() => RunFolder.open(run.path), WriteError);
    assert.equal(isLocked(run.path), false);
  }));

Deno.test({
  name: "RunFolder.create() that fails tells why, also if what it made is gone; it leaves no folder, no open file",
  // It fails for a file that this test leaves open; the process has those of the tests beside it too.
  sanitizeResources: true,
  fn: () =>
    withFolder((folder) => {
      const path = join(folder, "navigation", "2030-01-31_12-00-00");
      const broken = { ...defaults, seed: 1n as unknown as number };
      assert.throws(() => RunFolder.create(folder, broken, noon), { name: "WriteError", message: /BigInt/ });
      const vanishing = {
        ...defaults,
        get gamma(): number {
          Deno.removeSync(path, { recursive: true });
          throw new Error("the first error");
        },
      };
      const vanished = { name: "WriteError", message: /the first error/ };
      assert.throws(() => RunFolder.create(folder, vanishing, noon), vanished);
      assert.deepEqual(filesBelow(folder), []);
      assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
    }),
});

Deno.test("RunFolder.rewind() takes logs and checkpoints back to an iteration, torn ends included", () =>
  withFolder((folder) => {
    const run = RunFolder.create(folder, defaults, noon);
    for (let iteration = 1; iteration <= 4; iteration++) {
      run.log({ iteration, frames: iteration, metrics: { a: iteration } }, noon);
      if (iteration % 2 === 0) run.save(iteration, state, defaults);
    }
    run.close();
    const events = join(run.path, filesBelow(run.path).find((name) => name.startsWith("events."))!);
    for (const path of [events, join(run.path, "metrics.jsonl")]) {
      Deno.writeTextFileSync(path, '{"iter', { append: true });
    }
    Deno.writeTextFileSync(join(run.path, "checkpoints", "000006.safetensors.plumbline.tmp"), "half");
    const again = RunFolder.open(run.path);
    again.rewind(2);
    assert.deepEqual(again.rows().map(({ iteration }) => iteration), [1, 2]);
    again.log({ iteration: 3, frames: 3, metrics: { a: 3 } }, noon);
    again.close();
    assert.deepEqual(again.rows().map(({ iteration }) => iteration), [1, 2, 3]);
    assert.equal([...readRecords(Deno.readFileSync(events))].length, 2 + 3);
    assert.deepEqual(filesBelow(run.path).filter((name) => name.startsWith("checkpoints")), [
      "checkpoints/000002.safetensors",
    ]);
  }));

for (const [when, named] of [["a run that has not begun", false], ["a run with a manifest", true]] as const) {
  Deno.test(`what other tools put into the folder of ${when} is neither read, cut nor removed`, () =>
    withFolder((folder) => {
      const run = RunFolder.create(folder, defaults, noon);
      const own = run.events;
      const earlier = named ? "events.out.tfevents.1.plumbline" : "events.out.tfevents.9.host.1234.0";
      const others = [earlier, "events.out.tfevents.0.other", "scratch.tmp", "checkpoints/scratch.tmp"];
      if (named) run.write("manifest.json", encodeJson({ ...manifest, events: own }));
      run.log({ iteration: 1, frames: 1, metrics: { a: 1 } }, noon);
      run.close();
      for (const name of others) Deno.writeTextFileSync(join(run.path, name), "another tool's");
      const again = RunFolder.open(run.path);
      assert.equal(again.events, own);
      again.rewind(0);
      again.log({ iteration: 1, frames: 1, metrics: { a: 1 } }, noon);
      again.close();
      for (const name of others) assert.equal(Deno.readTextFileSync(join(run.path, name)), "another tool's");
      assert.equal([...readRecords(Deno.readFileSync(join(run.path, own)))].length, 2 + 1);
    }));
}

Deno.test("a manifest that names a file outside of the folder is not followed", () =>
  withFolder((folder) => {
    const run = RunFolder.create(folder, defaults, noon);
    const own = run.events;
    Deno.writeTextFileSync(join(folder, "outside"), "another's");
    run.close();
    for (const events of ["../../outside", "config.json", 7]) {
      run.write("manifest.json", encodeJson({ ...manifest, events }));
      const again = RunFolder.open(run.path);
      assert.equal(again.events, own);
      again.close();
    }
    assert.equal(Deno.readTextFileSync(join(folder, "outside")), "another's");
  }));

Deno.test("findRun() finds a run by its folder and by a checkpoint", () =>
  withFolder((folder) => {
    const run = RunFolder.create(folder, defaults, noon);
    assert.deepEqual(findRun(run.path), { folder: run.path, checkpoint: null, newest: 0 });
    run.save(5, state, defaults);
    run.save(10, state, defaults);
    run.close();
    const [first, last] = listCheckpoints(run.path);
    assert.deepEqual(findRun(run.path), { folder: run.path, checkpoint: last, newest: 10 });
    assert.deepEqual(findRun(first!.path), { folder: run.path, checkpoint: first, newest: 10 });
    assert.deepEqual(readConfig(run.path), defaults);
  }));

Deno.test("findRun() and readConfig() refuse what is no run", () =>
  withFolder((folder) => {
    const missing = join(folder, "none");
    assert.throws(
      () => findRun(missing, `--resume ${missing}`),
      new UsageError(`--resume ${missing} cannot be opened: it does not exist.`),
    );
    assert.throws(() => findRun(folder), {
      message: /is no run: give a folder that holds config\.json and checkpoints\/, or/,
    });
    const run = RunFolder.create(folder, defaults, noon);
    run.close();
    // Folders of runs, and of scenarios of runs, are pointed at by those who want the newest.
    for (const above of [folder, join(folder, "navigation")]) {
      assert.throws(() => findRun(above), { message: new RegExp(`; the newest run in it is ${run.path}\\.$`) });
    }
    const config = join(run.path, "config.json");
    assert.throws(() => findRun(config), { name: "UsageError" });
    Deno.writeTextFileSync(config, '{"lr": 3}');
    assert.throws(() => readConfig(run.path), {
      message: new RegExp(`^${config} is not the configuration of a run: it names no scenario\\.$`),
    });
    Deno.writeTextFileSync(config, "{");
    assert.throws(() => readConfig(run.path), { name: "UsageError" });
  }));
