/** A run by TRPO, by the command: settings of its own, bit for bit after a stop, evaluated and exported as any other. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { evalTool } from "../../lib/train/look/eval.ts";
import { exportTool } from "../../lib/train/look/export.ts";
import { createTrainer } from "../../lib/train/look/target.ts";
import { readRun } from "../../lib/train/look/records.ts";
import { filesBelow, logged, onlyRun, run, runCommand, withFolder } from "./harness.ts";

const flags = "--algorithm trpo --device cpu --hidden-size 16 --frames-per-batch 130 --max-steps 10 " +
  "--n-critic-updates 2 --minibatch-size 50 --n-iters 4 --seed 3";
const every = "--actions discrete --centralised-policy --no-centralised-critic --no-share-parameters " +
  "--normalize-observations --normalize-values --lr-schedule linear --sub-sampling-factor 2 --cg-max-steps 4";

for (const [title, args] of [["", flags], [", with every option of learning", `${flags} ${every}`]] as const) {
  Deno.test(`a run by TRPO that is stopped and resumed ends bit for bit as if it had not stopped${title}`, () =>
    withFolder(async (base) => {
      const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
      const first = await run([...args.split(" "), "--out", whole], { createTrainer });
      assert.deepEqual([first.code, first.err], [0, ""]);
      assert.match(first.out, /a step of the policy of KL at most 0\.01, 2 epochs of the critic of 3 minibatches\n/);
      assert.match(first.out, /iteration 4\/4 {3}reward +\S+ {3}KL +0\.0\d\d {3}[\d,]+ frames\/s/);
      assert.match(first.out, /\nPrograms traced: 4, none after the first iteration\.\n/);
      assert.equal((await run([...args.split(" "), "--out", stopped], { createTrainer, stopAfter: 2 })).code, 130);
      const [folder, expected] = [onlyRun(stopped), onlyRun(whole)];
      const resumed = await run(["--resume", folder], { createTrainer });
      assert.deepEqual([resumed.code, resumed.err], [0, ""]);
      assert.deepEqual(logged(folder), logged(expected));
      for (const name of ["checkpoints/000004.safetensors", "policy.onnx"]) {
        assert.ok(filesBelow(folder).includes(name));
        assert.deepEqual(Deno.readFileSync(join(folder, name)), Deno.readFileSync(join(expected, name)), name);
      }
      for (const { metrics } of readRun(folder).rows) {
        assert.ok(metrics["train/kl"]! <= 0.01);
        for (const name of ["accepted", "step_length", "surrogate_improvement", "entropy", "explained_variance"]) {
          assert.ok(Number.isFinite(metrics[`train/${name}`]), name);
        }
      }
      const evaluated = await runCommand(evalTool, folder, "--episodes", "3");
      assert.match(evaluated.out, /^navigation, 3 agents: deterministic policy of .*\n3 episodes/);
      assert.equal((await runCommand(exportTool, folder, "--format", "onnx")).code, 0);
    }));
}

Deno.test("flags of PPO are refused where TRPO learns, and those of TRPO where PPO does; names of others are known", async () => {
  const told = async (...args: string[]) => (await run(args)).err;
  assert.equal(
    await told("--algorithm", "trpo", "--clip-epsilon", "0.1"),
    "error: --clip-epsilon is a setting of mappo, ippo, and this run learns by trpo: leave it out, or give --algorithm mappo.\n",
  );
  assert.equal(
    await told("--cg-max-steps", "5"),
    "error: --cg-max-steps is a setting of trpo, and this run learns by mappo: leave it out, or give --algorithm trpo.\n",
  );
  assert.equal(
    await told("--algorithm", "trpo", "--target-kl", "0"),
    "error: --target-kl takes a number above 0, at most 1,000,000, not 0.\n",
  );
  for (const [flag, meant] of [["--max-kl", "--target-kl"], ["--damping", "--cg-damping"]] as const) {
    assert.match(await told("--algorithm", "trpo", flag, "1"), new RegExp(`did you mean ${meant}\\?`));
  }
});
