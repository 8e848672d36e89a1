/** A run keeps the files that its settings name: it goes on with what it was trained on, whatever becomes of them. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { motionClip } from "../../mod.ts";
import { evalTool } from "../../lib/train/look/eval.ts";
import { runsTool } from "../../lib/train/look/runs.ts";
import { createTrainer, loadTrainer } from "../../lib/train/look/target.ts";
import { writeRunReport } from "../../lib/train/look/report.ts";
import { logged, onlyRun, run, runCommand, withFolder } from "./harness.ts";

const small =
  "--device cpu --scenario-name humanoid3d --algorithm trpo --max-steps 20 --envs 2 --frames-per-batch 40 --workers 0 " +
  "--minibatch-size 40 --n-critic-updates 1 --hidden-size 8 --seed 3 --n-iters 3";

/** A walk whose frames last so many times as long. */
function clip(file: string, slower: number): void {
  const walk = motionClip("walk");
  const frames = walk.Frames.map(([seconds, ...pose]) => [slower * seconds!, ...pose]);
  Deno.writeTextFileSync(file, JSON.stringify({ ...walk, Frames: frames }));
}

Deno.test("a run whose motion's file has changed, or is gone, goes on with the motion that it began with", () =>
  withFolder(async (base) => {
    const file = join(base, "my_walk.json");
    const args = (out: string) => [...small.split(" "), "--motion", file, "--out", join(base, out)];
    clip(file, 1.2);
    assert.equal((await run(args("whole"), { createTrainer })).code, 0);
    assert.equal((await run(args("stopped"), { createTrainer, stopAfter: 1 })).code, 130);
    const [whole, folder] = ["whole", "stopped"].map((out) => onlyRun(join(base, out), "humanoid3d"));
    const config = Deno.readTextFileSync(join(folder!, "config.json"));
    assert.equal(JSON.parse(config).motion, "./motion/my_walk.json");
    assert.deepEqual(Deno.readFileSync(join(folder!, "motion/my_walk.json")), Deno.readFileSync(file));

    clip(file, 3);
    const resumed = await run(["--resume", folder!], { createTrainer, stopAfter: 2 });
    assert.deepEqual([resumed.code, resumed.err], [130, ""]);
    Deno.removeSync(file);
    const moved = join(base, "moved");
    Deno.renameSync(folder!, moved);
    const again = await run(["--resume", moved], { createTrainer });
    assert.deepEqual([again.code, again.err], [0, ""]);
    assert.deepEqual(logged(moved), logged(whole!));
    assert.equal(Deno.readTextFileSync(join(moved, "config.json")), config);

    const evaluated = await runCommand(evalTool, moved, "--episodes", "2");
    assert.deepEqual([evaluated.code, evaluated.err], [0, ""]);
    (await loadTrainer(moved)).dispose();
    assert.match((await runCommand(runsTool, moved, whole!)).out, /humanoid3d/);
    // A notebook runs where it lies.
    assert.ok(
      Deno.readTextFileSync(writeRunReport(moved, 2)).includes(String.raw`\"motion\": \"./motion/my_walk.json\"`),
    );

    const repeated = await run(["--config", join(moved, "config.json"), "--out", join(base, "repeated")], {
      createTrainer,
    });
    assert.deepEqual([repeated.code, repeated.err], [0, ""]);
    assert.deepEqual(logged(onlyRun(join(base, "repeated"), "humanoid3d")), logged(whole!));

    const kept = join(moved, "motion/my_walk.json");
    const refused = async (why: string) => {
      const { code, err } = await run(["--resume", moved, "--n-iters", "4"], { createTrainer });
      const learned = "the run has learned from that. Put it back, or start a new run.\n";
      assert.deepEqual([code, err], [2, `error: ${kept} ${why} ${learned}`]);
    };
    clip(kept, 1.3);
    await refused("is another file than the one of its checkpoint:");
    Deno.removeSync(join(moved, "motion"), { recursive: true });
    await refused("is no file any more:");
  }));

Deno.test("each seed of a series keeps the motion", () =>
  withFolder(async (base) => {
    const file = join(base, "my_walk.json");
    clip(file, 1.2);
    const args = small.replace("--seed 3 --n-iters 3", "--seed 3,4 --n-iters 1").split(" ");
    const { code, err } = await run([...args, "--motion", file, "--out", base], { createTrainer });
    assert.deepEqual([code, err], [0, ""]);
    const place = onlyRun(base, "humanoid3d");
    Deno.removeSync(file);
    const resumed = await run(["--resume", place, "--n-iters", "2"], { createTrainer });
    assert.deepEqual([resumed.code, resumed.err], [0, ""]);
    for (const seed of [3, 4]) {
      const folder = join(place, `seed-${seed}`);
      assert.equal(JSON.parse(Deno.readTextFileSync(join(folder, "config.json"))).motion, "./motion/my_walk.json");
      assert.equal(logged(folder).length, 2);
    }
  }));

Deno.test("a motion that has a name is no file of the run", () =>
  withFolder(async (base) => {
    const { code } = await run([...small.split(" "), "--motion", "walk", "--out", base], {
      createTrainer,
      stopAfter: 1,
    });
    assert.equal(code, 130);
    const folder = onlyRun(base, "humanoid3d");
    assert.equal(JSON.parse(Deno.readTextFileSync(join(folder, "config.json"))).motion, "walk");
    assert.ok(![...Deno.readDirSync(folder)].some(({ name }) => name === "motion"));
  }));
