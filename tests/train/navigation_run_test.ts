import assert from "node:assert/strict";
import { join } from "node:path";
import { createTrainer } from "../../lib/train/create.ts";
import { filesBelow, logged, onlyRun, run, withFolder } from "./harness.ts";

const args =
  "--device cpu --frames-per-batch 130 --max-steps 10 --num-epochs 2 --minibatch-size 50 --n-iters 4 --seed 3";

const every = "--actions discrete --no-share-parameters --normalize-values --normalize-advantages --clip-value 0.2 " +
  "--lr-schedule linear --target-kl 1e-5";

for (const [title, flags] of [["", args], [", with every option of learning", `${args} ${every}`]] as const) {
  const args = flags.split(" ");
  Deno.test(`navigation that is stopped and resumed ends bit for bit as if it had not stopped${title}; it retraces nothing`, () =>
    withFolder(async (base) => {
      const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
      const first = await run([...args, "--out", whole], { createTrainer });
      assert.deepEqual([first.code, first.err], [0, ""]);
      assert.match(first.out, /\nPrograms traced: \d+, none after the first iteration\.\n/);
      const half = await run([...args, "--out", stopped], { createTrainer, stopAfter: 2 });
      assert.equal(half.code, 130);
      const folder = onlyRun(stopped);
      const resumed = await run(["--resume", folder], { createTrainer });
      assert.deepEqual([resumed.code, resumed.err], [0, ""]);
      const expected = onlyRun(whole);
      assert.equal(logged(folder).length, 4);
      assert.deepEqual(logged(folder), logged(expected));
      for (const name of ["checkpoints/000004.safetensors", "policy.onnx"]) {
        assert.ok(filesBelow(folder).includes(name));
        assert.deepEqual(Deno.readFileSync(join(folder, name)), Deno.readFileSync(join(expected, name)), name);
      }
    }));
}
