/** Every error code has a page, and every page belongs to a code. */

import { ok, throws } from "node:assert";
import { codes, explain } from "../../lib/forensics/pages/codes.ts";

async function* sources(folder: URL): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const url = new URL(entry.name + (entry.isDirectory ? "/" : ""), folder);
    if (entry.isDirectory) yield* sources(url);
    else if (entry.name.endsWith(".ts")) yield await Deno.readTextFile(url);
  }
}

Deno.test("every error code of the library has a page", async () => {
  const thrown = new Set<string>();
  for await (const text of sources(new URL("../../lib/", import.meta.url))) {
    for (const [, code] of text.matchAll(/"(G[1-9]\d\d)"/g)) thrown.add(code!);
  }
  ok(thrown.size > 10);
  const missing = [...thrown].filter((code) => !(code in codes));
  ok(missing.length === 0, `no page for ${missing}`);
});

Deno.test("explain() gives the page with a wrong and a right program", () => {
  for (const code of Object.keys(codes)) {
    ok(/Wrong:\n\n {4}.*\n\nRight:\n\n {4}/s.test(explain(code)), code);
    // A terminal would break longer ones in the middle of a word.
    const [text] = explain(code).split("\n\nWrong:");
    ok(text!.split("\n").every((line) => line.length <= 100), text);
  }
  for (const code of ["G999", "constructor", ""]) throws(() => explain(code), new RegExp(`no error code ${code};`));
});

Deno.test("deno task explain prints the page", async () => {
  const task = new URL("../../tasks/explain.ts", import.meta.url);
  const run = (...args: string[]) => new Deno.Command(Deno.execPath(), { args: ["run", task.href, ...args] }).output();
  const page = await run("g101");
  ok(new TextDecoder().decode(page.stdout).startsWith("G101: the gradient is cut"));
  const unknown = await run("G999");
  ok(unknown.code === 2 && new TextDecoder().decode(unknown.stderr).includes("no error code"));
});
