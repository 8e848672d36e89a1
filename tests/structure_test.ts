/** What the parts of lib/ may do: import each other without circles, leave the console and the environment
 * alone, and stay short. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";

const root = new URL("../", import.meta.url);

function* sources(folder: URL): Generator<[path: string, text: string]> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const url = new URL(name + (isDirectory ? "/" : ""), folder);
    if (isDirectory) yield* sources(url);
    else if (name.endsWith(".ts")) yield [url.href.slice(root.href.length), code(Deno.readTextFileSync(url))];
  }
}

/** Without comments that stand on lines of their own. */
const code = (text: string): string => text.replaceAll(/^\s*(\/\*[\s\S]*?\*\/|\/\/.*)$/gm, "");

const lib = new Map(sources(new URL("lib/", root)));

/** The files whose values `path` imports when it is loaded; types are gone by then. */
function importsOf(path: string): string[] {
  const statements = lib.get(path)!.matchAll(
    /^(?:import|export)\s([^;"]*?)\bfrom\s+"(\.[^"]+)";|^import\s+"(\.[^"]+)";/gm,
  );
  return [...statements].flatMap(([, names = "", from, alone]) => {
    const onlyTypes = names.startsWith("type ") || /^\{(\s*type\s+\w+(\s+as\s+\w+)?\s*,?)+\}\s*$/.test(names);
    return onlyTypes ? [] : [new URL(from ?? alone!, new URL(path, root)).href.slice(root.href.length)];
  });
}

/** A circle of imports, if there is one: the path from a file back to it. */
function circle(): string[] {
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (path: string): string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path) || !lib.has(path)) return [];
    way.push(path);
    for (const next of importsOf(path)) {
      const found = visit(next);
      if (found.length > 0) return found;
    }
    way.pop();
    done.add(path);
    return [];
  };
  for (const path of lib.keys()) {
    const found = visit(path);
    if (found.length > 0) return found;
  }
  return [];
}

Deno.test("no file of lib/ imports itself by way of others", () => {
  ok(importsOf("lib/tensor/tensor.ts").includes("lib/graph/ops.ts"), "imports are found");
  equal(circle(), []);
});

/** The floors of the tower, from the bottom: each uses those below it and knows none above. */
const floors: readonly (readonly string[])[] = [
  ["graph"],
  ["grad"],
  ["engine"],
  ["forensics"],
  ["tensor"],
  ["compile"],
  ["nn", "optim"],
  ["audit"],
  ["worlds"],
  ["rl", "lm"],
  ["plot"],
  ["systems"],
  ["train"],
];

/** The floor of a file of lib/; -1 if it has none. */
function floorOf(path: string): number {
  const folder = path.split("/")[1]!;
  return floors.findIndex((rooms) => rooms.includes(folder));
}

/** All that a file imports, types too: an architecture is what a file has to know. */
function knownTo(path: string): string[] {
  const statements = lib.get(path)!.matchAll(/(?:\bfrom|^import|\bimport\()\s*"(\.[^"]+\.ts)"/gm);
  return [...statements].map(([, from]) => new URL(from!, new URL(path, root)).href.slice(root.href.length));
}

Deno.test("no import of lib/ looks up: a floor knows only the floors below it", () => {
  ok(knownTo("lib/tensor/tensor.ts").includes("lib/graph/ops.ts"), "imports are found");
  const found = [...lib.keys()].flatMap((path) => {
    const floor = floorOf(path);
    if (floor < 0) return [`${path} stands on no floor: name its folder in \`floors\`.`];
    const up = knownTo(path).filter((other) => other === "mod.ts" || floorOf(other) > floor);
    return up.map((other) => `${path} looks up to ${other}: turn it round, or move what it needs down.`);
  });
  equal(found, []);
});

Deno.test("lib/train knows no world and no algorithm but by lib/systems", () => {
  // What a world of one's own has to be is no world.
  const contracts = ["lib/worlds/environment.ts", "lib/worlds/host/world.ts", "lib/worlds/kinds.ts"];
  const found = [...lib.keys()].filter((path) => path.startsWith("lib/train/")).flatMap((path) =>
    knownTo(path).filter((other) => /^lib\/(worlds|rl)\//.test(other) && !contracts.includes(other))
      .map((other) => `${path} knows ${other}: let a system say what is needed of it.`)
  );
  equal(found, []);
});

Deno.test("below lib/train and lib/plot nothing prints, and nothing reads the environment", () => {
  const exceptions = [
    "lib/engine/webgpu/probe.ts", // The program that asks a driver for its adapters prints what it found.
    "lib/engine/onnx/telemetry.ts", // ONNX Runtime takes this setting from the environment alone.
  ];
  const mayPrint = (path: string) => /^lib\/(train|plot)\//.test(path) || exceptions.includes(path);
  const found = [...lib].filter(([path, text]) => !mayPrint(path) && /\bconsole\.|\bDeno\.env\b/.test(text));
  equal(found.map(([path]) => path), []);
});

Deno.test("a file of lib/ has at most 400 lines, or its first comment says why it has more", () => {
  const found = [...lib.keys()].flatMap((path) => {
    const text = Deno.readTextFileSync(new URL(path, root));
    const [header = ""] = /^\/\*\*[^]*?\*\//.exec(text) ?? [];
    const lines = text.trimEnd().split("\n").length;
    const isExplained = /^ \* Over 400 lines: .{20,}/m.test(header);
    if (lines > 400 && !isExplained) return [`${path} has ${lines} lines: it does more than one thing.`];
    return lines <= 400 && isExplained ? [`${path} has ${lines} lines, and says that it has more.`] : [];
  });
  equal(found, []);
});

Deno.test("ONNX Runtime is loaded in one place, after its telemetry was turned off", () => {
  const files = ["lib/", "tests/", "tasks/"].flatMap((folder) => [...sources(new URL(folder, root))]);
  const found = files.filter(([, text]) => /(from|import)\s*\(?\s*"(npm:)?onnxruntime-node(@[\d.]+)?"/.test(text));
  equal(found.map(([path]) => path), ["lib/engine/onnx/runtime.ts"]);
});
