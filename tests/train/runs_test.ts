import assert from "node:assert/strict";
import { join } from "node:path";
import { rewardHeadline } from "../../lib/systems/reinforcement/system.ts";
import { type Config, defaults, newConfig } from "./particle.ts";
import { RunFolder } from "../../lib/train/files/folder.ts";
import { encodeRow } from "../../lib/train/files/metrics.ts";
import { namesOf, readRuns, runCurves, type RunRecord } from "../../lib/train/look/records.ts";
import { runsTool } from "../../lib/train/look/runs.ts";
import { filesBelow, logged, onlyRun, run, runCommand, runTask, small, spawn, withFolder } from "./harness.ts";

const args = [...small, "--n-iters", "6"];

/** The rewards of a run by iteration. */
function rewardsIn(folder: string): number[] {
  const rows = logged(folder) as { metrics: Record<string, number> }[];
  return rows.map(({ metrics }) => metrics["train/episode_reward_sum"]!);
}

Deno.test("deno task runs lists what there is, with its results and its state, and draws the curves", () =>
  withFolder(async (base) => {
    await run([...args, "--out", join(base, "a"), "--seed", "0,1"]);
    await run([...args, "--out", join(base, "b"), "--lr", "0.01"], { stopAfter: 2 });
    const svg = join(base, "curves.svg");
    const { code, out, err } = await runTask("runs", base, "--svg", svg);
    assert.deepEqual([code, err], [0, ""]);
    const series = onlyRun(join(base, "a"));
    const seeds = [0, 1].map((seed) => join(series, `seed-${seed}`));
    const stopped = onlyRun(join(base, "b"));
    const lines = out.trimEnd().split("\n");
    assert.deepEqual(lines[0]!.split(/ {2,}/), [
      ...["scenario", "seed", "iterations", "final", "best", "frames/s", "state", "folder", "settings"],
    ]);
    const cells = lines.slice(1, 4).map((line) => line.split(/ {2,}/));
    [...seeds, stopped].forEach((folder, i) => {
      const rewards = rewardsIn(folder);
      const last = rewards.slice(-5);
      assert.deepEqual(cells[i]!.slice(0, 5), [
        "navigation",
        i === 1 ? "1" : "0",
        i === 2 ? "2/6" : "6/6",
        (last.reduce((a, b) => a + b) / last.length).toFixed(3),
        Math.max(...rewards).toFixed(3),
      ]);
      assert.deepEqual(cells[i]!.slice(6), [
        i === 2 ? "interrupted" : "finished",
        folder,
        i === 2 ? "--lr 0.01" : "--lr 0.0003",
      ]);
    });
    assert.equal(lines[4], `${svg} has the curves.`);
    const drawn = Deno.readTextFileSync(svg);
    assert.ok(drawn.includes(">--lr 0.0003, 2 seeds<") && drawn.includes(">--lr 0.01<"));
    assert.match(drawn, /aria-roledescription="area mark"/);
  }));

Deno.test("runs tells runs that go on from those that were killed, that failed, and that have not begun", () =>
  withFolder(async (base) => {
    await run([...args, "--out", join(base, "failed")], { failAt: 3 });
    await run([...args, "--out", join(base, "series"), "--seed", "0,1"], { stopAfter: 1, stopSeed: 0 });
    const child = spawn([...args, "--out", join(base, "killed")], { stallAt: 2 });
    while (!child.printed().includes("iteration 1/6")) await new Promise((resolve) => setTimeout(resolve, 10));
    const states = () => readRuns([base]).runs.map(({ state, iterations }) => [state, iterations]);
    const others = [["interrupted", 1], ["not begun", 0]];
    assert.deepEqual(states(), [["failed", 2], ["running", 1], ...others]);
    child.kill("SIGKILL");
    await child.finished;
    assert.deepEqual(states(), [["failed", 2], ["killed", 1], ...others]);
  }));

Deno.test("runs prints the same as JSON, where what is not there is null", () =>
  withFolder(async (base) => {
    await run([...args, "--out", base, "--seed", "4"]);
    const folder = onlyRun(base);
    const { code, out } = await runCommand(runsTool, base, "--json");
    assert.equal(code, 0);
    const [record, ...others] = JSON.parse(out);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [record.folder, record.config.seed, record.state, record.iterations, record.best],
      [folder, 4, "finished", 6, Math.max(...rewardsIn(folder))],
    );
    Deno.writeTextFileSync(join(folder, "metrics.jsonl"), "");
    const empty = JSON.parse((await runCommand(runsTool, folder, "--json")).out)[0];
    assert.deepEqual([empty.iterations, empty.final, empty.best, empty.framesPerSecond], [0, null, null, null]);
  }));

Deno.test("a run of more iterations than numbers fit on the stack is read", () =>
  withFolder((folder) => {
    const run = RunFolder.create(folder, defaults, new Date());
    run.close();
    const row = (iteration: number, reward: number) =>
      encodeRow({ iteration, frames: iteration, metrics: { [rewardHeadline.metric]: reward } });
    Deno.writeTextFileSync(
      join(run.path, "metrics.jsonl"),
      [row(1, 7), ...Array.from({ length: 150_000 }, (_, i) => row(i + 2, 3))].join(""),
    );
    const [{ iterations, best, final }] = readRuns([folder]).runs as [RunRecord];
    assert.deepEqual([iterations, best, final], [150_001, 7, 3]);
  }));

Deno.test("runCurves() has the mean of the seeds with a band, over as many as have come so far", () =>
  withFolder(async (base) => {
    await run([...args, "--out", base, "--seed", "0,1"]);
    await run([...args, "--out", base, "--seed", "2"], { stopAfter: 3 });
    const { runs } = readRuns([base]);
    const rewards = runs.map(({ folder }) => rewardsIn(folder));
    const [curve, ...others] = runCurves(runs);
    assert.deepEqual([curve!.name, others.length, curve!.points.length], ["navigation, 3 seeds", 0, 6]);
    curve!.points.forEach(({ iteration, value, low, high }) => {
      const there = rewards.flatMap((values) => values[iteration - 1] ?? []);
      assert.equal(there.length, iteration <= 3 ? 3 : 2);
      assert.ok(Math.abs(value - there.reduce((a, b) => a + b) / there.length) < 1e-12);
      assert.deepEqual([low, high], [Math.min(...there), Math.max(...there)]);
    });
  }));

Deno.test("runs says which folders it cannot read, and lists the others", () =>
  withFolder(async (base) => {
    assert.equal((await runCommand(runsTool, base)).out, `There are no runs in ${base}.\n`);
    const none = join(base, "none");
    assert.deepEqual(await runCommand(runsTool, none), {
      code: 2,
      out: "",
      err: `error: ${none} cannot be opened: it does not exist.\n`,
    });
    const refused = async (...args: string[]) => {
      const { code, err } = await runCommand(runsTool, ...args);
      return [code, err];
    };
    assert.deepEqual(await refused(""), [2, "error: An argument of runs is empty: give a name, or leave it out.\n"]);
    const sentence = `--svg ${join(none, "a.svg")}: the folder ${none} cannot be opened: it does not exist.`;
    assert.deepEqual(await refused(base, "--svg", join(none, "a.svg")), [2, `error: ${sentence}\n`]);
    await run([...args, "--out", join(base, "a")]);
    await run([...args, "--out", join(base, "b")]);
    const damaged = join(onlyRun(join(base, "b")), "config.json");
    Deno.writeTextFileSync(damaged, '{"seed":');
    const { code, out } = await runCommand(runsTool, base);
    assert.equal(code, 0);
    const lines = out.trimEnd().split("\n");
    assert.equal(lines.length, 3);
    assert.ok(lines[1]!.endsWith(onlyRun(join(base, "a"))));
    assert.ok(lines[2]!.startsWith(`${damaged} is not the configuration of a run: `));
  }));

Deno.test("a run that is older than a setting is read with its default; one without a scenario is damaged", () =>
  withFolder(async (base) => {
    await run([...args, "--out", base, "--eval-every", "2"], { stopAfter: 2 });
    const folder = onlyRun(base);
    const path = join(folder, "config.json");
    const { evalEvery: _, earlyStop: __, ...older } = JSON.parse(Deno.readTextFileSync(path));
    Deno.writeTextFileSync(path, JSON.stringify(older));
    // One that is older has not noted them anywhere either.
    for (const name of filesBelow(folder)) {
      if (/^(events|checkpoints)/.test(name)) Deno.removeSync(join(folder, name));
    }
    assert.deepEqual(readRuns([base]).runs.map(({ config }) => [config.evalEvery, config.earlyStop]), [[0, null]]);
    assert.equal((await run(["--resume", folder])).code, 0);
    const { scenarioName: ___, ...damaged } = older;
    Deno.writeTextFileSync(path, JSON.stringify(damaged));
    assert.deepEqual(readRuns([base]).problems.length, 1);
  }));

/** A finished run of two iterations, as it would be read. */
function record(given: Partial<Config>, preset?: string): RunRecord {
  const config = newConfig({ nIters: 2, ...given }, preset);
  const rows = [1, 2].map((iteration) => ({
    ...{ iteration, frames: 0 },
    metrics: { "train/episode_reward_sum": config.seed + iteration },
  }));
  const numbers = { iterations: 2, final: 1, best: 1, framesPerSecond: 1, started: null };
  return { folder: "", config, state: "finished", rows, problems: [], ...numbers };
}

const settingsIn = (runs: readonly RunRecord[]) => [...namesOf(runs).values()].map(({ settings }) => settings);

Deno.test("configurations that differ in a setting or two are called by them, others by what departs from a preset", () => {
  const [seed, tuned] = (["seed", "tuned"] as const).map((name) => record({ scenarioName: "wheel" }, name));
  const continuous = record({ scenarioName: "wheel", actions: "continuous" }, "tuned");
  assert.deepEqual(settingsIn([tuned!]), [""]);
  assert.deepEqual(settingsIn([tuned!, continuous]), ["--actions discrete", "--actions continuous"]);
  assert.deepEqual(settingsIn([seed!, tuned!, continuous]), [
    ...["--preset seed", "--preset tuned --n-iters 2", "--preset tuned --actions continuous --n-iters 2"],
  ]);
  const critics = ["mappo", "trpo"].map((algorithm) => record({ scenarioName: "wheel", algorithm }, "tuned"));
  assert.deepEqual(settingsIn(critics).map((text) => text.split(" --preset")[0]), [
    ...["--algorithm mappo", "--algorithm trpo"],
  ]);
  // What departs in all of them tells none from another.
  const short = (name: string, given = {}) => record({ scenarioName: "wheel", maxSteps: 50, ...given }, name);
  assert.deepEqual(settingsIn([short("seed"), short("tuned"), short("tuned", { lrSchedule: "constant" })]), [
    ...["--preset seed", "--preset tuned --n-iters 2", "--preset tuned --n-iters 2 --lr-schedule constant"],
  ]);
});

Deno.test("a run that was extended is of the configuration of those that were not, unless something falls to its end", () => {
  const runs = (given: Partial<Config>) => [record({ ...given, seed: 0 }), record({ ...given, seed: 1, nIters: 9 })];
  assert.deepEqual(runCurves(runs({})).map(({ name }) => name), ["navigation, 2 seeds"]);
  for (const schedule of ["lrSchedule", "entropySchedule"] as const) {
    const names = runCurves(runs({ [schedule]: "linear" })).map(({ name }) => name);
    assert.deepEqual(names, ["--n-iters 2", "--n-iters 9"]);
  }
});

Deno.test("runCurves() tells seeds from runs of one seed", () => {
  const [first, second] = [record({ seed: 0 }), record({ seed: 1 })];
  const name = (...runs: RunRecord[]) => runCurves(runs)[0]!.name;
  assert.equal(name(first, first), "navigation, 2 runs of 1 seed");
  assert.equal(name(first, first, second), "navigation, 3 runs of 2 seeds");
  assert.equal(name(first, second), "navigation, 2 seeds");
});
