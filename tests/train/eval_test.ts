import assert from "node:assert/strict";
import { join } from "node:path";
import { evalTool } from "../../lib/train/look/eval.ts";
import { findTarget } from "../../lib/train/look/target.ts";
import { realRun, runCommand, runTask, withFolder } from "./harness.ts";

Deno.test("deno task eval plays the episodes of a run's policy, as many as asked for, and says the same as JSON", () =>
  withFolder(async (out) => {
    const folder = await realRun(out);
    const text = await runTask("eval", folder, "--episodes", "30");
    assert.deepEqual([text.code, text.err], [0, ""]);
    const { code, out: json } = await runTask("eval", folder, "--episodes", "30", "--json");
    assert.equal(code, 0);
    const result = JSON.parse(json);
    assert.deepEqual(
      [result.scenario, result.controller, result.iteration, result.episodes, result.maxSteps],
      ["navigation", "policy", 2, 30, 10],
    );
    const rewards: number[] = result.each.reward;
    assert.equal(rewards.length, 30);
    const mean = rewards.reduce((a, b) => a + b) / 30;
    assert.ok(Math.abs(result.reward.mean - mean) < 1e-9);
    assert.equal(result.terminated, result.each.terminated.filter(Boolean).length / 30);
    const [low, high] = result.reward.interval.map((x: number) => x.toFixed(3));
    const lines = text.out.split("\n");
    assert.equal(lines[1], "30 episodes of at most 10 steps, seed 0");
    assert.ok(lines[3]!.startsWith(`reward       ${mean.toFixed(3)}   95% interval ${low} to ${high}   `));
  }));

Deno.test("a scenario is the world itself, whatever actions its tuned preset takes", async () => {
  for (const scenario of ["navigation", "wheel", "reverse_transport", "buzz_wire"]) {
    const { actions, actionRepeat } = (await findTarget(scenario, {})).config;
    assert.deepEqual([actions, actionRepeat], ["continuous", 1]);
    assert.equal((await findTarget(scenario, { actions: "discrete" })).config.actions, "discrete");
    // An episode may be longer than the batches of training.
    assert.equal((await findTarget(scenario, { maxSteps: 1_000_000 })).config.maxSteps, 1_000_000);
  }
});

Deno.test("eval takes a checkpoint for itself, and gives the same numbers for the same seed", () =>
  withFolder(async (out) => {
    const folder = await realRun(out, "--save-every", "1");
    const rewards = async (...args: string[]) => {
      const { code, out, err } = await runCommand(evalTool, ...args, "--episodes", "5", "--json");
      assert.deepEqual([code, err], [0, ""]);
      return JSON.parse(out).each.reward;
    };
    const newest = await rewards(folder);
    assert.deepEqual(await rewards(join(folder, "checkpoints", "000002.safetensors")), newest);
    assert.notDeepEqual(await rewards(join(folder, "checkpoints", "000001.safetensors")), newest);
    assert.notDeepEqual(await rewards(folder, "--seed", "1"), newest);
    assert.notDeepEqual(await rewards(folder, "--controller", "heuristic"), newest);
  }));

for (const scenario of ["navigation", "wheel", "reverse_transport", "buzz_wire"]) {
  Deno.test(`eval plays the controllers of ${scenario}, which needs no run`, async () => {
    for (const controller of ["random", "heuristic"]) {
      const flags = ["--controller", controller, "--episodes", "3", "--max-steps", "20", "--device", "cpu", "--json"];
      const { code, out, err } = await runCommand(evalTool, scenario, ...flags);
      assert.deepEqual([code, err], [0, ""]);
      const { each, maxSteps } = JSON.parse(out);
      assert.equal(maxSteps, 20);
      each.length.forEach((steps: number, i: number) => assert.ok(each.terminated[i] ? steps <= 20 : steps === 20));
    }
  });
}

Deno.test("eval refuses what it cannot play in one sentence, with exit code 2", () =>
  withFolder(async (out) => {
    const empty = join(out, "begun");
    Deno.mkdirSync(join(empty, "checkpoints"), { recursive: true });
    const folder = await realRun(join(out, "runs"));
    Deno.copyFileSync(join(folder, "config.json"), join(empty, "config.json"));
    const series = join(out, "series");
    Deno.mkdirSync(join(series, "seed-3"), { recursive: true });
    const refused: readonly (readonly [readonly string[], string])[] = [
      [[], "Usage: deno task eval RUN | CHECKPOINT | SCENARIO [flags]; see --help."],
      [["a", "b"], "Usage: deno task eval RUN | CHECKPOINT | SCENARIO [flags]; see --help."],
      [
        ["soccer"],
        '"soccer" is no run and no scenario: give the folder of a run, one of its checkpoints, or one of navigation, ' +
        "wheel, reverse_transport, buzz_wire, pendulum, host_pendulum, vehicle, spoofed_swarm, hopper, half_cheetah, walker2d, ant, humanoid, humanoid3d, " +
        "stories, sums, code, text.",
      ],
      [
        ["Hopper-v5"],
        '"Hopper-v5" is no run and no scenario: give the folder of a run, one of its checkpoints, or one of navigation, ' +
        "wheel, reverse_transport, buzz_wire, pendulum, host_pendulum, vehicle, spoofed_swarm, hopper, half_cheetah, walker2d, ant, humanoid, humanoid3d, " +
        "stories, sums, code, text: did you mean hopper?",
      ],
      [["./none"], "./none cannot be opened: it does not exist."],
      [["wheel"], "wheel is a scenario, which has no policy: give a run, or a --controller."],
      [[empty], `${empty} has no checkpoint yet: there is no policy to take from it.`],
      [[series], `${series} is a series of runs: give one of them, such as ${join(series, "seed-3")}.`],
      [
        [folder, "--n-agents", "4"],
        "--n-agents goes with the name of a scenario: a run keeps the world that it was trained in.",
      ],
      [
        ["buzz_wire", "--n-agents", "3", "--controller", "heuristic"],
        "--n-agents 3 does not go with buzz_wire, which is for two agents: give --n-agents 2.",
      ],
      [["wheel", "--episodes", "1.5"], "--episodes takes a whole number from 1 to 1,000,000, not 1.5."],
      [
        ["wheel", "--controller", "best"],
        "--controller takes one of random, heuristic, stanley, pure_pursuit, lqr, ilqr, gps, dead_reckoning, gate, vote, mean, " +
        'median, wmsr_1, wmsr_2, kalman, kalman_declared, soft, soft_declared, covariance_intersection, oracle, truth, not "best".',
      ],
      [["wheel", "--episode", "3"], "--episode is no flag of eval: did you mean --episodes?"],
      [
        ["navigation", "--n-agents", "100", "--controller", "random"],
        "--n-agents takes a whole number from 1 to 64, not 100.",
      ],
    ];
    for (const [args, sentence] of refused) {
      assert.deepEqual(await runCommand(evalTool, ...args), { code: 2, out: "", err: `error: ${sentence}\n` });
    }
    const help = await runCommand(evalTool, "--help");
    assert.match(help.out, /^Plays whole episodes .*\n\nUsage: deno task eval [^]*\n {2}--controller NAME /);
  }));
