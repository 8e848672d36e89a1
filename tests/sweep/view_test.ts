/** What is shown of a sweep: its table, what its axes account for, and its pictures. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { axisPanels, interval95, parallelAxes, readSweep, summarise } from "../../mod.ts";
import { PlumblineError } from "../../lib/graph/error.ts";
import { renderSvg } from "../../lib/plot/svg.ts";
import type { Config } from "../../lib/systems/settings.ts";
import { runsTool } from "../../lib/train/look/runs.ts";
import { Display } from "../../lib/train/sweep/display.ts";
import type { SweepRun } from "../../lib/train/sweep/spec.ts";
import { influenceOf } from "../../lib/train/look/sweeps.ts";
import { FakeTrainer } from "../train/fake_trainer.ts";
import { capture, filesBelow, runCommand, withFolder } from "../train/harness.ts";
import { quick, sweep, yaml } from "./harness.ts";

/** A fake trainer whose reward is known: by rate and seed, the same in each iteration; that of one run fails. */
function known(config: Config): Promise<FakeTrainer> {
  const trainer = new FakeTrainer(config);
  const iterate = trainer.iterate.bind(trainer);
  trainer.iterate = async () => {
    if (config.lr === 0.3 && config.seed === 1) {
      throw new PlumblineError({ code: "G401", message: "the loss is NaN.", sites: [] });
    }
    return { ...await iterate(), "train/episode_reward_sum": 10 * Number(config.lr) + config.seed };
  };
  return Promise.resolve(trainer);
}

Deno.test("deno task runs shows a sweep by its axes, the best first, with intervals, what failed, and its pictures", () =>
  withFolder(async (base) => {
    const file = yaml(base, `{ settings: { ${quick}, nIters: 2 }, axes: { lr: [0.1, 0.2, 0.3] }, seeds: 2 }`);
    assert.equal((await sweep([file, "--out", base], { createTrainer: known })).code, 1);
    const folder = join(base, "s");
    const { code, out } = await runCommand(runsTool, folder);
    assert.equal(code, 0);
    const lines = out.trimEnd().split("\n");
    assert.equal(
      lines[0],
      "s: grid, 3 settings, 6 runs; mean episode reward (sum) of the last iterations, higher is better",
    );
    const cells = lines.slice(1, 5).map((line) => line.trim().split(/ {2,}/));
    const [low, high] = interval95(summarise([2, 3]))!.map((x) => x.toFixed(3));
    assert.deepEqual(cells[0], ["lr", "reward", "95% interval", "seeds", "iterations", "state", "runs"]);
    assert.deepEqual(cells[1], [
      "0.3",
      "3.000",
      "-",
      "1",
      "0/2",
      "1 finished, 1 failed",
      `${join(folder, "0003-s0")} ..`,
    ]);
    assert.deepEqual(cells[2]!.slice(0, 6), ["0.2", "2.500", `${low} to ${high}`, "2", "2/2", "finished"]);
    assert.equal(cells[3]![0], "0.1");
    assert.equal(lines[5], "Of what settings differ by, 100% goes with lr alone.");
    const report = join(folder, "0003-s1", "report.ipynb");
    assert.equal(lines[6], `${join(folder, "0003-s1")} failed: ${report} repeats it, as a notebook.`);
    const json = JSON.parse((await runCommand(runsTool, folder, "--json")).out);
    assert.deepEqual(json.settings.map((x: { at: unknown; value: number }) => [x.at, x.value]), [
      [{ lr: 0.3 }, 3],
      [{ lr: 0.2 }, 2.5],
      [{ lr: 0.1 }, 1.5],
    ]);
    assert.deepEqual([json.points.length, json.points[0].run.config.lr, "rows" in json.points[0].run], [6, 0.1, false]);
    const pictures = {
      curves: "lr 0.3",
      panels: "a dot is a run, the line a mean",
      parallel: "episode reward \\(sum\\)",
    };
    for (const [view, said] of Object.entries(pictures)) {
      const svg = join(base, `${view}.svg`);
      const drawn = await runCommand(runsTool, folder, "--svg", svg, "--view", view);
      assert.deepEqual([drawn.code, drawn.err], [0, ""]);
      assert.match(Deno.readTextFileSync(svg), new RegExp(`^<svg[^]*>${said}<[^]*</svg>`));
    }
    const wrong = await runCommand(runsTool, base, "--view", "panels");
    assert.deepEqual([wrong.code, wrong.err], [2, "error: --view goes with the folder of one sweep, and --svg.\n"]);
    // Among other runs those of a sweep are runs.
    assert.equal(
      (await runCommand(runsTool, base)).out.trimEnd().split("\n").filter((x) => x.includes("-s")).length,
      6,
    );
    assert.throws(() => readSweep(base), /is no sweep: it has no sweep\.json\.$/);
    assert.ok(!filesBelow(folder).some((name) => name.endsWith(".tmp")));
  }));

Deno.test("what an axis accounts for is its main effect: the variance between the means of its values, of all", () => {
  // A table of two by two: 0, 2 and 10, 20. The mean is 8; rows 1 and 15, columns 5 and 11.
  const value = [[0, 2], [10, 20]];
  const settings = value.flatMap((row, a) => row.map((x, b) => ({ at: { a, b, c: "same" }, value: x })));
  const total = 64 + 36 + 4 + 144;
  assert.deepEqual(influenceOf(["b", "a", "c"], settings), [
    { axis: "a", share: 4 * 49 / total },
    { axis: "b", share: 4 * 9 / total },
  ]);
  assert.deepEqual(influenceOf(["a"], [{ at: { a: 1 }, value: NaN }, { at: { a: 2 }, value: 3 }]), []);
  // Drawn from ranges: by quarters of their order. All of it goes with x, and nothing with where y lies.
  const drawn = Array.from({ length: 16 }, (_, i) => ({ at: { x: i + 0.5, y: 100 * ((i * 5) % 16) }, value: i >> 2 }));
  const [x, y] = influenceOf(["x", "y"], drawn);
  assert.deepEqual(x, { axis: "x", share: 1 });
  assert.ok(y!.share < 0.3, `${y!.share}`);
});

Deno.test("parallelAxes() and axisPanels() leave out what does not vary, and lay out by factors what goes by them", async () => {
  const rates = [1e-4, 1e-3, 1e-2, 1e-1];
  const points = rates.map((lr, i) => ({ at: { lr, envs: 8, shared: i % 2 === 0 }, value: i === 3 ? NaN : i }));
  const svg = await renderSvg(parallelAxes(points, { title: "four", valueTitle: "reward" }));
  for (const said of ["four", "lr", "shared", "reward", "0.0001", "0.001", "0.01", "true", "false"]) {
    assert.ok(svg.includes(`>${said}<`), said);
  }
  assert.ok(!svg.includes(">envs<") && !svg.includes(">0.1<"), "what came to nothing is not drawn");
  const height = (label: string): number => {
    const found = [...svg.matchAll(/translate\([-\d.]+,([-\d.]+)\)"[^>]*>([^<]*)<\/text>/g)];
    return Number(found.find(([, , text]) => text === label)![1]);
  };
  const [low, middle, high] = ["0.0001", "0.001", "0.01"].map(height) as [number, number, number];
  assert.ok(Math.abs((low + high) / 2 - middle) < 1, `${low} ${middle} ${high}`);
  const panels = axisPanels(points) as {
    concat: { layer: { encoding: { x: { title: string; scale?: { type: string } } } }[] }[];
  };
  assert.deepEqual(panels.concat.map(({ layer }) => layer.at(-1)!.encoding.x.title), ["lr", "shared"]);
  assert.equal(panels.concat[0]!.layer.at(-1)!.encoding.x.scale!.type, "log");
});

Deno.test("a terminal has a line for each run that is under way and one for all, rewritten; of many runs not all", () => {
  const out = capture({ terminal: true, columns: 60 });
  const display = new Display(out, "s");
  const plan = { system: { headline: { name: "reward", metric: "r" } } } as unknown as SweepRun["plan"];
  const run = (id: string): SweepRun => ({ id, setting: 0, at: {}, plan });
  const row = { iteration: 3, frames: 3, metrics: { r: 1.5 } };
  const tally = { done: 1, failed: 1, runs: 40, gained: 0, left: 9 };
  display.show([{ run: run("0001-s0"), row, until: 10, note: "" }], tally);
  const first = "0001-s0   iteration  3/10   reward   1.500\ns: 1 of 40 runs done   1 failed   1 under way\n";
  assert.equal(out.text, first);
  display.show(
    Array.from({ length: 20 }, (_, i) => ({ run: run(`${i}`), row: null, until: 10, note: "waiting" })),
    tally,
  );
  const lines = out.text.slice(first.length).split("\n");
  assert.equal(lines.length, 16 + 1 + 1 + 1);
  assert.equal(lines[0], "\x1b[2A\r\x1b[J0   iteration  -/10   waiting");
  assert.equal(lines[16], ".. and 4 more");
  display.say("done");
  assert.ok(out.text.endsWith("\x1b[18A\r\x1b[Jdone\n"));
});
