import assert from "node:assert/strict";
import { join } from "node:path";
import { InferenceSession } from "../../lib/engine/onnx/runtime.ts";
import { compareOnnx } from "../../lib/systems/reinforcement/export.ts";
import { exportTool } from "../../lib/train/look/export.ts";
import { decodeSafetensors } from "../../lib/train/files/safetensors.ts";
import { loadTrainer } from "../../lib/train/look/target.ts";
import { HostPendulum, Navigation, PPOTrainer } from "../../mod.ts";
import { small } from "../rl/point_world.ts";
import { realRun, runCommand, runTask, withFolder } from "./harness.ts";

Deno.test("deno task export writes the policy as ONNX, and says how far ONNX Runtime is from it", () =>
  withFolder(async (out) => {
    const folder = await realRun(out);
    const path = join(out, "a.onnx");
    const { code, out: text, err } = await runTask("export", folder, "--out", path);
    assert.deepEqual([code, err], [0, ""]);
    const [, count, difference] =
      /agrees with the policy on (\d+) observations of 4 episodes: the largest difference of an action is ([\d.e-]+)\.\n$/
        .exec(text)!;
    assert.ok(Number(count) > 10 && Number(difference) <= 1e-5, text);
    const session = await InferenceSession.create(Deno.readFileSync(path));
    assert.deepEqual([[...session.inputNames], [...session.outputNames]], [["observation"], ["action"]]);
    await session.release();
  }));

Deno.test("export finds a file of other weights out", () =>
  withFolder(async (out) => {
    const [mine, other] = [await realRun(join(out, "a")), await realRun(join(out, "b"), "--seed", "1")];
    const trainer = await loadTrainer(mine);
    const file = Deno.readFileSync(join(other, "policy.onnx"));
    assert.ok((await compareOnnx(file, trainer)).difference > 1e-4);
    trainer.dispose();
  }));

for (const recurrent of ["none", "lstm"] as const) {
  for (const world of [new Navigation({ nAgents: 2, maxSteps: 10 }), new HostPendulum({ maxSteps: 10 })]) {
    const what = recurrent === "none" ? "the actions of a policy" : "what a policy remembers, as its actions,";
    Deno.test(`export judges ${what} in ${world.constructor.name}`, async () => {
      const options = { ...small, framesPerBatch: 20, numEpochs: 1, hiddenSize: 8, recurrent };
      const create = (seed: number) =>
        world instanceof Navigation
          ? PPOTrainer.create(world, { ...options, seed })
          : PPOTrainer.create(world, { ...options, seed });
      const [trainer, other] = await Promise.all([create(1), create(2)]) as unknown as PPOTrainer[];
      try {
        const { count, difference } = await compareOnnx(await trainer!.policyOnnx(), trainer!);
        assert.ok(count >= 10 && difference <= 1e-5, `${difference} on ${count}`);
        assert.ok((await compareOnnx(await other!.policyOnnx(), trainer!)).difference > 1e-3);
      } finally {
        for (const x of [trainer!, other!]) x.dispose();
      }
    });
  }
}

Deno.test("export writes discrete policies, whose choices ONNX Runtime repeats", () =>
  withFolder(async (out) => {
    const folder = await realRun(out, "--actions", "discrete", "--normalize-observations", "--no-share-parameters");
    // As a process: ONNX Runtime writes its warnings past the command.
    const { code, out: text, err } = await runTask("export", folder);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(text, /the largest difference of an action is 0\.\n$/);
  }));

Deno.test("export writes all weights as safetensors, by their names, as the checkpoint has them", () =>
  withFolder(async (out) => {
    const folder = await realRun(out);
    const { code, out: text } = await runCommand(exportTool, folder, "--format", "safetensors");
    assert.equal(code, 0);
    const path = join(folder, "weights.safetensors");
    const { tensors, metadata } = decodeSafetensors(Deno.readFileSync(path));
    assert.deepEqual([metadata.iteration, JSON.parse(metadata.config!).scenarioName], ["2", "navigation"]);
    const trainer = await loadTrainer(folder);
    const expected = [
      ...trainer.policy.namedParameters("policy."),
      ...trainer.critic.namedParameters("critic."),
    ];
    assert.deepEqual(Object.keys(tensors).sort(), expected.map(([name]) => name).sort());
    for (const [name, parameter] of expected) {
      assert.deepEqual(tensors[name]!.shape, [...parameter.shape]);
      assert.deepEqual(Array.from(tensors[name]!.data), Array.from(await parameter.data()));
      assert.ok(text.includes(`  ${name} `), name);
    }
    trainer.dispose();
  }));

Deno.test("export refuses what it cannot do in one sentence, with exit code 2", () =>
  withFolder(async (out) => {
    const folder = await realRun(out);
    const refused: readonly (readonly [readonly string[], string])[] = [
      [["wheel"], "wheel is a scenario, which has no policy: give a run."],
      [[folder, "--format", "pt"], '--format takes one of onnx, safetensors, not "pt".'],
      [
        [folder, "--out", "/nowhere/a.onnx"],
        "--out /nowhere/a.onnx: the folder /nowhere cannot be opened: it does not exist.",
      ],
      [
        [folder, "--out", join(folder, "config.json", "a.onnx")],
        `--out ${join(folder, "config.json", "a.onnx")}: ${join(folder, "config.json")} is no folder.`,
      ],
      [[folder, "--out", out], `--out ${out} names a folder: give the name of a file in it.`],
    ];
    for (const [args, sentence] of refused) {
      assert.deepEqual(await runCommand(exportTool, ...args), { code: 2, out: "", err: `error: ${sentence}\n` });
    }
  }));
