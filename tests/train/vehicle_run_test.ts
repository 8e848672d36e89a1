/** A car's run, by the command: bit for bit after a stop, evaluated with its errors, and drawn on its track. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { evalTool } from "../../lib/train/look/eval.ts";
import { renderTool } from "../../lib/train/look/render.ts";
import { createTrainer } from "../../lib/train/look/target.ts";
import { logged, onlyRun, run, runCommand, withFolder } from "./harness.ts";

const flags = "--scenario-name vehicle --device cpu --hidden-size 8 --frames-per-batch 80 --envs 8 --max-steps 30 " +
  "--minibatch-size 40 --num-epochs 1 --n-iters 3 --seed 3 --track random --track-count 2 --spread 0.2";

Deno.test("a car's run that is stopped and resumed ends as if it had not stopped, is evaluated and drawn", () =>
  withFolder(async (base) => {
    const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
    const first = await run([...flags.split(" "), "--out", whole], { createTrainer });
    assert.deepEqual([first.code, first.err], [0, ""]);
    assert.equal((await run([...flags.split(" "), "--out", stopped], { createTrainer, stopAfter: 2 })).code, 130);
    const resumed = await run(["--resume", onlyRun(stopped, "vehicle")], { createTrainer });
    assert.deepEqual([resumed.code, resumed.err], [0, ""]);
    assert.deepEqual(logged(onlyRun(stopped, "vehicle")), logged(onlyRun(whole, "vehicle")));
    const evaluated = await runCommand(evalTool, onlyRun(whole, "vehicle"), "--episodes", "4");
    assert.match(evaluated.out, /^vehicle, 1 agent: deterministic policy of .*\n4 episodes of at most 30 steps/);
    for (const name of ["lateral_rms", "lateral_max", "heading_rms", "heading_max", "speed_rms", "terminated"]) {
      assert.match(evaluated.out, new RegExp(`\\n${name} +[\\d.]+`));
    }
    const drawn = await runCommand(renderTool, onlyRun(whole, "vehicle"), "--out", join(base, "drive"));
    assert.equal(drawn.code, 0);
    const still = Deno.readTextFileSync(join(base, "drive-still.svg"));
    // A hundred dashes of the track, and the car.
    assert.ok(still.split('stroke-linecap="round"').length > 100 && still.includes("<rect"));
  }));

Deno.test("what a car cannot be is refused by the command", async () => {
  const told = async (line: string) => (await run(["--scenario-name", "vehicle", ...line.split(" ")])).err;
  assert.equal(await told("--model tram"), 'error: --model takes one of ks, st, std, mb, not "tram".\n');
  assert.equal(await told("--max-steps 0"), "error: --max-steps takes a whole number from 1 to 1,000,000, not 0.\n");
  assert.equal(
    (await run(["--scenario-name", "vehicle", "--model", "mb", "--car", "f1tenth"], { createTrainer })).err,
    "error: the model mb needs the sprungMass of a car, which f1tenth has not: it drives as ks and st.\n",
  );
});

Deno.test("a car's run by the gradient of its drive is stopped and resumed bit for bit, and evaluated beside a controller", () =>
  withFolder(async (base) => {
    const args =
      "--scenario-name vehicle --algorithm bptt --device cpu --hidden-size 8 --envs 4 --horizon 5 --windows 2 " +
      "--max-steps 10 --n-iters 3 --seed 1";
    const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
    const first = await run([...args.split(" "), "--out", whole], { createTrainer });
    assert.deepEqual([first.code, first.err], [0, ""]);
    assert.match(first.out, /2 windows of 4 envs x 5 steps, an update after each\n/);
    assert.equal((await run([...args.split(" "), "--out", stopped], { createTrainer, stopAfter: 2 })).code, 130);
    assert.equal((await run(["--resume", onlyRun(stopped, "vehicle")], { createTrainer })).code, 0);
    assert.deepEqual(logged(onlyRun(stopped, "vehicle")), logged(onlyRun(whole, "vehicle")));
    const drawn = await runCommand(
      renderTool,
      onlyRun(whole, "vehicle"),
      "--episodes",
      "2",
      "--out",
      join(base, "drive"),
    );
    // The gradient over the horizon of five steps, and over the ten of an episode.
    assert.match(
      drawn.out,
      /\nthe gradient is steady over the 5 steps of the horizon: [^\n]*\nthe gradient [^\n]* 10 steps/,
    );
    // A title of several lines is read as one.
    const [errors, gradient] = ["errors", "gradient"].map((x) =>
      Deno.readTextFileSync(join(base, `drive-${x}.svg`)).replaceAll(/<\/tspan><tspan[^>]*>/g, " ").replaceAll(
        /<\/?tspan[^>]*>/g,
        "",
      )
    );
    for (const said of ["lateral error (m)", "heading error (rad)", "speed error (m/s)", "episode 2", "time (s)"]) {
      assert.ok(errors!.includes(`>${said}<`), said);
    }
    assert.equal(errors!.match(/aria-roledescription="line mark"/g)!.length, 6);
    for (const said of ["norm of dL/du at that step", "over 5 steps", "over 10 steps"]) {
      assert.ok(gradient!.includes(`>${said}<`), said);
    }
    const controlled = await runCommand(
      evalTool,
      "vehicle",
      "--controller",
      "lqr",
      "--episodes",
      "3",
      "--max-steps",
      "10",
    );
    assert.match(controlled.out, /^vehicle, 1 agent: the controller "lqr"\n[^]*\nlateral_rms +0\.\d/);
    const critic = await run([
      ...args.replace("bptt", "shac --n-critic-updates 1").split(" "),
      "--out",
      join(base, "shac"),
    ], {
      createTrainer,
      stopAfter: 1,
    });
    assert.match(critic.out, /vehicle, 1 agent, shac, seed 1: [\d,]+ parameters\n2 windows of 4 envs x 5 steps/);
    assert.ok(logged(onlyRun(join(base, "shac"), "vehicle")).length > 0);
    const told = async (...more: string[]) =>
      (await run(["--scenario-name", "vehicle", "--algorithm", "bptt", ...more])).err;
    assert.equal(
      (await run(["--scenario-name", "vehicle", "--algorithm", "shac", "--tau", "2"])).err,
      "error: --tau takes a number from 0 to 1, not 2.\n",
    );
    assert.equal(await told("--horizon", "0"), "error: --horizon takes a whole number from 1 to 100,000, not 0.\n");
  }));
