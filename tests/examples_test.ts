/**
 * The examples in the comments of the library run, and print what is written beside them. (`deno test --doc` runs them too, each in a
 * process of its own that loads the library again.)
 */

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { useDevice } from "../mod.ts";

const root = new URL("../", import.meta.url);

interface Example {
  /** `lib/tensor/creation.ts:11`. */
  readonly place: string;
  readonly code: string;
}

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, root))) {
    if (isDirectory) yield* sources(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

/** The blocks ```ts in comments of a file, but for those that say `ignore`. */
function examplesOf(path: string): Example[] {
  const text = Deno.readTextFileSync(new URL(path, root));
  return [...text.matchAll(/^ *\* ```ts\n([^]*?)^ *\* ```$/gm)].map(({ 1: code, index }) => ({
    place: `${path}:${text.slice(0, index).split("\n").length + 1}`,
    code: code!.replaceAll(/^ *\* ?/gm, ""),
  }));
}

/** What `run` prints, a line a call. */
async function printedBy(run: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (...values: unknown[]) => {
    lines.push(values.map((x) => typeof x === "string" ? x : Deno.inspect(x)).join(" "));
  };
  try {
    await run();
  } finally {
    console.log = log;
  }
  return lines;
}

/** Runs `fn` with a folder for all temporary files, which is removed after it. */
async function inTemporaryFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const { makeTempDir, makeTempFile } = Deno;
  const dir = await makeTempDir({ prefix: "plumbline-example-" });
  Deno.makeTempDir = (options) => makeTempDir({ dir, ...options });
  Deno.makeTempFile = (options) => makeTempFile({ dir, ...options });
  try {
    await fn(dir);
  } finally {
    Object.assign(Deno, { makeTempDir, makeTempFile });
    await Deno.remove(dir, { recursive: true });
  }
}

/** Whether `printed` is what stands beside it: "..." stands for further digits; after a colon or in words something is said of it. */
function isAsWritten(printed: string, written: string): boolean {
  const value = written.replace(/(: | \(|, (?!-?[\d\[])).*$/, "");
  if (!/^(true|false|null|[-\d\[])/.test(value)) return true;
  const bare = (text: string): string => text.replaceAll(/[\s,]+/g, " ").replaceAll(/(?<=\[) | (?=\])/g, "");
  const pattern = bare(value).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("\\.\\.\\.", "\\S*?");
  return new RegExp(`^${pattern}`).test(bare(printed));
}

const paths = ["mod.ts", ...sources("lib/")].sort();

for (const { place, code } of paths.flatMap(examplesOf)) {
  Deno.test({
    name: `the example of ${place} runs, and prints what is written beside it`,
    fn: () =>
      inTemporaryFolder(async (folder) => {
        await useDevice("cpu");
        const file = `${folder}/example.ts`;
        const library = JSON.stringify(new URL("mod.ts", root).href);
        await Deno.writeTextFile(file, code.replaceAll('"@plumbline/plumbline"', library));
        const printed = await printedBy(() => import(pathToFileURL(file).href));
        const written = [...code.matchAll(/^ *console\.log\(.*\);(?: *\/\/ (.*))?$/gm)].map(([, said = ""]) => said);
        assert.equal(printed.length, written.length, "each console.log stands on a line of its own");
        const wrong = written.flatMap((said, i) =>
          isAsWritten(printed[i]!, said) ? [] : [`${printed[i]}, not ${said}`]
        );
        assert.deepEqual(wrong, []);
      }),
    // Engines outlast an example.
    sanitizeOps: false,
    sanitizeResources: false,
  });
}
