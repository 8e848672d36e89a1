/** What goes to the registries: files and names, without a warning. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { version } from "../../lib/train/files/manifest.ts";
import config from "../../deno.json" with { type: "json" };
import { deno } from "./elsewhere.ts";

const root = new URL("../../", import.meta.url);

Deno.test("deno publish has nothing to complain of, and takes what users need and nothing else", async () => {
  // Types are checked by the suite already; JSR itself is not asked.
  const { code, out, err } = await deno(fileURLToPath(root), "publish", "--dry-run", "--allow-dirty", "--no-check");
  assert.equal(code, 0, out + err);
  const lines = (out + err).trim().split("\n");
  const paths = lines.flatMap((line) => /^ +file:\S+/.exec(line) ?? []).map((url) =>
    url.trim().slice(root.href.length)
  );
  assert.deepEqual(lines.filter((line) => !/^ +file:/.test(line)), [
    "Checking for slow types in the public API...",
    `Simulating publish of ${config.name}@${config.version} with files:`,
    "Success Dry run complete",
  ]);
  assert.deepEqual(paths.filter((path) => !/^lib\/\S+\.ts$/.test(path)), [
    "LICENSE",
    "README.md",
    "deno.json",
    "mod.ts",
  ]);
  assert.ok(paths.length > 100);
});

Deno.test("the library knows its version", () => {
  assert.equal(version, config.version, "lib/train/files/manifest.ts says it again: a package has no deno.json.");
});

Deno.test("every task says what it does", () => {
  for (const [name, task] of Object.entries(config.tasks)) {
    assert.match(task.description, /^[a-z].{10,80}[^.]$/, `the description of deno task ${name}`);
  }
});
