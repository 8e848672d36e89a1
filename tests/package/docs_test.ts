/** The reference: an entry for all that is public, in groups, and examples that others can paste. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { Aliases, F, Tensor } from "../../mod.ts";
import { publicSymbols, writeReference } from "../../tasks/docs.ts";
import { elsewhere } from "./elsewhere.ts";

const root = new URL("../../", import.meta.url);
const methods = Object.getOwnPropertyNames(Tensor.prototype).filter((name) => name !== "constructor");

Deno.test("deno doc has an entry with a sentence for everything that a tensor has", async () => {
  const tensor = (await publicSymbols()).find(({ name }) => name === "Tensor")!;
  assert.equal(tensor.declarations.length, 1);
  const { methods: entries, properties = [] } = tensor.declarations[0]!.def;
  const described = [...entries!, ...properties].filter(({ jsDoc }) => jsDoc?.doc).map(({ name }) => name);
  assert.deepEqual(methods.filter((name) => !described.includes(name)), []);
  const others = (await publicSymbols()).find(({ name }) => name === "Aliases")!.declarations[0]!.def;
  const named = [...others.methods!, ...others.properties!].filter(({ jsDoc }) => jsDoc?.doc).map(({ name }) => name);
  const all = Object.getOwnPropertyNames(Aliases.prototype).filter((name) => name !== "constructor");
  assert.deepEqual(all.filter((name) => !named.includes(name)), []);
});

Deno.test("deno task docs writes a page for every symbol, in a group, for every method, and for every function of F", () =>
  elsewhere({}, async ({ folder }) => {
    const output = join(folder, "api");
    await writeReference(output);
    const pages = new Set([...Deno.readDirSync(join(output, "~"))].map(({ name }) => name.replace(/\.html$/, "")));
    const wanted = [
      ...(await publicSymbols()).filter(({ declarations }) => !declarations.every(isInternal)).map(({ name }) => name),
      ...methods.filter((name) => name !== "node").map((name) => `Tensor.prototype.${name}`),
      ...Object.keys(F).map((name) => `Functions.${name}`),
    ];
    assert.deepEqual(wanted.filter((name) => !pages.has(name)), []);
    const files = [...Deno.readDirSync(output)].map(({ name }) => name);
    assert.ok(files.includes("tensors.html") && !files.includes("uncategorized.html"), files.join());
    const page = Deno.readTextFileSync(join(output, "~", "Tensor.html"));
    const [, source] = /href="([^"]*tensor\.ts)"/.exec(page)!;
    assert.equal(
      await Deno.realPath(join(output, "~", source!.replaceAll("&#x2F;", "/"))),
      await Deno.realPath(new URL("lib/tensor/tensor.ts", root)),
    );
  }));

/** Left out of the reference: what stands in a public type and is for nobody to use. */
const isInternal = ({ jsDoc }: { readonly jsDoc?: { readonly tags?: readonly { readonly kind: string }[] } }) =>
  jsDoc?.tags?.some(({ kind }) => kind === "internal") ?? false;

Deno.test("examples import the library by its name", () => {
  const problems: string[] = [];
  const visit = (folder: URL) => {
    for (const { name, isDirectory } of Deno.readDirSync(folder)) {
      const url = new URL(name + (isDirectory ? "/" : ""), folder);
      if (isDirectory) visit(url);
      else {
        const imports = Deno.readTextFileSync(url).matchAll(
          /^ *\* (?:import|\}) .*from "(?!@plumbline\/plumbline")(.*)"/gm,
        );
        problems.push(...[...imports].map(([, from]) => `${url}: an example imports ${from}.`));
      }
    }
  };
  visit(new URL("lib/", root));
  assert.deepEqual(problems, []);
});
