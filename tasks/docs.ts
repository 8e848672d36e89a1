/**
 * `deno task docs`: the reference of all that is public, as HTML in `docs/api`. `deno doc` makes it, from a copy of the
 * sources in which every symbol is told its group and every function of `F` has an entry of its own.
 */

import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import config from "../deno.json" with { type: "json" };
import { aliases } from "../lib/tensor/aliases.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** The groups of the reference, by the folder of lib/ in which a symbol is declared. */
const groups: Readonly<Record<string, string>> = {
  tensor: "Tensors",
  graph: "Shapes, places and errors",
  compile: "Compiled steps",
  engine: "Devices",
  forensics: "Lost gradients and bad numbers",
  audit: "Lost gradients and bad numbers",
  nn: "Networks",
  optim: "Optimisers",
  worlds: "Worlds",
  rl: "Reinforcement learning",
  lm: "Language models",
  plot: "Pictures",
  systems: "Training runs",
  train: "Training runs",
};

/** A type as `deno doc --json` gives it. */
interface TypeNode {
  readonly kind: string;
  readonly repr?: string;
  // deno-lint-ignore no-explicit-any
  readonly value: any;
}

/** A parameter: a plain one, one with a value of its own, or the rest. */
type ParameterNode =
  | { readonly kind: "identifier"; readonly name: string; readonly optional: boolean; readonly tsType: TypeNode }
  | { readonly kind: "assign"; readonly left: { readonly name: string; readonly tsType: TypeNode } }
  | { readonly kind: "rest"; readonly arg: { readonly name: string }; readonly tsType: TypeNode };

interface DocNode {
  readonly doc?: string;
  readonly tags?: readonly { readonly kind: string }[];
}

interface MethodNode {
  readonly name: string;
  readonly jsDoc?: DocNode;
  readonly functionDef: { readonly params: readonly ParameterNode[]; readonly returnType: TypeNode };
}

/** As much of a declaration as is used. */
export interface DeclarationNode {
  readonly location: { readonly filename: string; readonly line: number };
  readonly jsDoc?: DocNode;
  readonly def: { readonly methods?: readonly MethodNode[]; readonly properties?: readonly MethodNode[] };
}

/** A name that `mod.ts` exports, and what it stands for. */
export interface SymbolNode {
  readonly name: string;
  readonly declarations: readonly DeclarationNode[];
}

async function deno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`deno ${args[0]} failed:\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** All that `mod.ts` exports. */
export async function publicSymbols(): Promise<readonly SymbolNode[]> {
  const { nodes } = JSON.parse(await deno("doc", "--json", "mod.ts"));
  return (Object.values(nodes) as { readonly symbols: readonly SymbolNode[] }[]).flatMap(({ symbols }) => symbols);
}

function typeText({ kind, repr, value }: TypeNode): string {
  switch (kind) {
    case "union":
      return value.map(typeText).join(" | ");
    case "array":
      return `${typeText(value)}[]`;
    case "parenthesized":
      return `(${typeText(value)})`;
    case "typeOperator":
      return `${value.operator} ${typeText(value.tsType)}`;
    case "typeLiteral": {
      const properties = value.properties as { name: string; optional: boolean; tsType: TypeNode }[];
      return `{ ${properties.map((x) => `${x.name}${x.optional ? "?" : ""}: ${typeText(x.tsType)}`).join("; ")} }`;
    }
  }
  if (!repr) throw new Error(`A method of Tensor takes a type that tasks/docs.ts cannot write: ${kind}.`);
  return repr;
}

function parameterText(parameter: ParameterNode): string {
  switch (parameter.kind) {
    case "identifier":
      return `${parameter.name}${parameter.optional ? "?" : ""}: ${typeText(parameter.tsType)}`;
    case "assign":
      return `${parameter.left.name}?: ${typeText(parameter.left.tsType)}`;
    case "rest":
      return `...${parameter.arg.name}: ${typeText(parameter.tsType)}`;
  }
}

/** The methods of a class, those of {@linkcode aliases} by both names. */
function methodsOf(symbols: readonly SymbolNode[], of: string): (MethodNode & { readonly place: string })[] {
  const methods = symbols.find(({ name }) => name === of)!.declarations.flatMap(({ def }) => def.methods ?? []);
  return methods.flatMap((method) => {
    const place = `${of}.prototype.${method.name}`;
    const others = Object.entries(aliases).filter(([, name]) => of === "Tensor" && name === method.name);
    return [method, ...others.map(([name]) => ({ ...method, name }))].map((x) => ({ ...x, place }));
  });
}

/** The functions of `F`, an entry each: the methods of Tensor that give tensors, which take the tensor first. */
function functionsInterface(symbols: readonly SymbolNode[]): string {
  const methods = [...methodsOf(symbols, "Tensor"), ...methodsOf(symbols, "Aliases")];
  const entries = methods.flatMap(({ name, place, jsDoc, functionDef: { params, returnType } }) => {
    const result = typeText(returnType);
    if (!/^(Tensor(\[\])?|Sorted)$/.test(result)) return [];
    const [summary] = (jsDoc?.doc ?? "").split("\n\n");
    const text = `${summary} It is {@linkcode ${place} | ${place.replace(".prototype", "")}} of \`x\`.`;
    return `/** ${text} */\n${name}(${["x: Tensor", ...params.map(parameterText)].join(", ")}): ${result};`;
  });
  return `export interface Functions {\n${entries.join("\n")}\n}\n`;
}

/** The sources of the reference, by path from the root: those that declare a symbol say its group. */
async function sources(): Promise<Map<string, string>> {
  const symbols = await publicSymbols();
  const base = pathToFileURL(root).href;
  const declarations = symbols.flatMap((symbol) => symbol.declarations);
  const byPath = Map.groupBy(declarations, ({ location }) => location.filename.slice(base.length));
  const texts = new Map<string, string>();
  for (const [path, found] of byPath) {
    const folder = path.split("/")[1]!;
    const group = groups[folder];
    if (group === undefined) throw new Error(`${path} exports from lib/${folder}: name its group in tasks/docs.ts.`);
    const lines = (await Deno.readTextFile(join(root, path))).split("\n");
    for (const { location: { line } } of found.filter(({ jsDoc }) => jsDoc !== undefined)) {
      // Lines are counted from 0, and a comment ends on the line above what it is of.
      lines[line - 1] = lines[line - 1]!.replace(/\*\/$/, `\n * @category ${group}\n */`);
    }
    // An editor knows a member of a class by the name that people use; the reference by its whole one.
    texts.set(
      path,
      lines.join("\n").replaceAll(/\{@linkcode (([A-Z]\w+)\.(\w+))\}/g, "{@linkcode $2.prototype.$3 | $1}"),
    );
  }
  const functions = "lib/tensor/functions.ts";
  const mapped = /^export type Functions = \{[^]*?^\};$/m;
  texts.set(functions, texts.get(functions)!.replace(mapped, () => functionsInterface(symbols)));
  return texts;
}

/** Copies the sources, some of them changed, to `folder`. Returns what is to be documented. */
async function copySources(folder: string): Promise<string> {
  const changed = await sources();
  const copy = async (path: string): Promise<void> => {
    const text = changed.get(path) ?? await Deno.readTextFile(join(root, path));
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeTextFile(join(folder, path), text);
  };
  const copyFolder = async (path: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(join(root, path))) {
      await (isDirectory ? copyFolder : copy)(`${path}/${name}`);
    }
  };
  await Promise.all([copy("mod.ts"), copyFolder("lib")]);
  // Groups are shown of files with declarations only.
  const [introduction] = (await Deno.readTextFile(join(root, "mod.ts"))).match(/^\/\*\*[^]*?\*\//)!;
  const entry = join(folder, "index.d.ts");
  await Deno.writeTextFile(entry, `${introduction}\nexport * from "./mod.ts";\n`);
  return entry;
}

/** Writes the reference to a folder. */
export async function writeReference(output: string): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const entry = await copySources(folder);
    await Deno.mkdir(dirname(output), { recursive: true });
    await deno("doc", "--html", "--name=Plumbline", `--output=${output}`, entry);
    await leadToSources(output, pathToFileURL(folder).href);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Pages lead to the sources, not to the copy that they were made from. */
async function leadToSources(folder: string, copied: string): Promise<void> {
  const escaped = (text: string) => text.replaceAll("/", "&#x2F;");
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) await leadToSources(path, copied);
    else if (name.endsWith(".html")) {
      const text = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, text.replaceAll(escaped(`${copied}/`), escaped(`${relative(folder, root)}/`)));
    }
  }
}

if (import.meta.main) {
  const output = join(root, "docs/api");
  await writeReference(output);
  console.log(`${join("docs", "api", "index.html")}: the reference of ${config.name} ${config.version}`);
}
