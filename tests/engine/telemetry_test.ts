/** ONNX Runtime's telemetry is off: whoever uses the CPU engine finds nothing of it on the disk. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { filesBelow, withFolder } from "../train/harness.ts";

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Runs cpu_program.ts in the folder `cwd`, for a user whose folders lie in `home`. */
async function run(cwd: string, home: string, permissions: string[], args: string[] = [], env = {}) {
  const folders = ["CACHE", "CONFIG", "DATA", "STATE"].map((x) => [`XDG_${x}_HOME`, `${home}/${x.toLowerCase()}`]);
  const options = ["--no-prompt", "--no-check", "--cached-only", "--config", pathOf("../../deno.json")];
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", ...options, ...permissions, pathOf("cpu_program.ts"), ...args],
    cwd,
    clearEnv: true,
    env: { HOME: home, DENO_DIR: await denoFolder(), NO_COLOR: "1", ...Object.fromEntries(folders), ...env },
  });
  const { stdout, stderr } = await command.output();
  return { out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** Where Deno keeps what it has downloaded. */
async function denoFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

/** Gives a test two empty folders. */
const withFolders = (test: (cwd: string, home: string) => Promise<void>) =>
  withFolder((cwd) => withFolder((home) => test(cwd, home)));

for (const args of [[], ["worker"]]) {
  Deno.test(`a program that computes on the CPU leaves no file${args.map((x) => `, in a ${x}`)}`, () =>
    withFolders(async (cwd, home) => {
      equal(await run(cwd, home, ["-A"], args), { out: "5\n", err: "" });
      equal([filesBelow(home), filesBelow(cwd)], [[], []]);
    }));
}

Deno.test("a program that computes on the CPU prints nothing and leaves no file where HOME cannot be written", () =>
  withFolder(async (cwd) => {
    // Here nobody makes folders, root included.
    equal(await run(cwd, "/proc", ["-A"]), { out: "5\n", err: "" });
    equal(filesBelow(cwd), []);
  }));

Deno.test("a program that may not write the environment is told what ONNX Runtime keeps, and computes", () =>
  withFolders(async (cwd, home) => {
    const off = { ORT_DISABLE_TELEMETRY: "1" };
    const { out, err } = await run(cwd, home, ["--allow-read", "--allow-ffi"], [], off);
    equal(out, "5\n");
    match(
      err,
      /^warning\[G601\]: this program may not write the environment, so it cannot turn off the telemetry of ONNX/,
    );
    match(err, /\nhelp: deno run --allow-env=ORT_DISABLE_TELEMETRY\n$/);
    const only = ["--allow-read", "--allow-ffi", "--allow-env=ORT_DISABLE_TELEMETRY"];
    equal(await run(cwd, home, only), { out: "5\n", err: "" });
    equal([filesBelow(home), filesBelow(cwd)], [[], []]);
  }));
