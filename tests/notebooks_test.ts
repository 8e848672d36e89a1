/** Every notebook runs from top to bottom; and the runner sees what there is to see. */

import assert from "node:assert/strict";
import { runNotebook } from "../tasks/jupyter/notebook.ts";
import { listNotebooks } from "../tasks/notebooks.ts";
import { patience, runCells as run } from "./run_cells.ts";

const bundle = (text: string) =>
  `{ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": ${JSON.stringify(text)} }) }`;

Deno.test("runNotebook() keeps streams, displays and results in order, with state from cell to cell", async () => {
  const { problems, missing, executed, cells } = await run([
    { source: "const a = 20;\nconsole.log('one'); console.log('two'); console.error('bad');" },
    { source: `await Deno.jupyter.display(${bundle("shown\nin lines")}); a + 1` },
  ]);
  assert.deepEqual([problems, missing, executed], [[], [], 2]);
  const streams = cells[0].outputs.map(({ name, text }: { name: string; text: string[] }) => [name, text]);
  assert.deepEqual(Object.fromEntries(streams), { stdout: ["one\n", "two\n"], stderr: ["bad\n"] });
  assert.deepEqual(cells[1].outputs, [
    { output_type: "display_data", data: { "text/plain": ["shown\n", "in lines"] }, metadata: {} },
    { output_type: "execute_result", data: { "text/plain": ["21"] }, execution_count: 2, metadata: {} },
  ]);
  assert.deepEqual(cells[0].source, [
    "const a = 20;\n",
    "console.log('one'); console.log('two'); console.error('bad');",
  ]);
});

Deno.test("runNotebook() stops at a cell that throws and tells the cell, the error and the source", async () => {
  const { problems, executed } = await run([
    { source: "const b = 1;" },
    { source: "throw new TypeError('no such thing');" },
    { source: "b" },
  ]);
  assert.equal(executed, 2);
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /code cell 2: it threw\nTypeError: no such thing[^]*in\nthrow new TypeError/);
});

Deno.test(
  "a kernel whose runner was killed goes too, whatever its cell does",
  { ignore: Deno.build.os === "windows" },
  async () => {
    // A loop that ends after some seconds stands for the kernel. What it prints holds the output open while it lives.
    const loop = 'i=0; while [ "$i" -lt 3000000 ]; do i=$((i+1)); done; echo survived';
    const program = `
    import { guard } from "${new URL("../tasks/jupyter/kernel.ts", import.meta.url)}";
    guard(new Deno.Command("sh", { args: ["-c", ${JSON.stringify(loop)}] }).spawn().pid);
    console.log("guarded");
    Deno.kill(Deno.pid, "SIGKILL");`;
    const { signal, stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", "--no-check", program] })
      .output();
    assert.deepEqual([signal, new TextDecoder().decode(stdout)], ["SIGKILL", "guarded\n"]);
  },
);

Deno.test("runNotebook() reports a cell that does not parse", async () => {
  assert.match((await run([{ source: "const = 5" }])).problems[0]!, /code cell 1: it threw\n/);
});

Deno.test("runNotebook() wants a cell tagged raises-exception to throw, and goes on after it", async () => {
  const tags = ["raises-exception"];
  const { problems, cells } = await run([{ source: "throw new Error('as told')", tags }, { source: "1 + 1" }]);
  assert.deepEqual(problems, []);
  assert.equal(cells[0].outputs[0].evalue, "as told");
  assert.match((await run([{ source: "1 + 1", tags }])).problems[0]!, /did not throw/);
});

Deno.test("runNotebook() gets all of the output that comes after the kernel was idle", async () => {
  const { cells } = await run([
    { source: "for (let i = 0; i < 3000; i++) console.log(`line ${i}`);" },
    { source: "console.log('next')" },
  ]);
  assert.equal(cells[0].outputs.length, 1);
  assert.deepEqual(cells[0].outputs[0].text, Array.from({ length: 3000 }, (_, i) => `line ${i}\n`));
  assert.deepEqual(cells[1].outputs[0].text, ["next\n"]);
});

Deno.test("runNotebook() puts an update into the display that it updates, also from a later cell", async () => {
  const show = (text: string, update: boolean) =>
    `await Deno.jupyter.broadcast("${update ? "update_display_data" : "display_data"}",
      { data: { "text/plain": "${text}" }, metadata: {}, transient: { display_id: "d1" } });`;
  const { cells } = await run([
    { source: show("first", false) + show("second", true) },
    { source: show("third", true) + "console.log('done')" },
  ]);
  assert.deepEqual(cells[0].outputs.map((output: { data: unknown }) => output.data), [{ "text/plain": ["third"] }]);
  assert.equal(cells[1].outputs.length, 1);
});

Deno.test("runNotebook() misses a stored output that does not come again", async () => {
  const stored = { output_type: "display_data", data: { "image/svg+xml": "<svg/>" }, metadata: {} };
  const { problems, missing } = await run([{ source: "console.log(1)", outputs: [stored] }]);
  assert.deepEqual(problems, []);
  assert.match(missing[0]!, /code cell 1: no output again of display_data image\/svg\+xml/);
});

Deno.test("runNotebook() stops a notebook that takes too long, and one whose kernel dies", async () => {
  assert.match((await run([{ source: "while (true);" }], 2000)).problems[0]!, /code cell [01]: not done within 2 s/);
  assert.match(
    (await run([{ source: "Deno.exit(3)" }])).problems[0]!,
    /code cell 1: The kernel ended with exit code 3/,
  );
});

Deno.test("running a notebook twice gives the same file", async () => {
  const cells = [{ source: "console.log('x'); [1, 2, 3]" }];
  assert.equal((await run(cells)).updated, (await run(cells)).updated);
});

/** What a notebook shows that has to be so again, whatever its numbers are: codes of errors with their lines, and what is true. */
function claims(notebook: string): string[] {
  const { cells } = JSON.parse(notebook) as { cells: { outputs?: { text?: string[] }[] }[] };
  const printed = cells.flatMap(({ outputs = [] }) => outputs).map(({ text = [] }) => text.join("")).join("\n");
  const found = printed.matchAll(/^error\[(?<code>G\d+)\].*\n *-->.*\n *[|=] *(?<line>.*)$|^(?<truth>.*: true)$/gm);
  return [...found].map(({ groups }) => groups!.truth ?? `${groups!.code} ${groups!.line}`);
}

Deno.test("the claims of a notebook are the errors with their lines, and what it says is true", () => {
  const text = [
    "error[G101]: gradient cut\n",
    "  --> notebook cell, f()\n",
    "  |   const a = b.detach();\n",
    "so: true\n",
  ];
  assert.deepEqual(claims(JSON.stringify({ cells: [{}, { outputs: [{}, { text }] }] })), [
    "G101 const a = b.detach();",
    "so: true",
  ]);
});

// A notebook with a long run asks how long it may be.
Deno.env.set("NOTEBOOK_ITERATIONS", "8");

for (const path of listNotebooks("notebooks")) {
  Deno.test(`${path} runs from top to bottom, shows what it showed, and claims what it claimed`, async () => {
    const { problems, missing, updated } = await runNotebook(path, patience);
    assert.deepEqual([...problems, ...missing], []);
    assert.deepEqual(claims(updated), claims(Deno.readTextFileSync(path)));
  });
}
