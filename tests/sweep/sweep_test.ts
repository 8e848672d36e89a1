/** Sweeps: what a file asks for, which runs that is, and that all of them are trained once. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { openEngine } from "../../lib/engine/select.ts";
import { cores } from "../../lib/engine/threads.ts";
import { PlumblineError } from "../../lib/graph/error.ts";
import { chooseDevice } from "../../lib/systems/device.ts";
import type { Config } from "../../lib/systems/settings.ts";
import { listCheckpoints } from "../../lib/train/files/checkpoint.ts";
import { infoOf } from "../../lib/train/files/atomic.ts";
import type { Manifest } from "../../lib/train/files/manifest.ts";
import { readConfig } from "../../lib/train/command/saved_config.ts";
import { threadsFor } from "../../lib/train/sweep/local.ts";
import { FakeTrainer } from "../train/fake_trainer.ts";
import { filesBelow, logged, onlyRun, run, withFolder } from "../train/harness.ts";
import { quick, sweep, yaml } from "./harness.ts";

/** The folders of the runs of the sweep in `folder`, by their names. */
function runsIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].filter(({ name }) => /^\d{4}-s\d+$/.test(name)).map(({ name }) => name).sort();
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(Deno.readTextFileSync(join(folder, "manifest.json"))) as Manifest;
}

/** The iterations that each session of a run trained: `[0, 3], [3, 6]`. */
function sessionsOf(folder: string): number[][] {
  const { earlier, ...last } = manifestOf(folder);
  return [...earlier, last].map(({ fromIteration, toIteration }) => [fromIteration, toIteration]);
}

/** A fake trainer whose reward is its learning rate, in thousandths. */
function rewardOfRate(config: Config): Promise<FakeTrainer> {
  const trainer = new FakeTrainer(config);
  const iterate = trainer.iterate.bind(trainer);
  trainer.iterate = async () => ({ ...await iterate(), "train/episode_reward_sum": 1000 * Number(config.lr) });
  return Promise.resolve(trainer);
}

Deno.test("a sweep trains every setting with every seed, each the run that train alone makes of its config.json", () =>
  withFolder(async (base) => {
    const file = yaml(base, `{ settings: { ${quick}, nIters: 4 }, axes: { lr: [0.1, 0.2], gamma: [0.9] }, seeds: 2 }`);
    const out = join(base, "sweeps");
    const first: string[] = [];
    const { code, err, out: text, jobs } = await sweep([file, "--out", out], {
      threads: 3,
      onJob: ({ id, folder }) => {
        // Whatever stops the sweep, its folder tells what there is to do.
        if (first.length === 0) {
          assert.equal(filesBelow(join(out, "s")).filter((x) => x.endsWith("config.json")).length, 4);
        }
        first.push(id);
        assert.deepEqual(listCheckpoints(folder), []);
      },
    });
    assert.deepEqual([code, err, jobs], [0, "", 4]);
    const folder = join(out, "s");
    assert.ok(text.includes("s: grid, 2 settings with 2 seeds, 4 runs\non here, 1 at a time, 3 threads each\n"));
    assert.ok(text.endsWith(`\n4 of 4 runs done.\nTo see what it came to: deno task runs ${folder}\n`));
    assert.deepEqual(first, ["0001-s0", "0002-s0", "0001-s1", "0002-s1"], "a seed of all settings before the next");
    assert.deepEqual(runsIn(folder), ["0001-s0", "0001-s1", "0002-s0", "0002-s1"]);
    const { lr, gamma, seed, threads } = readConfig(join(folder, "0002-s1"));
    assert.deepEqual([lr, gamma, seed, threads], [0.2, 0.9, 1, 3]);
    await run(["--config", join(folder, "0002-s1", "config.json"), "--out", base]);
    const alone = onlyRun(base);
    assert.deepEqual(logged(join(folder, "0002-s1")), logged(alone));
    for (const name of ["checkpoints/000004.safetensors", "config.json", "policy.onnx"]) {
      assert.deepEqual(Deno.readFileSync(join(folder, "0002-s1", name)), Deno.readFileSync(join(alone, name)), name);
    }
    const again = await sweep([file, "--out", out]);
    assert.deepEqual([again.code, again.jobs], [0, 0], "nothing is left to do");
  }));

Deno.test("a sweep that was stopped goes on where it was, by its file or its folder, and trains no iteration twice", () =>
  withFolder(async (base) => {
    const file = yaml(base, `{ name: a b, settings: { ${quick}, nIters: 6 }, seeds: [4, 7, 9], maxRuns: 2 }`);
    const folder = join(base, "a b");
    const stopped = await sweep([file, "--out", base], { stopAfter: 3, stopSeed: 4, stopAfterJobs: 1 });
    assert.equal(stopped.code, 130);
    assert.ok(stopped.out.includes(`\nTo see what it came to: deno task runs '${folder}'\nTo go on: deno task sweep `));
    assert.ok(stopped.out.includes("\nStopped. 0 of 3 runs done.\n"));
    const limited = await sweep([file, "--out", base]);
    assert.deepEqual([limited.code, limited.jobs], [0, 2]);
    assert.ok(limited.out.includes("\n--max-runs are done. 2 of 3 runs done.\n"));
    const late = await sweep([folder, "--max-time", "0.000001s"]);
    assert.deepEqual([late.code, late.jobs], [0, 0]);
    assert.ok(late.out.includes("\n--max-time is over. 2 of 3 runs done.\n"));
    const ended = await sweep([folder]);
    assert.deepEqual([ended.code, ended.jobs], [0, 1]);
    const sessions = runsIn(folder).map((id) => sessionsOf(join(folder, id)));
    assert.deepEqual(sessions, [[[0, 3], [3, 6]], [[0, 6]], [[0, 6]]]);
  }));

Deno.test("a run that fails is told with its report, does not keep the others, and is tried again by the same command", () =>
  withFolder(async (base) => {
    const file = yaml(base, `{ settings: { ${quick}, nIters: 3 }, axes: { lr: [0.1] }, seeds: 3 }`);
    const createTrainer = (config: Config) => {
      const trainer = new FakeTrainer(config);
      if (config.seed === 1) {
        trainer.iterate = () =>
          Promise.reject(new PlumblineError({ code: "G401", message: "the loss is NaN.", sites: [] }));
      }
      return Promise.resolve(trainer);
    };
    const { code, out } = await sweep([file, "--out", base], { createTrainer });
    const report = join(base, "s", "0001-s1", "report.ipynb");
    assert.equal(code, 1);
    assert.ok(
      out.includes(`\n0001-s1 (lr 0.1) failed: error[G401]: the loss is NaN. ${report} repeats it, as a notebook.\n`),
    );
    assert.ok(out.includes("\n2 of 3 runs done, 1 failed:\n  0001-s1: error[G401]"));
    assert.ok(out.includes("\nTo try those again that failed: deno task sweep "));
    const again = await sweep([file, "--out", base]);
    assert.deepEqual([again.code, again.jobs], [0, 1]);
  }));

Deno.test("a run whose process was killed is begun once more, and then told", () =>
  withFolder(async (base) => {
    const file = yaml(base, `{ settings: { ${quick}, nIters: 3 } }`);
    const createTrainer = (): never => {
      // As who is killed: it leaves no word in its folder.
      throw Object.assign(new Error("killed"), { name: "killed" });
    };
    const { code, out, jobs } = await sweep([file, "--out", base], { createTrainer });
    assert.deepEqual([code, jobs], [1, 2]);
    assert.ok(out.includes("  0001-s0: its process ended before it was done, and did not say why.\n"));
  }));

Deno.test("a run whose folder is taken away is told with what is wrong, and does not keep the others", () =>
  withFolder(async (base) => {
    const file = yaml(base, `{ settings: { ${quick}, nIters: 2 }, seeds: 3 }`);
    const [removed, broken] = [join(base, "s", "0001-s0"), join(base, "s", "0001-s1")];
    const { code, out, err } = await sweep([file, "--out", base], {
      onJob: () => {
        if (infoOf(removed)) Deno.removeSync(removed, { recursive: true });
        Deno.removeSync(join(broken, "checkpoints"), { recursive: true });
        Deno.writeTextFileSync(join(broken, "checkpoints"), "");
      },
    });
    assert.deepEqual([code, err], [1, ""]);
    assert.match(out, /\n1 of 3 runs done, 2 failed:\n {2}0001-s0: .*0001-s0.*does not exist.*\n {2}0001-s1: .*\n/);
  }));

Deno.test("asha trains the best of many to their ends, the others to their rungs, each from its checkpoint", () =>
  withFolder(async (base) => {
    const text = `{ settings: { ${quick}, nIters: 2 }, axes: { lr: { linear: [0.001, 0.9] } }, seeds: 2, ` +
      "search: asha, draws: 3, firstRung: 1, eta: 3 }";
    const untils: number[] = [];
    const { code, err } = await sweep([yaml(base, text), "--out", base], {
      createTrainer: rewardOfRate,
      onJob: ({ until }) => void untils.push(until),
    });
    assert.deepEqual([code, err], [0, ""]);
    const folders = runsIn(join(base, "s")).map((id) => join(base, "s", id));
    const runs = folders.map((folder) => ({
      rate: Number(readConfig(folder).lr),
      iterations: logged(folder).length,
      sessions: sessionsOf(folder),
    })).sort((a, b) => b.rate - a.rate);
    const [whole, early] = [[[0, 1], [1, 2]], [[0, 1]]];
    assert.deepEqual(runs.map((x) => x.sessions), [whole, whole, early, early, early, early], "both seeds of the best");
    assert.deepEqual(runs.map((x) => x.iterations), [2, 2, 1, 1, 1, 1]);
    assert.deepEqual(untils, [1, 1, 1, 1, 1, 1, 2, 2]);
  }));

Deno.test("what is drawn depends on drawSeed alone: more draws begin with the same, within their ranges", () =>
  withFolder(async (base) => {
    const drawn = async (draws: number, seed: number): Promise<unknown[]> => {
      const out = join(base, `${draws}-${seed}`);
      const axes = "lr: { log: [1e-5, 1e-1] }, framesPerBatch: { linear: [20, 60] }, gamma: [0.9, 0.5]";
      const settings = quick.replace("framesPerBatch: 20, ", "").replace("minibatchSize: 8", "minibatchSize: 4");
      const text =
        `{ settings: { ${settings}, nIters: 1 }, axes: { ${axes} }, search: random, draws: ${draws}, drawSeed: ${seed} }`;
      assert.equal((await sweep([yaml(base, text), "--out", out, "--max-runs", "1"])).code, 0);
      return runsIn(join(out, "s")).map((id) => {
        const { lr, framesPerBatch, gamma } = readConfig(join(out, "s", id));
        assert.ok(Number(lr) >= 1e-5 && Number(lr) <= 1e-1 && [0.9, 0.5].includes(Number(gamma)));
        assert.ok(Number.isInteger(framesPerBatch) && Number(framesPerBatch) >= 20 && Number(framesPerBatch) <= 60);
        return [lr, framesPerBatch, gamma];
      });
    };
    const six = await drawn(6, 1);
    assert.deepEqual(await drawn(3, 1), six.slice(0, 3));
    assert.notDeepEqual(await drawn(3, 2), six.slice(0, 3));
  }));

/** What is wrong with a file, and what is said of it. */
const wrong: readonly (readonly [text: string, sentence: RegExp])[] = [
  ["[1, 2]", /: holds no settings by name|s\.yaml holds no settings by name/],
  ["{ axis: { lr: [1] } }", /s\.yaml: "axis" is no key of a sweep: did you mean "axes"\?/],
  ["{ max_time: 2h }", /"max_time" is no key of a sweep: did you mean "maxTime"\?/],
  ["{ maxTime: 20 }", /maxTime takes a time such as 90s, 20m or 1h30m, not 20\./],
  ["{ on: slurmy }", /on takes "?here"?, not "slurmy"/],
  ["{ search: bayes }", /search takes one of grid, random, asha, not "bayes"\./],
  ["{ search: random }", /search: random draws settings: say how many, draws: 20\./],
  ["{ draws: 3 }", /draws says how many settings are drawn, and a grid has them all: give search: random or asha\./],
  ["{ eta: 3 }", /eta goes with search: asha, and this is grid\./],
  ["{ seeds: 0 }", /seeds takes a whole number from 1 to 100,000, not 0\./],
  ["{ seeds: [1, 1] }", /seeds 1, 1 has one twice\./],
  ["{ seeds: [-1] }", /seeds takes a whole number from 0 to 4,294,967,295, not -1\./],
  ["{ settings: { seed: 1 } }", /settings\.seed is one seed for all: give seeds/],
  ["{ settings: 3 }", /settings takes values by name, not 3\./],
  ["{ settings: { nIterss: 3 } }", /"nIterss" is no setting: did you mean "nIters"\?/],
  ["{ settings: { lr: 2e9 } }", /--lr takes a number above 0, at most 1.*, not 2000000000\./],
  ["{ settings: { dModel: 3 } }", /--d-model is a setting of the .*, and navigation has none: leave it out\./],
  ["{ settings: { scenarioName: nav } }", /--scenario-name takes one of .*, not "nav"/],
  [
    "{ settings: { algorithm: all } }",
    /algorithm: all makes several runs of one: sweep them, axes: \{ algorithm: \[\.\.\] \}\./,
  ],
  ["{ settings: { lr: 0.1 }, axes: { lr: [0.1] } }", /settings and axes both have lr: leave one of them out\./],
  ["{ axes: { seed: [1] } }", /axes\.seed: seeds are no axis: give seeds beside axes\./],
  ["{ axes: { lrr: [0.1] } }", /axes: "lrr" is no setting: did you mean "lr"\?/],
  ["{ axes: { dModel: [3] } }", /--d-model is a setting of the .*, and navigation has none/],
  ["{ axes: { lr: [] } }", /axes\.lr is an empty list: give it values, or leave it out\./],
  ["{ axes: { lr: [0.1, 0.1] } }", /axes\.lr has 0\.1 twice\./],
  ["{ axes: { lr: [0.1, fast] } }", /axes\.lr takes a number above 0, at most 1.*, not "fast"\./],
  ["{ axes: { lr: 3 } }", /axes\.lr takes a list of values, \{ linear: \[LOW, HIGH\], steps: N \} or .*, not 3\./],
  [
    "{ axes: { lr: { log: [1e-3, 1e-2] } } }",
    /axes\.lr has no steps, which a grid needs: give steps, or search: random\./,
  ],
  ["{ axes: { lr: { log: [0, 1], steps: 2 } } }", /axes\.lr\.log begins at 0: what goes by factors is above 0\./],
  [
    "{ axes: { lr: { log: [1, 0.1], steps: 2 } } }",
    /axes\.lr\.log goes from 1 to 0\.1: the first is to be the lower one\./,
  ],
  ["{ axes: { lr: { linear: [0.1], steps: 2 } } }", /axes\.lr\.linear takes two numbers, \[LOW, HIGH\], not /],
  ["{ axes: { lr: { linear: [0.1, 0.2], step: 2 } } }", /"step" is none of it: did you mean "steps"\?/],
  [
    "{ axes: { lr: { linear: [0.1, 0.2], steps: 1 } } }",
    /axes\.lr\.steps takes a whole number from 2 to 10,000, not 1\./,
  ],
  ["{ axes: { lr: { linear: [0.1, 7000], steps: 3 } } }", /axes\.lr takes a number above 0.*, not 7000\./],
  [
    "{ axes: { distribution: { linear: [1, 2], steps: 2 } } }",
    /axes\.distribution takes a list of values: one of .* has no range\./,
  ],
  [
    "{ axes: { minibatchSize: [20, 90000] }, settings: { framesPerBatch: 200 } }",
    /With minibatchSize 90000: --minibatch-size/,
  ],
  [
    "{ axes: { lr: { log: [1e-5, 1e-1], steps: 400 }, gamma: { linear: [0.1, 0.9], steps: 400 } } }",
    /100,000 runs are the most/,
  ],
  [
    "{ axes: { lr: { log: [1e-5, 1e-1], steps: 9999 }, gamma: { linear: [0.1, 0.9], steps: 9999 }, " +
    "lmbda: { linear: [0.1, 0.9], steps: 9999 } } }",
    /The sweep has [\d,]{15} settings with 1 seed each: 100,000 runs are the most/,
  ],
  [`{ axes: { lr: [${Array.from({ length: 30_000 }, (_, i) => (i + 1) / 30_000)}, 1] } }`, /axes\.lr has 1 twice\./],
  [
    "{ search: asha, draws: 4, axes: { nIters: [3, 9] } }",
    /asha compares runs of one length, and these have nIters [39], [39]\./,
  ],
  [
    "{ search: asha, draws: 4, firstRung: 10, settings: { nIters: 10 }, axes: { lr: [0.1, 0.2] } }",
    /firstRung 10 is to be less than the 10 iterations/,
  ],
  ["{ name: ../x }", /a sweep is called by letters, digits, .* not "\.\.\/x": give it a name\./],
];

Deno.test("what is wrong with a file is told by its key before anything is written", () =>
  withFolder(async (base) => {
    for (const [text, sentence] of wrong) {
      const { code, err, jobs } = await sweep([yaml(base, text), "--out", join(base, "out")]);
      assert.deepEqual([code, jobs], [2, 0], `${text}: ${err}`);
      assert.match(err, sentence);
      assert.match(err, /^error: [^\n]*\n$/);
    }
    assert.deepEqual(filesBelow(base), ["s.yaml"]);
  }));

Deno.test("a folder keeps to its sweep: another file of its name, a damaged one and one that is worked at are told", () =>
  withFolder(async (base) => {
    const text = (rest: string) => yaml(base, `{ settings: { ${quick}, nIters: 2 }, ${rest} }`);
    const folder = join(base, "s");
    assert.equal((await sweep([text("axes: { lr: [0.1], gamma: [0.9, 0.8] }"), "--out", base])).code, 0);
    const other = await sweep([text("axes: { lr: [0.1], gamma: [0.9, 0.7] }"), "--out", base]);
    assert.equal(other.code, 2);
    assert.match(
      other.err,
      /holds a sweep with other axes: .* Put that back to go on with it, or give this one another name\.\n$/,
    );
    const turned = await sweep([text("axes: { gamma: [0.9, 0.8], lr: [0.1] }"), "--out", base]);
    assert.deepEqual([turned.code, turned.jobs], [0, 0], "the order of keys is no other sweep");
    Deno.removeSync(join(folder, "0002-s0"), { recursive: true });
    const remade = await sweep([folder], {
      onJob: async () => {
        const busy = await sweep([folder]);
        assert.equal(busy.code, 2);
        assert.equal(busy.err, `error: Another process works on the sweep ${folder}: wait for it, or stop it first.\n`);
      },
    });
    assert.deepEqual([remade.code, remade.jobs], [0, 1], "a run that was removed is made anew");
    Deno.writeTextFileSync(join(folder, "sweep.json"), "{");
    assert.match((await sweep([folder])).err, /sweep\.json is damaged: /);
    assert.match(
      (await sweep([base])).err,
      /is no sweep: it has no sweep\.json\. Give that of one, or a file of YAML\.\n$/,
    );
    assert.match((await sweep([join(base, "none.yaml")])).err, /none\.yaml cannot be opened: it does not exist\.\n$/);
    Deno.mkdirSync(join(base, "t"));
    Deno.writeTextFileSync(join(base, "t", "mine.txt"), "");
    const taken = await sweep([yaml(base, "{ name: t }"), "--out", base]);
    assert.match(taken.err, /t is there, and is no sweep: give this one another name\.\n$/);
    assert.match((await sweep([])).err, /^error: Usage: deno task sweep FILE\.yaml\|SWEEP \[flags\]; see --help\.\n$/);
  }));

Deno.test("--until ends a run early and leaves its length: what goes on from there is the whole run, bit for bit", () =>
  withFolder(async (base) => {
    const args = ["--frames-per-batch", "20", "--max-steps", "5", "--minibatch-size", "8", "--n-iters", "6"];
    await run([...args, "--out", join(base, "whole")]);
    const { code, out } = await run([...args, "--out", join(base, "early"), "--until", "2"]);
    const folder = onlyRun(join(base, "early"));
    assert.equal(code, 0);
    assert.ok(out.includes("\nStopped after iteration 2 of 6, as --until says. Last reward: "));
    assert.ok(out.endsWith(`\nTo resume: deno task train --resume ${folder}\n`));
    assert.deepEqual(listCheckpoints(folder).map((x) => x.iteration), [2]);
    assert.equal((await run(["--resume", folder, "--until", "2"])).code, 0);
    assert.equal(logged(folder).length, 2, "there is nothing to do");
    await run(["--resume", folder]);
    assert.deepEqual(logged(folder), logged(onlyRun(join(base, "whole"))));
  }));

Deno.test("a run that another process has gone on with, after it was looked at, is refused and not undone", () =>
  withFolder(async (base) => {
    const args = ["--frames-per-batch", "20", "--max-steps", "5", "--minibatch-size", "8", "--n-iters", "6"];
    await run([...args, "--out", base, "--until", "2"]);
    const folder = onlyRun(base);
    const { code, err } = await run(["--resume", folder], {
      createTrainer: async (config) => {
        assert.equal((await run(["--resume", folder])).code, 0);
        return new FakeTrainer(config);
      },
    });
    assert.equal(code, 2);
    assert.equal(
      err,
      `error: ${folder} was trained by another process meanwhile, to iteration 6: give the command again to go on from there.\n`,
    );
    assert.equal(logged(folder).length, 6);
  }));

Deno.test("--dry-run prints the runs and what they would cost, by iterations that are measured, and writes nothing", () =>
  withFolder(async (base) => {
    const file = yaml(base, `{ settings: { ${quick}, nIters: 50 }, axes: { lr: [0.1] }, seeds: 3 }`);
    const fake = join(import.meta.dirname!, "../train/fake_cli.ts");
    const train = [Deno.execPath(), "run", "--no-check", "-A", fake];
    const { code, out, err, jobs } = await sweep([file, "--out", base, "--dry-run"], { train });
    assert.deepEqual([code, err, jobs], [0, "", 0]);
    const lines = out.trimEnd().split("\n");
    assert.deepEqual(lines.slice(0, 3), [
      "s: grid, 1 setting, 3 runs",
      "  0001-s0 to 0001-s2   lr 0.1, 50 iterations",
      "Measuring a few iterations ..",
    ]);
    assert.match(lines[3]!, /^0001-s0: \d+\.\d+ s an iteration, and \d+\.\d+ s to begin$/);
    assert.match(lines[4]!, /^150 iterations: \d+:\d\d of work, \d+:\d\d with 1 run at a time\.$/);
    assert.equal(lines[5], `Dry run: nothing was written. It would go to ${join(base, "s")}/`);
    assert.deepEqual(filesBelow(base), ["s.yaml"]);
  }));

Deno.test("Ctrl-C ends --dry-run with what it measures, at once, and nothing is left of it", () =>
  withFolder(async (base) => {
    const file = yaml(base, `{ settings: { ${quick} } }`);
    const [pid, program] = [join(base, "pid"), join(base, "train.ts")];
    Deno.writeTextFileSync(
      program,
      // There only when it is whole.
      `Deno.writeTextFileSync(${JSON.stringify(`${pid}.new`)}, Deno.pid + " " + Deno.args[1]);
      Deno.renameSync(${JSON.stringify(`${pid}.new`)}, ${JSON.stringify(pid)});
      await new Promise((resolve) => setTimeout(resolve, 60_000));`,
    );
    const begun = async (): Promise<void> => {
      while (infoOf(pid) === null) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    const train = [Deno.execPath(), "run", "--no-check", "-A", program];
    const { code, out, err } = await sweep([file, "--out", base, "--dry-run"], { train, stopWhen: begun() });
    assert.deepEqual([code, err], [130, ""]);
    assert.ok(out.endsWith("\nMeasuring a few iterations ..\nStopped. Nothing was written.\n"));
    const [, measured, place] = /^(\d+) (.*)$/.exec(Deno.readTextFileSync(pid))!;
    assert.throws(() => Deno.kill(Number(measured), "SIGCONT"), Deno.errors.NotFound);
    assert.equal(infoOf(dirname(place!)), null);
  }));

Deno.test("a run computes with the threads of its configuration, or as many as there are cores", async () => {
  const adapterFor = async (threads: number | null): Promise<string> => {
    await chooseDevice({ device: "cpu", threads });
    return openEngine()!.adapter;
  };
  assert.match(await adapterFor(1), /, 1 thread$/);
  assert.match(await adapterFor(3), /, 3 threads$/);
  assert.match(await adapterFor(null), new RegExp(`, ${cores} threads?$`));
});

Deno.test("cores are shared out where there are fewer runs than cores, else each run has one thread", () => {
  assert.deepEqual([1, 2, 3, 8, 9].map((runs) => threadsFor(runs, null, 8)), [8, 4, 2, 1, 1]);
  assert.deepEqual([1, 2, 16].map((processes) => threadsFor(100, processes, 8)), [8, 4, 1]);
});
