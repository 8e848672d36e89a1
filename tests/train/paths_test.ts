import assert from "node:assert/strict";
import { join } from "node:path";
import { asNewFolder, inNewFolder } from "../../lib/train/files/new_folder.ts";
import { argumentWithoutPaths, withoutPaths } from "../../lib/train/files/paths.ts";
import { filesBelow, withFolder } from "./harness.ts";

const cwd = Deno.cwd();

Deno.test("withoutPaths() shortens paths, those of the working folder to what is from there", () => {
  const cases = [
    [`at ${cwd}/lib/a.ts:3`, "at lib/a.ts:3"],
    [`at file://${cwd}/lib/a.ts:3`, "at lib/a.ts:3"],
    [`at /data${cwd}/a.ts:3`, "at ../a.ts:3"],
    ["(/data/jane//runs/a.ts), file:///data/jane/b.ts", "(../a.ts), ../b.ts"],
    ["//data/jane/a.ts and 1/2 of a/b", "../a.ts and 1/2 of a/b"],
  ];
  for (const [text, short] of cases) assert.equal(withoutPaths(text!), short);
});

Deno.test("withoutPaths() is done at once, whatever the text", () => {
  const start = performance.now();
  for (const text of ["/".repeat(5000), "/a/".repeat(5000), " /".repeat(5000), "/\\".repeat(5000)]) withoutPaths(text);
  assert.ok(performance.now() - start < 1000);
});

Deno.test("argumentWithoutPaths() leaves no folder of an argument that is a path, blanks or not", () => {
  const cases = [
    ["--out=/data/jane doe/runs", "--out=../runs"],
    ["/data/jane doe/my runs/", "../my runs"],
    [`--out=${cwd}/my runs/a`, "--out=my runs/a"],
    [`--out=${cwd}`, `--out=../${cwd.split("/").at(-1)}`],
    ["--out=my runs", "--out=my runs"],
    ["--lr", "--lr"],
  ];
  for (const [argument, short] of cases) assert.equal(argumentWithoutPaths(argument!), short);
});

Deno.test("a folder that cannot be made is told, also where its path says that something exists", () =>
  withFolder((folder) => {
    const parent = join(folder, "runs_if_exists");
    const tooLong = "x".repeat(300);
    assert.throws(() => inNewFolder(parent, tooLong, () => {}), {
      name: "WriteError",
      message: /longer than the system allows/,
    });
    const taken = ["a", "a-2"].map((name) =>
      asNewFolder(parent, "a", (path) => {
        Deno.writeTextFileSync(join(path, name), "");
      })
    );
    assert.deepEqual(taken, [join(parent, "a"), join(parent, "a-2")]);
    assert.deepEqual(filesBelow(parent), ["a-2/a-2", "a/a"]);
  }));
