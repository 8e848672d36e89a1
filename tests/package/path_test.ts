/** The library is imported by its path from any folder, and every package that it needs is named with its version. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeEmptyReport } from "../../lib/train/look/report.ts";
import { runNotebook } from "../../tasks/jupyter/notebook.ts";
import { patience, runCells } from "../run_cells.ts";
import { elsewhere, program } from "./elsewhere.ts";

const module = import.meta.resolve("../../mod.ts");
const root = new URL("../../", import.meta.url);

Deno.test("a program in another folder imports the library by its path", () =>
  elsewhere({ "program.ts": program(fileURLToPath(module)) }, async ({ folder, deno }) => {
    const { code, out, err } = await deno("run", "--no-check", "-A", "program.ts");
    assert.equal(code, 0, err);
    const { state, files, problem, stepped, failure, imported } = JSON.parse(out);
    assert.deepEqual([state, problem, stepped, imported], ["finished", null, [2, 1], imported]);
    // By the way there: a report has no absolute paths.
    const [from] = [...Deno.readDirSync(join(folder, "failed", "navigation"))];
    const notebook = join(Deno.realPathSync(folder), "failed", "navigation", from!.name);
    assert.equal(join(notebook, imported), fileURLToPath(module));
    assert.match(imported, /^\.\.\//);
    assert.ok(["policy.onnx", "reward.svg"].every((name) => files.includes(name)), files);
    assert.match(failure, /--> program\.ts:14:/);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["failed", "program.ts", "runs"]);
  }));

Deno.test("a folder with a package.json needs the line in its deno.json that the README names", () => {
  const readme = Deno.readTextFileSync(new URL("README.md", root));
  const [, line] = /unless a `deno\.json` there says\s+`([^`]+)`/.exec(readme)!;
  const files = {
    "package.json": "{}",
    "a.ts": `import { Tensor } from ${JSON.stringify(fileURLToPath(module))}; Tensor;`,
  };
  return elsewhere(files, async ({ folder, deno }) => {
    assert.match((await deno("run", "--no-check", "-A", "a.ts")).err, /Could not find a matching package for 'npm:/);
    await Deno.writeTextFile(join(folder, "deno.json"), line!);
    const { code, err } = await deno("run", "--no-check", "-A", "a.ts");
    assert.equal(code, 0, err);
  });
});

Deno.test("a notebook in another folder imports the library by its path", () =>
  elsewhere({}, async ({ folder }) => {
    const source = `import { tensor } from ${
      JSON.stringify(fileURLToPath(module))
    };\nawait tensor([1, 2]).sum().item()`;
    const { problems, cells } = await runCells([{ source }], patience, folder);
    assert.deepEqual(problems, []);
    assert.deepEqual(cells[0].outputs[0].data, { "text/plain": ["3"] });
  }));

Deno.test("a report in another folder runs there, beside a deno.json that stays as it is", () => {
  const config = '{ "fmt": { "lineWidth": 90 } }';
  return elsewhere({ "deno.json": config }, async ({ folder }) => {
    const { problems, executed } = await runNotebook(writeEmptyReport(join(folder, "bug")), patience);
    assert.deepEqual([problems, executed], [[], 2]);
    assert.equal(await Deno.readTextFile(join(folder, "deno.json")), config);
  });
});

function* sources(folder: URL): Generator<[path: string, text: string]> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const url = new URL(name + (isDirectory ? "/" : ""), folder);
    if (isDirectory) yield* sources(url);
    else if (name.endsWith(".ts")) yield [url.href.slice(root.href.length), Deno.readTextFileSync(url)];
  }
}

Deno.test("every package is imported with its version, the same everywhere, which deno.lock holds", () => {
  const lock = JSON.parse(Deno.readTextFileSync(new URL("deno.lock", root)));
  const problems: string[] = [];
  const versions = new Map<string, string>();
  const all = ["lib/", "tasks/", "tests/"].flatMap((folder) => [...sources(new URL(folder, root))]);
  for (const [path, text] of all) {
    const statements = text.matchAll(
      /(?:^import |^(?:import|export)\b[^;]*? from |\bimport\(|\bresolve\()"([^"$]+)"/gm,
    );
    for (const [, specifier] of statements) {
      if (/^(\.\.?\/|node:|@plumbline\/plumbline$)/.test(specifier!)) continue;
      const [, name, version] = /^npm:((?:@[\w.-]+\/)?[\w.-]+)@(\d+\.\d+\.\d+)(?:\/|$)/.exec(specifier!) ?? [];
      if (name === undefined) problems.push(`${path} imports ${specifier} without "npm:" and a version.`);
      else if ((versions.get(name) ?? version) !== version) {
        problems.push(`${path} imports ${name} ${version}, others ${versions.get(name)}: take one of them everywhere.`);
      } else versions.set(name, version!);
    }
  }
  assert.deepEqual(problems, []);
  const locked = Object.keys(lock.specifiers).sort();
  assert.deepEqual([...versions].map(([name, version]) => `npm:${name}@${version}`).sort(), locked);
});
