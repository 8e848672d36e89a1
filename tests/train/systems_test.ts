/** Systems by their contract: one that is no reinforcement learning, worlds of one's own, settings from files, old runs. */

import assert from "node:assert/strict";
import { basename, join, relative } from "node:path";
import { copySync } from "./copy.ts";
import type { System } from "../../lib/systems/system.ts";
import { systems } from "../../lib/systems/registry.ts";
import { evalTool } from "../../lib/train/look/eval.ts";
import { exportTool } from "../../lib/train/look/export.ts";
import { readRun, readRuns } from "../../lib/train/look/records.ts";
import { renderTool } from "../../lib/train/look/render.ts";
import { runsTool } from "../../lib/train/look/runs.ts";
import { writeRunReport } from "../../lib/train/look/report.ts";
import { loadTrainer } from "../../lib/train/look/target.ts";
import { trainRun } from "../../lib/train/loop/train_run.ts";
import { runNotebook } from "../../tasks/jupyter/notebook.ts";
import { patience, runCells } from "../run_cells.ts";
import { pointWorld } from "../rl/point_world.ts";
import { filesBelow, logged, onlyRun, realRun, run as runFake, runCommand, withFolder } from "./harness.ts";
import { letterSystem } from "./letters.ts";

const create = (config: Parameters<System["create"]>[0], system: System) => system.create(config);
const run = (args: readonly string[], stopAfter?: number) =>
  runFake(args, { createTrainer: create, ...stopAfter !== undefined && { stopAfter } });

/** Runs a test in which the letters are a row of the registry. */
async function withLetters(test: () => Promise<void>): Promise<void> {
  const rows = systems as System[];
  rows.push(letterSystem);
  try {
    await test();
  } finally {
    rows.splice(rows.indexOf(letterSystem), 1);
  }
}

const letters = ["--scenario-name", "letters", "--device", "cpu"];

Deno.test("a system that is no reinforcement learning trains, stops, resumes, and is evaluated, drawn and exported", () =>
  withLetters(() =>
    withFolder(async (out) => {
      const args = [...letters, "--out", out, "--n-iters", "6", "--eval-every", "2", "--save-every", "1"];
      const whole = await run(args);
      assert.deepEqual([whole.code, whole.err], [0, ""]);
      assert.match(whole.out, /^letters: 27 parameters, 64 letters an iteration\npreset: own\ncpu: /);
      assert.match(whole.out, /iteration 1\/6 {3}bits a letter +\d\.\d+ {3}[\d,]+ letters\/s/);
      assert.match(whole.out, /holds metrics\.jsonl, bits_a_letter\.svg, letters\.onnx, norm\.onnx, checkpoints\//);
      const [folder] = [...Deno.readDirSync(join(out, "letters"))].map(({ name }) => join(out, "letters", name));
      const names = filesBelow(folder!);
      for (const name of ["bits_a_letter.svg", "letters.onnx", "norm.onnx"]) assert.ok(names.includes(name), name);
      const { final, best, rows } = readRun(folder!);
      const bits = rows.map(({ metrics }) => metrics["train/bits_per_letter"]!);
      assert.equal(best, Math.min(...bits));
      assert.ok(final! < bits[0]!);

      const stopped = await run(args.map((arg) => arg === out ? join(out, "b") : arg), 3);
      assert.equal(stopped.code, 130);
      const half = join(out, "b", "letters", [...Deno.readDirSync(join(out, "b", "letters"))][0]!.name);
      assert.equal((await run(["--resume", half])).code, 0);
      assert.deepEqual(logged(half), logged(folder!));

      const evaluated = await runCommand(evalTool, folder!);
      assert.match(evaluated.out, /^\d\.\d{3} bits a letter\n$/);
      assert.deepEqual(await runCommand(evalTool, folder!, "--episodes", "3"), {
        code: 2,
        out: "",
        err: "error: --episodes does not go with letters: leave it out.\n",
      });
      const drawn = await runCommand(renderTool, folder!, "--out", join(out, "x"));
      assert.deepEqual([drawn.code, Deno.statSync(join(out, "x-heat.svg")).isFile], [0, true]);
      const exported = await runCommand(exportTool, folder!);
      assert.deepEqual([exported.code, Deno.statSync(join(folder!, "letters.safetensors")).isFile], [0, true]);
      const table = await runCommand(runsTool, join(out, "letters"));
      assert.match(table.out, new RegExp(`letters +0 +6/6 +${final!.toFixed(3)} +${best!.toFixed(3)} `));
    })
  ));

Deno.test("--early-stop ends a run whose headline falls when it is as low", () =>
  withLetters(() =>
    withFolder(async (out) => {
      const { code, out: text } = await run([...letters, "--out", out, "--n-iters", "50", "--early-stop", "4.6"]);
      assert.equal(code, 0);
      assert.match(
        text,
        /Done after iteration \d+ of 50: the mean bits a letter of the last 5, 4\.[0-5]\d*, has reached --/,
      );
      assert.match(text, /--early-stop 4\n$/);
    })
  ));

Deno.test("a flag that belongs to another system or algorithm is refused by a sentence that names it", () =>
  withLetters(async () => {
    const refused: readonly (readonly [string, string])[] = [
      [
        "--scenario-name letters --n-agents 3",
        "--n-agents is a setting of the particle worlds of VMAS (navigation, wheel, reverse_transport, buzz_wire) and " +
        "of the spoofed swarms (spoofed_swarm), and letters has none: leave it out.",
      ],
      [
        "--context-length 3",
        "--context-length is a setting of the stories (stories) and of the source code (code) and of the text of your own " +
        "(text) and of the letters of a text (letters), and navigation has none: leave it out.",
      ],
      [
        "--batch-size 3",
        "--batch-size is a setting of the stories (stories) and of the sums (sums) and of the source code (code) and of the " +
        "text of your own (text), and navigation has none: did you mean --minibatch-size?",
      ],
      [
        "--letters-per-batch 3",
        "--letters-per-batch is a setting of frequencies (letters), and navigation has none: leave it out.",
      ],
      ["--scenario-name letters --algorithm mappo", '--algorithm takes "frequencies", not "mappo".'],
      ["--algorithm mapo", '--algorithm takes one of mappo, ippo, trpo, not "mapo": did you mean mappo?'],
      [
        "--scenario-name navigaton",
        "--scenario-name takes one of navigation, wheel, reverse_transport, buzz_wire, pendulum, host_pendulum, vehicle, spoofed_swarm, hopper, " +
        "half_cheetah, walker2d, ant, humanoid, humanoid3d, stories, sums, code, text, letters, or the " +
        'path of a file that exports a world, not "navigaton": did you mean navigation?',
      ],
      [
        "--scenario-name hopper --batch-size 64",
        "--batch-size is a setting of the stories (stories) and of the sums (sums) and of the source code (code) and of the " +
        "text of your own (text), and hopper has none: did you mean --minibatch-size?",
      ],
      ["--preset own", '--preset takes one of seed, tuned, walk, walk_target, not "own".'],
      ["--n 3", "--n is no flag of train: see --help."],
      ["--scenario wheel", "--scenario is no flag of train: did you mean --scenario-name?"],
      ["--N-ITERS 3", "--N-ITERS is no flag of train: did you mean --n-iters?"],
      ["--scenario-name=", "--scenario-name has no value: it takes a name."],
      ["--scenario-name ./none.ts", "--scenario-name ./none.ts cannot be opened: it does not exist."],
    ];
    for (const [line, sentence] of refused) {
      assert.deepEqual(await run(line.split(" ")), { code: 2, out: "", err: `error: ${sentence}\n` });
    }
  }));

Deno.test("--config takes a run's config.json, and YAML; flags go above it, and what it does not know is refused", () =>
  withFolder(async (out) => {
    const folder = await realRun(join(out, "a"), "--seed", "3", "--lr", "0.001");
    const config = join(folder, "config.json");
    const again = await run(["--config", config, "--out", join(out, "b")]);
    assert.equal(again.code, 0);
    const repeated = onlyRun(join(out, "b"));
    assert.equal(Deno.readTextFileSync(join(repeated, "config.json")), Deno.readTextFileSync(config));
    assert.deepEqual(logged(repeated), logged(folder));

    const file = join(out, "recipe.yaml");
    Deno.writeTextFileSync(file, "# a recipe\nscenarioName: wheel\nlr: 2.0e-3\nseed: [4, 5]\n");
    const printed = JSON.parse((await run(["--config", file, "--lr", "0.5", "--print-config"])).out);
    assert.deepEqual([printed.scenarioName, printed.lr, printed.seed, printed.gamma], ["wheel", 0.5, [4, 5], 0.99]);
    Deno.writeTextFileSync(file, JSON.stringify(printed));
    assert.deepEqual(JSON.parse((await run(["--config", file, "--print-config"])).out), printed);

    const refused: readonly (readonly [string, RegExp])[] = [
      ["learning_rate: 3", /"learning_rate" is no setting: did you mean "lr"\?/],
      ["lr: [1", /--config .*recipe\.yaml is neither YAML nor JSON: .*\.$/m],
      ["- lr", /holds no settings by name, such as "scenarioName: wheel"\./],
      ["lr: fast", /--lr takes a number above 0, at most 1, not "fast"\./],
      ["scenarioName: 3", /--scenario-name takes a name, not 3\./],
      [
        "lr: !!js/function 3\na: 1\n---\nb: 2",
        /recipe\.yaml is neither YAML nor JSON: it holds more than one document/,
      ],
      [
        "[".repeat(3000),
        /recipe\.yaml is neither YAML nor JSON: it nests lists or settings deeper than can be read\.$/m,
      ],
      // Of a long text the beginning is repeated.
      [`lr: "${"long ".repeat(1000)}"`, /--lr takes a number above 0, at most 1, not the text "(long ){8}\.\."\.$/m],
      ["seed: x", /--seed takes a whole number from 0 to 4,294,967,295, not "x": several are given as 0,1,2\./],
    ];
    for (const [text, sentence] of refused) {
      Deno.writeTextFileSync(file, text);
      const { code, err } = await run(["--config", file]);
      assert.equal(code, 2, text);
      assert.match(err, sentence);
    }
    const missing = await run(["--config", join(out, "none")]);
    assert.match(missing.err, /none cannot be opened: it does not exist\./);
    // Neither is read, which would have no end.
    for (const [path, why] of [[out, "is a folder"], ["/dev/zero", "is no file that can be read again"]] as const) {
      if (Deno.build.os === "windows" && path !== out) continue;
      assert.match((await run(["--config", path])).err, new RegExp(`--config ${path} ${why}: `));
    }
    const both = await run(["--resume", folder, "--config", file]);
    assert.match(both.err, /--config cannot be given with --resume: a run keeps its settings\./);
  }));

const tiny = ["--device", "cpu", "--frames-per-batch", "40", "--minibatch-size", "20", "--num-epochs", "2"];

/** Writes a world into a file that exports it, with settings and metrics of its own. Returns its path. */
function writeWorld(folder: string): string {
  const path = join(folder, "my_world.ts");
  const point = JSON.stringify(import.meta.resolve("../rl/point_world.ts"));
  Deno.writeTextFileSync(
    path,
    `import { pointWorld } from ${point};
     export default pointWorld(10);
     export const settings = { hiddenSize: 8, nIters: 2, lr: 0.01 };
     export const onIteration = ({ iteration, metrics }) => ({ "own/lr": metrics["train/learning_rate"], "own/i": iteration });`,
  );
  return path;
}

Deno.test("--scenario-name trains a world from a file, which is resumed, evaluated and exported as any other", () =>
  withFolder(async (folder) => {
    const path = relative(Deno.cwd(), writeWorld(folder));
    const out = join(folder, "output");
    const { code, err, out: text } = await run(["--scenario-name", path, ...tiny, "--out", out]);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(text, /, 2 agents, ppo, seed 0: [\d,]+ parameters\nbatch: 4 envs x 10 steps = 40 frames/);
    const world = join(out, "my_world");
    const made = join(world, [...Deno.readDirSync(world)][0]!.name);
    const { config, rows } = readRun(made);
    assert.deepEqual([config.scenarioName, config.hiddenSize, config.lr], [path, 8, 0.01]);
    assert.deepEqual(rows.map(({ metrics }) => [metrics["own/lr"], metrics["own/i"]]), [[0.01, 1], [0.01, 2]]);
    assert.equal((await run(["--resume", made, "--n-iters", "3"])).code, 0);
    assert.equal(readRun(made).iterations, 3);
    const evaluated = await runCommand(evalTool, made, "--episodes", "5");
    assert.match(evaluated.out, /2 agents: deterministic policy of .*\n5 episodes of at most 10 steps, seed 0\n/);
    const random = await runCommand(evalTool, path, "--controller", "random", "--episodes", "5", "--device", "cpu");
    assert.deepEqual([random.code, random.err], [0, ""]);
    const none = await runCommand(evalTool, path, "--controller", "heuristic", "--device", "cpu");
    assert.match(none.err, /there is no heuristic for `point`/);
    assert.match((await runCommand(exportTool, made)).out, /ONNX Runtime agrees with the policy/);
    assert.match(
      (await runCommand(renderTool, made)).err,
      /point cannot be drawn: the world has no scene\. docs\/your_own_world\.md shows one\./,
    );
    const help = await run(["--scenario-name", path, "--help"]);
    assert.equal(help.code, 0);
    assert.match(help.out, /^ {2}--preset NAME +settings to begin with \(own\) \[own\]$/m);
    assert.deepEqual(readRuns([world]).problems, []);
    // In tables and pictures it is called as its file is, wherever that is.
    assert.match((await runCommand(runsTool, world)).out, /^my_world +0 /m);
    assert.ok(Deno.readTextFileSync(join(made, "reward.svg")).includes(">my_world, ppo<"));
  }));

Deno.test("a file whose default export is no world is refused with what to write", () =>
  withFolder(async (folder) => {
    const path = join(folder, "own.ts");
    Deno.writeTextFileSync(path, "export const world = 3;");
    const none = await run(["--scenario-name", path]);
    const what = "export default new MyWorld();";
    assert.deepEqual([none.code, none.err], [
      ...[2, `error: ${path} has no default export: export the world, as in \`${what}\`.\n`],
    ]);
    const other = join(folder, "other.ts");
    Deno.writeTextFileSync(other, "export default class World {}");
    const made = await run(["--scenario-name", other]);
    assert.deepEqual([made.code, made.err], [
      ...[2, `error: ${other} is the class World: give one that is made of it, new World().\n`],
    ]);
    const missing = await run(["--scenario-name", join(folder, "none.ts")]);
    assert.match(missing.err, /none\.ts cannot be opened: it does not exist\./);
  }));

Deno.test("the report of a run of a world from a file runs where the notebook is", () =>
  withFolder(async (folder) => {
    const path = relative(Deno.cwd(), writeWorld(folder));
    const out = join(folder, "output");
    assert.equal((await run(["--scenario-name", path, ...tiny, "--out", out])).code, 0);
    const world = join(out, "my_world");
    const made = join(world, [...Deno.readDirSync(world)][0]!.name);
    const { problems, missing } = await runNotebook(writeRunReport(made, 2), patience);
    assert.deepEqual([...problems, ...missing], []);
  }));

Deno.test("a file that exports no world, or fails, is refused in a sentence that names it", () =>
  withFolder(async (folder) => {
    const files: readonly (readonly [text: string, sentence: RegExp])[] = [
      ["export const world = 1;", /has no default export: export the world/],
      ["export default 5;", /is no world but the number 5: a world is an object with reset/],
      ["export default null;", /is no world but null/],
      ["export default () => {};", /is no world but nothing/],
      ["export default async () => await 1;", /is a promise: give the world that it stands for, with await/],
      ["export default class MyWorld {}", /is the class MyWorld: give one that is made of it, new MyWorld\(\)\./],
      ["export default {};", /the world: name is a text, not nothing/],
      ["export default { name: 'a', simulation: 5 };", /a: agents is a whole number, 1 or more, not nothing/],
      [
        "export default Promise.reject(new Error('no such body'));",
        /cannot be loaded: no such body\.\n +at file:.*\.ts:1/,
      ],
      ["throw new Error('no such body');", /cannot be loaded: no such body\.\n +at file:.*\.ts:1:7/],
      ["throw null;", /cannot be loaded: null/],
      ["import './none.ts';", /cannot be loaded: Module not found/],
      ["export default {", /cannot be loaded: .*Unexpected/],
    ];
    for (const [i, [text, sentence]] of files.entries()) {
      const path = join(folder, `world_${i}.ts`);
      Deno.writeTextFileSync(path, text);
      const { code, out, err } = await run(["--scenario-name", path, "--dry-run", "--device", "cpu"]);
      assert.deepEqual([code, out], [2, ""], text);
      assert.match(err, sentence);
      assert.doesNotMatch(err, /lib\/(train|systems)/);
    }
    const promised = join(folder, "promised.ts");
    Deno.writeTextFileSync(
      promised,
      Deno.readTextFileSync(writeWorld(folder)).replace(/export default (.*);/, "export default Promise.resolve($1);"),
    );
    assert.match(Deno.readTextFileSync(promised), /Promise\.resolve/);
    assert.equal((await run(["--scenario-name", promised, ...tiny, "--dry-run"])).code, 0);
  }));

Deno.test("trainRun() trains a world that a program made, resumes it there, and logs what its listener gives", () =>
  withFolder(async (out) => {
    const environment = pointWorld(10);
    const settings = { environment, framesPerBatch: 40, minibatchSize: 20, numEpochs: 1, hiddenSize: 8, nIters: 2 };
    const seen: number[] = [];
    const { folder, rows, config } = await trainRun({ ...settings, device: "cpu" }, {
      out,
      onIteration: ({ iteration, trainer }) => {
        seen.push(iteration);
        return { "own/parameters": trainer.facts.parameters };
      },
    });
    assert.deepEqual([seen, config.scenarioName, basename(join(folder, ".."))], [[1, 2], "point", "point"]);
    assert.ok(rows.every(({ metrics }) => metrics["own/parameters"]! > 0));
    const more = await trainRun({ environment, nIters: 3 }, { resume: folder });
    assert.deepEqual([more.folder, more.iterations, more.state], [folder, 3, "finished"]);
    await assert.rejects(loadTrainer(folder), /the world `point` was made by a program/);
    const trainer = await loadTrainer(folder, { environment });
    assert.equal(trainer.iteration, 3);
    trainer.dispose();
    await assert.rejects(
      trainRun({ ...settings, device: "cpu" }, { out, onIteration: () => ({ x: "1" }) as never }),
      /onIteration\(\) gives metrics to log, numbers by name, or nothing; x is string\./,
    );
    const other = { ...environment, name: "other" };
    await assert.rejects(
      trainRun({ environment: other }, { resume: folder }),
      /is a run of `point`, and the environment/,
    );
  }));

Deno.test("a run that was made before systems resumes as if nothing had happened", () =>
  withFolder(async (folder) => {
    copySync(new URL("../fixtures/old_run", import.meta.url), folder);
    const { code, err } = await run(["--resume", folder, "--n-iters", "4"]);
    assert.deepEqual([code, err], [0, ""]);
    const text = await Deno.readTextFile(new URL("../fixtures/old_run/continued.jsonl", import.meta.url));
    const expected = text.trim().split("\n").map((line) => JSON.parse(line) as Record<string, number>);
    const rows = readRun(folder).rows.slice(2);
    rows.forEach(({ iteration, metrics }, i) => {
      assert.equal(iteration, expected[i]!.iteration);
      for (const [name, value] of Object.entries(metrics)) {
        if (/^(time|memory)\//.test(name)) continue;
        assert.ok(Math.abs(value - expected[i]![name]!) <= 1e-3 * Math.max(1, Math.abs(value)), `${name} ${value}`);
      }
    });
    assert.equal((await runCommand(evalTool, folder, "--episodes", "3")).code, 0);
  }));

Deno.test("in a notebook a world of a cell trains under a live chart, which ends with all iterations", () =>
  withFolder(async (out) => {
    const module = (path: string) => JSON.stringify(import.meta.resolve(path));
    const { problems, cells } = await runCells([
      {
        source: `const { trainRun } = await import(${module("../../mod.ts")});
          const { pointWorld } = await import(${module("../rl/point_world.ts")});`,
      },
      {
        source:
          `const settings = { framesPerBatch: 40, minibatchSize: 20, numEpochs: 1, hiddenSize: 8, nIters: 3, device: "cpu" };
          const run = await trainRun({ environment: pointWorld(10), ...settings }, { out: ${
            JSON.stringify(out)
          }, chart: true });
          run.state`,
      },
    ]);
    assert.deepEqual(problems, []);
    const [chart, result] = cells[1].outputs;
    assert.equal(chart.data["application/vnd.vegalite.v5+json"].data.values.length, 3);
    assert.match(result.data["text/plain"].join(""), /finished/);
    await assert.rejects(
      trainRun({ environment: pointWorld(10) }, { out, chart: true }),
      /in a notebook, and this is none/,
    );
  }));
