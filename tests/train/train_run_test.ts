import assert from "node:assert/strict";
import { join } from "node:path";
import { PlumblineError } from "../../lib/graph/error.ts";
import { PPOTrainer } from "../../lib/rl/ppo_trainer.ts";
import { Pendulum } from "../../lib/worlds/pendulum/pendulum.ts";
import { tensor } from "../../lib/tensor/creation.ts";
import { UsageError } from "../../lib/systems/usage.ts";
import type { Config } from "./particle.ts";
import { readRun, readRuns, runCurves } from "../../lib/train/look/records.ts";
import { loadTrainer } from "../../lib/train/look/target.ts";
import { trainRun } from "../../lib/train/loop/train_run.ts";
import { realRun, withFolder } from "./harness.ts";

const settings: Partial<Config> = {
  ...{ scenarioName: "navigation", device: "cpu" },
  ...{ framesPerBatch: 130, maxSteps: 10, numEpochs: 2, minibatchSize: 50, nIters: 2 },
};

Deno.test("trainRun() leaves what the command leaves, number for number, and reads it back", () =>
  withFolder(async (base) => {
    const byCommand = readRun(await realRun(join(base, "command"), "--seed", "3"));
    const run = await trainRun({ ...settings, seed: 3 }, join(base, "program"));
    assert.deepEqual(run.config, byCommand.config);
    assert.deepEqual(readRuns([join(base, "program")]).runs, [run]);
    const learned = ({ rows }: typeof run) =>
      rows.map(({ metrics }) => Object.entries(metrics).filter(([name]) => name.startsWith("train/")));
    assert.deepEqual(learned(run), learned(byCommand));
    assert.deepEqual([run.state, run.iterations], ["finished", 2]);
    const names = (folder: string) =>
      [...Deno.readDirSync(folder)].map(({ name }) => name.replace(/\d{5,}/, "")).sort();
    assert.deepEqual(names(run.folder), names(byCommand.folder));
  }));

Deno.test("trainRun() refuses settings that do not fit, and writes nothing", () =>
  withFolder(async (base) => {
    await assert.rejects(trainRun({ ...settings, minibatchSize: 1000 }, base), UsageError);
    assert.deepEqual([...Deno.readDirSync(base)], []);
  }));

Deno.test("trainRun() throws what stopped the training, and leaves the run with its report", () =>
  withFolder(async (base) => {
    const { prototype } = PPOTrainer;
    const { learn } = prototype;
    prototype.learn = () => Promise.resolve({ sum: tensor([1, 2]).add(tensor([1, 2, 3])).size });
    try {
      await assert.rejects(trainRun(settings, base), { code: "G302" });
    } finally {
      prototype.learn = learn;
    }
    const [run] = readRuns([base]).runs;
    assert.equal(run!.state, "failed");
    assert.ok([...Deno.readDirSync(run!.folder)].some(({ name }) => name === "report.ipynb"));
  }));

Deno.test("loadTrainer() gives a run as it was at its newest checkpoint, or at the one that is named", () =>
  withFolder(async (base) => {
    const { folder } = await trainRun({ ...settings, saveEvery: 1 }, base);
    const weights = async (path: string) => {
      const trainer = await loadTrainer(path);
      const { iteration, environment, policy } = trainer;
      const data = (await policy.parameters()[0]!.data()).slice();
      trainer.dispose();
      return { iteration, name: environment.name, data };
    };
    const checkpoint = (name: string) => weights(join(folder, "checkpoints", `${name}.safetensors`));
    const [newest, first, last] = [await weights(folder), await checkpoint("000001"), await checkpoint("000002")];
    assert.deepEqual([newest.iteration, newest.name, first.iteration], [2, "navigation", 1]);
    assert.deepEqual(newest, last);
    assert.notDeepEqual(first.data, last.data);
    await assert.rejects(loadTrainer(base), UsageError);
  }));

Deno.test("runCurves() draws any metric, and names what is true or false as the command line does", () =>
  withFolder(async (base) => {
    const together = await trainRun(settings, base);
    const apart = await trainRun({ ...settings, shareParameters: false }, base);
    const curves = runCurves([together, apart], "train/entropy");
    assert.deepEqual(curves.map(({ name }) => name), ["--share-parameters", "--no-share-parameters"]);
    assert.deepEqual(
      curves.map(({ points }) => points.map(({ value }) => value)),
      [together, apart].map(({ rows }) => rows.map(({ metrics }) => metrics["train/entropy"])),
    );
  }));

Deno.test("trainRun() refuses what is no world, and a setting that is a promise, in sentences", async () => {
  const world = new Pendulum({ maxSteps: 5 });
  const wrong: readonly (readonly [given: Record<string, unknown>, sentence: RegExp])[] = [
    [{ environment: 5 }, /takes a world, such as new Navigation\(\), as `settings\.environment`, not the number 5/],
    [{ environment: null }, /takes a world, .* as `settings\.environment`, not null/],
    [{ environment: Pendulum }, /takes a world, .* as `settings\.environment`, not the class Pendulum/],
    [{ environment: Promise.resolve(world) }, /promise as `settings\.environment`: `await` is missing/],
    [{ environment: {} }, /needs `settings\.environment\.name`, a text/],
    [{ environment: { name: "mine", simulation: 1n } }, /mine: agents is a whole number, 1 or more, not nothing/],
    [{ environment: world, lr: Promise.resolve(1) }, /--lr takes a number .*, not a promise: `await` is missing/],
    [{ environment: world, lr: [1n] }, /--lr takes a number .*, not an array/],
    [{ environment: world, algorithm: 1n }, /--algorithm takes one of ppo, mappo, trpo, not a value of type bigint/],
    [{ environment: world, device: Symbol() }, /--device takes one of auto, cpu, webgpu, not a value of type symbol/],
    [{ scenarioName: 1n }, /--scenario-name takes a name, not a value of type bigint/],
  ];
  for (const [given, sentence] of wrong) {
    await assert.rejects(trainRun(given), (error) => {
      assert.ok(error instanceof UsageError || error instanceof PlumblineError, String(error));
      assert.match(error.message, sentence);
      return true;
    });
  }
});
