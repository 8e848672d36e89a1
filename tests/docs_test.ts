/** The programs of the guides and of the README run, and print what is written beside them. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { runTask, withFolder } from "./train/harness.ts";

const root = new URL("../", import.meta.url);

interface Program {
  /** `docs/from_pytorch.md:11`. */
  readonly place: string;
  readonly code: string;
}

/** The blocks ```ts of a guide, but for those that say `ignore`. */
function programsOf(path: string): Program[] {
  const text = Deno.readTextFileSync(new URL(path, root));
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(({ 1: code, index }) => ({
    place: `${path}:${text.slice(0, index).split("\n").length}`,
    code: code!,
  }));
}

/** What stands beside each `console.log`, as it is printed; what is described in words is not compared. */
function expectedOf(code: string): string[] {
  return [...code.matchAll(/^.*console\.log\(.*\);(?: *\/\/ (.*))?$/gm)].map(([, said = ""]) => said);
}

const guides = [...Deno.readDirSync(new URL("docs/", root))].map(({ name }) => `docs/${name}`);
const paths = ["README.md", ...guides.filter((path) => path.endsWith(".md"))].sort();

for (const program of paths.flatMap(programsOf)) {
  Deno.test(`the program of ${program.place} runs, and prints what is written beside it`, async () => {
    // Inside of the library's folder its name is known.
    const folder = new URL(".cache/", root);
    await Deno.mkdir(folder, { recursive: true });
    const file = await Deno.makeTempFile({ dir: folder.pathname, suffix: ".ts" });
    try {
      const mod = JSON.stringify(new URL("mod.ts", root).href);
      await Deno.writeTextFile(file, program.code.replaceAll(/"(\.\/mod\.ts|@plumbline\/plumbline)"/g, mod));
      const args = ["run", "--no-check", "-A", file];
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } })
        .output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const printed = new TextDecoder().decode(stdout).trimEnd().split("\n");
      for (const [i, said] of expectedOf(program.code).entries()) {
        const exact = /^(true|false|[-\d\[])/.test(said);
        if (exact) assert.equal(printed[i], said, join(program.place, `console.log ${i + 1}`));
      }
    } finally {
      await Deno.remove(file);
    }
  });
}

Deno.test("the world of the guide trains by the command of the guide, under its settings", () =>
  withFolder(async (folder) => {
    const [world] = programsOf("docs/your_own_world.md");
    const file = join(folder, "my_pendulum.ts");
    const mod = JSON.stringify(new URL("mod.ts", root).href);
    await Deno.writeTextFile(file, world!.code.replaceAll('"@plumbline/plumbline"', mod));
    const args = ["--scenario-name", file, "--device", "cpu", "--n-iters", "2", "--out", folder];
    const { code, err, out } = await runTask("train", ...args);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /, 1 agent, ppo, seed 0: [\d,]+ parameters\nbatch: 20 envs x 200 steps = 4000 frames/);
    const [, run] = /^(.*) holds metrics\.jsonl/m.exec(out)!;
    const picture = await runTask("render", run!);
    assert.deepEqual([picture.code, picture.err], [0, ""]);
  }));

Deno.test("the model of MuJoCo of the guide trains by the command of the guide", () =>
  withFolder(async (folder) => {
    const text = Deno.readTextFileSync(new URL("docs/your_own_simulation.md", root));
    const mod = JSON.stringify(new URL("mod.ts", root).href);
    for (const name of ["my_pole.ts", "my_world.ts"]) {
      const blocks = [...text.matchAll(/^```ts[^\n]*\n([^]*?)^```$/gm)].map(([, code]) => code!);
      const code = blocks.find((block) => block.startsWith(`// ${name}`))!;
      await Deno.writeTextFile(join(folder, name), code.replaceAll('"@plumbline/plumbline"', mod));
    }
    const flags = "--device cpu --n-iters 1 --frames-per-batch 500 --num-epochs 1 --hidden-size 8".split(" ");
    const { code, err, out } = await runTask(
      "train",
      "--scenario-name",
      join(folder, "my_world.ts"),
      ...flags,
      "--out",
      folder,
    );
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /, 1 agent, ppo, seed 0: [\d,]+ parameters\nbatch: 1 env x 500 steps = 500 frames/);
  }));
