/** `--audit`: what the first iteration of a run moved. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { filesBelow, run, small, withFolder } from "./harness.ts";

/** A world of one's own whose critic has a layer that nothing uses. */
const world = `
import { Linear, MLP, Module, Navigation } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};

export default new Navigation({ nAgents: 2, maxSteps: 10 });

class Values extends Module {
  constructor(sizes, random) {
    super();
    this.net = new MLP(sizes, random);
    this.idle = new Linear(2, 2, random);
  }

  forward(x) {
    return this.net.forward(x).squeeze(-1);
  }
}

export const critic = ({ observationSize }, random) => new Values([observationSize, 8, 1], random);
`;

const tiny = "--device cpu --frames-per-batch 40 --minibatch-size 20 --num-epochs 1 --hidden-size 8 --n-iters 2";

Deno.test("--audit tells once of every parameter whether the first iteration moved it, and if not, why", () =>
  withFolder(async (folder) => {
    const path = join(folder, "world.js");
    Deno.writeTextFileSync(path, world);
    const flags = ["--scenario-name", path, ...tiny.split(" "), "--out", join(folder, "output"), "--audit"];
    const { code, err, out } = await run(flags, { createTrainer: (config, system) => system.create(config) });
    assert.deepEqual([code, err], [0, ""]);
    const rows = out.split("\n").filter((line) => /\.(weight|bias) /.test(line)).map((line) => line.split(/ {2,}/));
    assert.deepEqual(rows.map(([name, status]) => [name!.replace(/^\w+\./, ""), status]), [
      ...["0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias"].map((x) => [`net.layers.${x}`, "reached"]),
      ...["0.weight", "0.bias", "1.weight", "1.bias"].map((x) => [`net.layers.${x}`, "reached"]),
      ["idle.weight", "unused"],
      ["idle.bias", "unused"],
    ]);
    assert.match(out, /iteration 1\/2 .*\nparameter .*\n[^]*\niteration 2\/2 /);
  }));

Deno.test("--audit of a trainer that does not say what learns is refused before anything is written", () =>
  withFolder(async (out) => {
    const sentence = "error: --audit cannot be given: what trains this system does not say what learns.\n";
    assert.deepEqual(await run([...small, "--out", out, "--audit"]), { code: 2, out: "", err: sentence });
    assert.deepEqual(filesBelow(out), []);
  }));
