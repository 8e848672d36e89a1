/** Whole programs: each broken one is answered with its code at its line, and nothing else; sound ones learn in silence. */

import { deepStrictEqual as equal, ok } from "node:assert";
import { expected, programs, runProgram } from "./programs.ts";
import { outcomes, page, plain, written } from "./table.ts";

/** Programs talk; the tests listen only to the library. */
async function quietly<T>(fn: () => Promise<T>): Promise<T> {
  const { debug, warn } = console;
  console.debug = console.warn = () => {};
  try {
    return await fn();
  } finally {
    Object.assign(console, { debug, warn });
  }
}

for (const name of programs("broken")) {
  const { severity, code, line } = expected(name);
  Deno.test(`broken/${name}: ${severity} ${code} at line ${line}`, async () => {
    const { outcomes } = await quietly(() => runProgram("broken", name));
    const told = outcomes.map((x) => x.message).join("\n");
    equal(outcomes.map((x) => [x.severity, x.code, x.line]), [[severity, code, line]], told);
  });
}

for (const name of programs("sound")) {
  Deno.test(`sound/${name}: learns in silence`, async () => {
    const { outcomes, exports } = await quietly(() => runProgram("sound", name));
    equal(outcomes.map((x) => x.message), []);
    const losses = exports.losses as number[];
    const mean = (some: number[]): number => some.reduce((a, b) => a + b, 0) / some.length;
    const few = Math.ceil(losses.length / 5);
    ok(mean(losses.slice(-few)) < mean(losses.slice(0, few)), `${losses}`);
  });
}

Deno.test("there are at least 40 broken and 15 sound programs", () => {
  ok(programs("broken").length >= 40 && programs("sound").length >= 15);
});

Deno.test("the table of README.md is that of the programs and of PyTorch's recorded outcomes", () => {
  equal(plain(written()), plain(page()), "write it again: deno run -A tests/forensics/table.ts");
});

Deno.test("every recorded outcome of PyTorch is that of a program", () => {
  const source = Deno.readTextFileSync(new URL("./pytorch/programs.py", import.meta.url));
  const inPython = [...source.matchAll(/^@program\ndef (\w+)/gm)].map((x) => x[1]).sort();
  equal(Object.keys(outcomes).sort(), inPython);
  equal(inPython.filter((name) => !programs("broken").includes(name!)), []);
});
