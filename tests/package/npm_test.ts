/** The package for npm does in Deno what the sources do: it is packed, served by a registry and imported as `npm:`. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { packForNpm } from "../../tasks/npm.ts";
import { readTar, writeTar } from "../../tasks/pack/tar.ts";
import config from "../../deno.json" with { type: "json" };
import { patience, runCells } from "../run_cells.ts";
import { elsewhere, program } from "./elsewhere.ts";
import { serveRegistry } from "./registry.ts";

let packed: Promise<Uint8Array<ArrayBuffer>> | null = null;
/** The package, made once. */
const pack = () => packed ??= packForNpm();

const specifier = `npm:${config.name}@${config.version}`;

const types = `import { type Config, F, type Tensor, tensor, trainRun } from "${specifier}";

export const x: Tensor = F.gelu(tensor([1, 2]).exp(), "tanh");
export const seed: Config["seed"] = 1;
// @ts-expect-error: a number in words
trainRun({ nIters: "many" });
// @ts-expect-error: a number is no tensor
F.exp(3);
// @ts-expect-error: there is no such method
x.noSuchMethod();
`;

/** A thread of the library's: it listens for Ctrl-C. The command line starts it; no name of `mod.ts` does. */
const worker = `const module = import.meta.resolve("${specifier}");
const { listenForStop } = await import(new URL("lib/train/loop/signals.js", module).href);
console.log(await listenForStop(() => {}));
Deno.exit();
`;

async function filesOfPackage(): Promise<Map<string, string>> {
  const decoder = new TextDecoder();
  return new Map([...readTar(gunzipSync(await pack()))].map(({ name, bytes }) => [name, decoder.decode(bytes)]));
}

const isCode = (name: string) => /^package\/(lib\/\S+|mod)(\.js|\.d\.ts)$/.test(name);

Deno.test("the package for npm holds JavaScript with its types, and names the versions that were tested", async () => {
  const files = await filesOfPackage();
  const others = [...files.keys()].filter((name) => !isCode(name)).sort();
  assert.deepEqual(others, ["package/LICENSE", "package/README.md", "package/package.json"]);
  const { dependencies, exports, type } = JSON.parse(files.get("package/package.json")!);
  assert.deepEqual([type, exports["."].types, exports["."].default], ["module", "./mod.d.ts", "./mod.js"]);
  const { specifiers } = JSON.parse(await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)));
  const named = Object.entries(dependencies).map(([name, version]) => `npm:${name}@${version}`);
  assert.ok(named.length > 0);
  assert.deepEqual(named.filter((specifier) => !(specifier in specifiers)), []);
});

Deno.test("the package for npm holds all that its files import and start, and knows all types", async () => {
  const files = await filesOfPackage();
  for (const [name, text] of [...files].filter(([name]) => isCode(name))) {
    const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "");
    for (const [, path] of code.matchAll(/(?:from|import\(|resolve\(|new URL\()\s*"(\.[^"]+\.\w+)"/g)) {
      const target = new URL(path!, `file:///${name}`).pathname.slice(1);
      assert.ok(
        files.has(name.endsWith(".d.ts") ? target.replace(/\.js$/, ".d.ts") : target),
        `${name} needs ${path}, which deno pack has left out. What a file starts is found if it is named by ` +
          "import.meta.resolve(), and a type is imported from it.",
      );
    }
    // A type that deno pack cannot tell is any, or {}.
    if (name.endsWith(".d.ts")) assert.doesNotMatch(code, /\bany\b(?!\()|: \{\s*\}/, name);
  }
});

Deno.test("Deno runs a program, a worker and a notebook that import the package by npm:", async () => {
  await using registry = serveRegistry(await pack());
  const npmrc = `@plumbline:registry=${registry.url}\n`;
  const files = {
    ".npmrc": npmrc,
    "deno.json": "{}",
    "program.ts": program(specifier),
    "types.ts": types,
    "worker.ts": worker,
  };
  await elsewhere(files, async ({ folder, deno }) => {
    const ran = await deno("run", "--no-check", "-A", "program.ts");
    assert.equal(ran.code, 0, ran.err);
    const { state, files, problem, stepped, failure, imported } = JSON.parse(ran.out);
    assert.deepEqual([state, problem, stepped, imported], ["finished", null, [2, 1], specifier]);
    assert.ok(["policy.onnx", "reward.svg"].every((name) => files.includes(name)), files);
    assert.match(failure, /--> program\.ts:14:/);

    assert.deepEqual(await deno("run", "--no-check", "-A", "--quiet", "worker.ts"), {
      code: 0,
      out: "{ requested: false }\n",
      err: "",
    });

    const checked = await deno("check", "--quiet", "types.ts");
    assert.equal(checked.code, 0, checked.err);

    const source = `import { tensor } from "${specifier}";\nawait tensor([1, 2]).sum().item()`;
    const { problems, cells } = await runCells([{ source }], patience, folder);
    assert.deepEqual(problems, []);
    assert.deepEqual(cells[0].outputs[0].data, { "text/plain": ["3"] });
  });
});

Deno.test("writeTar() writes what readTar() and tar read", async () => {
  const files = ["a.txt", "b/c.txt"].map((name, i) => ({ name, bytes: new Uint8Array(511 + i).fill(65) }));
  const archive = writeTar(files);
  assert.deepEqual([...readTar(archive)], files);
  assert.throws(() => writeTar([{ name: "x".repeat(101), bytes: new Uint8Array() }]), /xxx is too long a name/);
  await elsewhere({}, async ({ folder }) => {
    await Deno.writeFile(join(folder, "a.tar"), archive);
    const { code, stdout } = await new Deno.Command("tar", { args: ["tf", "a.tar"], cwd: folder }).output();
    assert.deepEqual([code, new TextDecoder().decode(stdout)], [0, "a.txt\nb/c.txt\n"]);
  });
});
