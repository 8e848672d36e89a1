/** The commands run with the rights that their tasks have, and what a program may not do is told with the flag that lets it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { filesBelow, type Ran, withFolder } from "./harness.ts";

const root = new URL("../../", import.meta.url);
const tiny = "--device cpu --frames-per-batch 40 --max-steps 10 --num-epochs 1 --minibatch-size 20 --n-iters 1".split(
  " ",
);

type Task = "train" | "eval" | "render" | "runs" | "export" | "generate" | "report" | "explain";

/** The rights of a task, as flags. */
function rightsOf(task: Task): string[] {
  const words = config.tasks[task].command.split(" ");
  return words.filter((x) => x.startsWith("-"));
}

async function runWith(
  flags: readonly string[],
  task: string,
  args: readonly string[],
  cwd: string | URL = root,
  env: Record<string, string> = {},
): Promise<Ran> {
  const script = fileURLToPath(new URL(`tasks/${task}.ts`, root));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--config", fileURLToPath(new URL("deno.json", root)), ...flags, script, ...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr).replaceAll(/^[│╭╰].*\n/gm, "") };
}

async function runDeno(...args: string[]): Promise<{ out: string }> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  return { out: new TextDecoder().decode(stdout) };
}

Deno.test("every command does its work with the rights of its task, which has neither all of them nor the network", () =>
  withFolder(async (base) => {
    const trained = await runWith(rightsOf("train"), "train", [...tiny, "--out", base]);
    assert.deepEqual([trained.code, trained.err], [0, ""]);
    const recipe = join(base, "recipe.yaml");
    Deno.writeTextFileSync(recipe, "lr: 0.125\n");
    const parent = join(base, "navigation");
    const run = join(parent, [...Deno.readDirSync(parent)][0]!.name);
    const calls: readonly (readonly [Task, readonly string[], RegExp])[] = [
      ["train", ["--resume", run, "--n-iters", "2"], /Done: 2 iterations/],
      ["explain", ["G602"], /^G602: a right is missing/],
      ["train", ["--config", recipe, "--print-config"], /"lr": 0\.125/],
    ];
    const looks: readonly (readonly [Task, readonly string[], RegExp])[] = [
      ["eval", [run, "--episodes", "2"], /^reward /m],
      ["render", [run, "--episodes", "1"], /\.svg/],
      ["runs", [base, "--svg", join(base, "curves.svg")], / 2\/2 .* finished /],
      ["export", [run], /agrees with the policy/],
      ["report", [run], /report\.ipynb/],
    ];
    for (const round of [calls, looks]) {
      await Promise.all(round.map(async ([task, args, expected]) => {
        const { code, out, err } = await runWith(rightsOf(task), task, args);
        assert.deepEqual([code, err], [0, ""], task);
        assert.match(out, expected);
      }));
    }
    for (const task of ["train", "eval", "render", "runs", "export", "generate", "report", "explain"] as const) {
      // Deno would look for a newer one of itself.
      assert.match(config.tasks[task].command, /^DENO_NO_UPDATE_CHECK=1 deno run --no-prompt /);
      const tooWide = /^(-[A-Z]+|--allow-(all|net|import)(=.*)?|--allow-(env|sys))$/;
      assert.deepEqual(rightsOf(task).filter((x) => tooWide.test(x)), [], task);
    }
  }));

Deno.test("a right that is missing is told with the flag that gives it", () =>
  withFolder(async (base) => {
    const cases: readonly (readonly [left: RegExp, task: Task, args: readonly string[], sentence: RegExp])[] = [
      [
        /--allow-ffi/,
        "train",
        [...tiny, "--out", base],
        /G602\]: this program may not load ONNX Runtime.*help: deno run --allow-ffi/s,
      ],
      [
        /--allow-write/,
        "train",
        [...tiny, "--out", base],
        /could not be written: this program may not: run it with --allow-write\.\n$/,
      ],
      [/--allow-read/, "runs", [base], /cannot be opened: this program may not: run it with --allow-read\.\n$/],
    ];
    await Promise.all(cases.map(async ([left, task, args, sentence]) => {
      const { code, err } = await runWith(rightsOf(task).filter((x) => !left.test(x)), task, args);
      assert.ok(code === 1 || code === 2);
      assert.match(err, sentence);
    }));
  }));

/** Runs git in a folder. */
async function git(folder: string, ...args: string[]): Promise<void> {
  const who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"];
  const { success, stderr } = await new Deno.Command("git", { args: [...who, ...args], cwd: folder }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

Deno.test("a run of MuJoCo in workers writes to its own folder alone, not to the user's, nor to the repository's", () =>
  withFolder((cwd) =>
    withFolder(async (home) => {
      Deno.writeTextFileSync(join(cwd, "a.txt"), "a");
      await git(cwd, "init", "-q");
      await git(cwd, "add", "a.txt");
      await git(cwd, "commit", "-qm", "a");
      // What is newer than the index is looked at anew, and git would note that.
      Deno.utimeSync(join(cwd, "a.txt"), new Date(2020, 0), new Date(2020, 0));
      const before = filesBelow(cwd).map((name) => [name, Deno.readFileSync(join(cwd, name))]);
      const { denoDir } = JSON.parse((await runDeno("info", "--json")).out);
      const body = "--scenario-name hopper --algorithm trpo --envs 4 --workers 2 --n-critic-updates 2 --hidden-size 8";
      const args = [...tiny.join(" ").replace("--num-epochs 1 ", "").split(" "), ...body.split(" ")];
      const xdg = Object.fromEntries(
        ["CACHE", "CONFIG", "DATA", "STATE"].map((x) => [`XDG_${x}_HOME`, `${home}/${x}`]),
      );
      const env = { HOME: home, DENO_DIR: denoDir, ...xdg };
      const { code, err } = await runWith(rightsOf("train"), "train", args, cwd, env);
      assert.deepEqual([code, err], [0, ""]);
      assert.deepEqual(filesBelow(home), []);
      const after = filesBelow(cwd).filter((name) => !name.startsWith("output/hopper/"));
      assert.deepEqual(after.map((name) => [name, Deno.readFileSync(join(cwd, name))]), before);
    })
  ));
