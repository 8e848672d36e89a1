/** A body of MuJoCo behind the commands. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { createTrainer } from "../../lib/train/look/target.ts";
import { evalTool } from "../../lib/train/look/eval.ts";
import { exportTool } from "../../lib/train/look/export.ts";
import { renderTool } from "../../lib/train/look/render.ts";
import { runsTool } from "../../lib/train/look/runs.ts";
import type { MetricsRow } from "../../lib/train/files/metrics.ts";
import { decodeSafetensors } from "../../lib/train/files/safetensors.ts";
import { filesBelow, logged, onlyRun, run, runCommand, runTask, withFolder } from "./harness.ts";

const small =
  "--device cpu --scenario-name hopper --max-steps 40 --envs 4 --frames-per-batch 120 --minibatch-size 40 --num-epochs 2 " +
  "--hidden-size 8 --n-iters 4 --seed 3";

/** The tensors of a checkpoint; it notes the settings too, which the number of workers belongs to. */
const numbersOf = (folder: string, iteration: string): unknown =>
  decodeSafetensors(Deno.readFileSync(join(folder, "checkpoints", `${iteration}.safetensors`))).tensors;

Deno.test("hopper that is stopped and resumed ends bit for bit as if it had not stopped, whoever steps it", () =>
  withFolder(async (base) => {
    const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
    const args = (workers: number) => [...small.split(" "), "--workers", `${workers}`];
    const first = await run([...args(0), "--out", whole], { createTrainer });
    assert.deepEqual([first.code, first.err], [0, ""]);
    assert.match(first.out, /^hopper, 1 agent, ppo, seed 3: [\d,]+ parameters\nbatch: 4 envs x 30 steps = 120 frames/);
    assert.match(first.out, /\niteration 4\/4 {3}reward +\S+ {3}KL +-?0\.\d+ {3}[\d,]+ frames\/s {3}0:00 left\n/);
    assert.match(first.out, /\nPrograms traced: \d+, none after the first iteration\.\n/);
    const half = await run([...args(2), "--out", stopped], { createTrainer, stopAfter: 2 });
    assert.equal(half.code, 130);
    const folder = onlyRun(stopped, "hopper");
    const resumed = await run(["--resume", folder], { createTrainer });
    assert.deepEqual([resumed.code, resumed.err], [0, ""]);
    const expected = onlyRun(whole, "hopper");
    assert.deepEqual(logged(folder), logged(expected));
    assert.ok(logged(folder).every((row) => (row as MetricsRow).metrics["world/unstable"] === 0));
    assert.ok(filesBelow(folder).includes("policy.onnx"));
    assert.deepEqual(numbersOf(folder, "000004"), numbersOf(expected, "000004"));
    assert.deepEqual(Deno.readFileSync(join(folder, "policy.onnx")), Deno.readFileSync(join(expected, "policy.onnx")));
  }));

Deno.test("a run of hopper is evaluated, listed, exported and drawn", () =>
  withFolder(async (out) => {
    const { code, err } = await runTask("train", ...small.split(" "), "--out", out);
    assert.deepEqual([code, err], [0, ""]);
    const folder = onlyRun(out, "hopper");
    const evaluated = await runCommand(evalTool, folder, "--episodes", "5");
    assert.match(evaluated.out, /^hopper, 1 agent: deterministic policy of .*\n5 episodes of at most 40 steps/);
    const random = await runCommand(evalTool, "hopper", "--controller", "random", "--episodes", "5", "--device", "cpu");
    assert.match(random.out, /^hopper, 1 agent: the controller "random"\n5 episodes of at most 1000 steps/);
    assert.match((await runCommand(runsTool, out)).out, /hopper/);
    const exported = await runCommand(exportTool, folder);
    assert.match(exported.out, /agrees with the policy on \d+ observations of 4 episodes/);
    const drawn = await runCommand(renderTool, folder, "--contact-forces");
    assert.deepEqual([drawn.code, drawn.err], [0, ""]);
    const [moving, still] = ["policy.svg", "policy-still.svg"].map((name) => Deno.readTextFileSync(join(folder, name)));
    assert.match(
      moving!,
      /hopper, 1 agent<[^]*ppo after iteration 4, deterministic policy[^]*class="ground"[^]*<animate/,
    );
    // Torso, thigh, leg and foot; and so in each pose of the still.
    for (const svg of [moving!, ...still!.split('class="ground"').slice(1)]) {
      assert.equal(/class="limbs".*?<\/g>/.exec(svg)![0].match(/<path/g)!.length, 4);
    }
    assert.match(moving!, /class="massCentre"[^]*class="forces"/);
  }));

Deno.test("a model of one's own is drawn under a controller; contact forces are refused where there are none", () =>
  withFolder(async (folder) => {
    const path = join(folder, "pole.ts");
    Deno.writeTextFileSync(
      path,
      `import { mujocoMetrics, mujocoSimulation } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
      export default {
        ...{ name: "pole", agents: 1, observationSize: 1, actionKind: "continuous", actionSize: 1, maxSteps: 5 },
        metrics: mujocoMetrics,
        simulation: mujocoSimulation({
          model: '<mujoco><worldbody><body><joint name="x" axis="0 1 0"/><geom type="box" size=".1 .1 .5" rgba="0 1 0 1"/></body>' +
            '</worldbody><actuator><motor joint="x"/></actuator></mujoco>',
          frameSkip: 1,
          observe: ({ qpos }) => qpos,
          reward: () => 1,
        }),
      };`,
    );
    const flags = ["--controller", "random", "--device", "cpu", "--out", join(folder, "a")];
    const { code, err } = await runCommand(renderTool, path, ...flags);
    assert.deepEqual([code, err], [0, ""]);
    const svg = Deno.readTextFileSync(join(folder, "a.svg"));
    // Nothing on the ground would show that the picture moves: it stays.
    assert.ok(svg.includes('fill="#00ff00"') && !svg.includes('class="ground"') && svg.includes('class="massCentre"'));
    const none = await runCommand(renderTool, "pendulum", ...flags, "--contact-forces");
    assert.deepEqual([none.code, none.err], [
      ...[2, "error: pendulum has no contact forces to show: leave --contact-forces out.\n"],
    ]);
  }));

const configOf = async (...args: string[]) => {
  const { err, out } = await run([...args, "--print-config"]);
  assert.equal(err, "");
  return JSON.parse(out);
};

Deno.test("--num-timesteps says how long a run is by its frames, and the run has as many iterations as that takes", () =>
  withFolder(async (out) => {
    const report = await configOf(..."--scenario-name humanoid3d --num-timesteps 5000000 --seed 0".split(" "));
    assert.deepEqual([report.algorithm, report.nIters, report.saveEvery], ["trpo", 2442, 100]);
    assert.equal(report.numTimesteps, undefined);
    assert.equal((await configOf("--num-timesteps", "1200001", "--frames-per-batch", "60000")).nIters, 21);
    const file = join(out, "a.json");
    Deno.writeTextFileSync(file, JSON.stringify(report));
    assert.deepEqual(await configOf("--config", file), report);
    assert.equal((await configOf("--config", file, "--num-timesteps", "4096")).nIters, 2);
    Deno.writeTextFileSync(file, "scenarioName: hopper\nnumTimesteps: 4096\n");
    assert.equal((await configOf("--config", file)).nIters, 2);
    assert.equal((await configOf("--config", file, "--n-iters", "7")).nIters, 7);

    const told = async (...args: string[]) => (await run(args)).err;
    assert.equal(
      await told("--num-timesteps", "5", "--n-iters", "5"),
      "error: --num-timesteps and --n-iters say the same in two ways: give one of them.\n",
    );
    assert.equal(
      await told("--num-timesteps", "0.5"),
      "error: --num-timesteps takes a whole number from 1 to 1,000,000,000,000,000, not 0.5.\n",
    );
    assert.equal(
      await told("--num-timesteps", "5", "--frames-per-batch", "0"),
      "error: --frames-per-batch takes a whole number from 1 to 100,000,000, not 0.\n",
    );
    const letters = `${small.replace("--n-iters 4", "--num-timesteps 300")} --out ${out}`.split(" ");
    const first = await run(letters);
    assert.match(first.out, /iteration 3\/3 {3}reward/);
    const folder = onlyRun(out, "hopper");
    assert.match(
      (await run(["--resume", folder, "--num-timesteps", "100"])).err,
      /--n-iters 1 would change the linear/,
    );
    assert.equal((await run(["--resume", folder, "--num-timesteps", "360"])).code, 0);
  }));

Deno.test("the help of hopper shows the flags of its system with CleanRL's settings", async () => {
  const { out } = await run(["--scenario-name", "hopper", "--help"]);
  for (const flag of [/--max-steps.*1000/, /--workers/, /--frames-per-batch.*2048/, /--lr .*3e-4|--lr .*0\.0003/]) {
    assert.match(out, flag);
  }
});

const walking =
  "--device cpu --scenario-name humanoid3d --motion walk --algorithm trpo --max-steps 20 --envs 4 --frames-per-batch 80 " +
  "--minibatch-size 40 --hidden-size 8 --n-iters 3 --seed 3";

Deno.test("a humanoid that imitates the walk goes on bit for bit, and its evaluation says how well it imitates", () =>
  withFolder(async (base) => {
    const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
    const args = (workers: number) => [...walking.split(" "), "--workers", `${workers}`];
    const first = await run([...args(0), "--out", whole], { createTrainer });
    assert.deepEqual([first.code, first.err], [0, ""]);
    assert.match(first.out, /^humanoid3d, 1 agent, trpo, seed 3: .*\n.*\npreset: walk, but /);
    await run([...args(2), "--out", stopped], { createTrainer, stopAfter: 1 });
    const folder = onlyRun(stopped, "humanoid3d");
    const resumed = await run(["--resume", folder], { createTrainer });
    assert.deepEqual([resumed.code, resumed.err], [0, ""]);
    const expected = onlyRun(whole, "humanoid3d");
    assert.deepEqual(logged(folder), logged(expected));
    assert.deepEqual(numbersOf(folder, "000003"), numbersOf(expected, "000003"));
    for (const { metrics } of logged(folder) as MetricsRow[]) {
      const terms = ["pose", "velocity", "end_effectors", "root", "mass_centre"].map((term) =>
        metrics[`world/${term}`]!
      );
      const sum = [0.5, 0.05, 0.15, 0.2, 0.1].reduce((total, weight, i) => total + weight * terms[i]!, 0);
      assert.ok(Math.abs(metrics["world/imitation"]! - sum) < 1e-5 && sum > 0.3 && sum < 1, `${sum}`);
    }
    const evaluated = await runCommand(evalTool, folder, "--episodes", "5", "--json");
    const { reward, length, metrics, each } = JSON.parse(evaluated.out);
    assert.equal(metrics.imitation.mean, each.metrics.imitation.reduce((sum: number, x: number) => sum + x, 0) / 5);
    each.reward.forEach((sum: number, i: number) =>
      assert.ok(Math.abs(sum / each.length[i] - each.metrics.imitation[i]) < 1e-5)
    );
    assert.ok(reward.mean / length.mean > 0.3);
    const text = await runCommand(evalTool, folder, "--episodes", "5");
    assert.match(text.out, /\nterminated +\d.*%\nunstable +0\.000 .*\nimitation +0\.\d+ +95% interval/);
  }));

Deno.test("what cannot be imitated is refused by the command, in a sentence that names it", () =>
  withFolder(async (folder) => {
    const file = (text: string): string => {
      const path = join(folder, "clip.json");
      Deno.writeTextFileSync(path, text);
      return path;
    };
    const none = join(folder, "none.json");
    const humanoid = ["--scenario-name", "humanoid3d", "--device", "cpu", "--out", folder];
    const refused: readonly (readonly [args: readonly string[], err: RegExp])[] = [
      [
        ["--scenario-name", "hopper", "--motion", "walk"],
        /^error: --motion is a setting of the humanoid of DeepMimic, simulated by MuJoCo \(humanoid3d\), and hopper has none: leave it out\.\n$/,
      ],
      [
        [...humanoid, "--motion", none],
        /^error: --motion .*none\.json cannot be opened: it does not exist; it is one of stand, walk, or a file\.\n$/,
      ],
      [[...humanoid, "--motion", file("{")], /^error: --motion .*clip\.json is no JSON: .*\n$/],
      [
        [...humanoid, "--control", "target"],
        /^error: humanoid3d: control "target" is for imitating a motion: give a motion too\.\n$/,
      ],
      [
        [...humanoid, "--motion", "walk", "--control", "muscles"],
        /^error: --control takes one of torque, target, not "muscles"\.\n$/,
      ],
    ];
    for (const [args, err] of refused) {
      const ran = await run(args, { createTrainer });
      assert.deepEqual([ran.code, ran.out], [2, ""]);
      assert.match(ran.err, err);
    }
    const wrong = file('{ "Loop": "wrap", "Frames": [[1, 2]] }');
    const { code, err } = await run([...humanoid, "--motion", wrong], { createTrainer });
    assert.equal(code, 2);
    assert.match(err, /^error: --motion .*clip\.json: "Frames" has 1 frame, and a motion at least 2/);
  }));

Deno.test("the help of humanoid3d shows its motions, and the presets of the walk as flags", async () => {
  const { out } = await run(["--scenario-name", "humanoid3d", "--help"]);
  assert.match(out, /--motion PATH +what is imitated: stand, walk, or a file in DeepMimic's format\n/);
  assert.match(out, /--control NAME +.*\(torque, target\) \[torque\]/);
  assert.match(out, /--preset walk_target is\n[^]*--motion walk --control target/);
});
