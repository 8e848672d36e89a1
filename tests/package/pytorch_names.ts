/**
 * What becomes of PyTorch's names here, the page docs/pytorch_names.md that says it, and the list of those that are the same,
 * lib/forensics/pytorch/same.ts, which explain() reads. To write both again:
 *
 *     deno run -A tests/package/pytorch_names.ts
 */

import * as plumbline from "../../mod.ts";
import { camelCase, homonyms, pytorchNames } from "../../lib/forensics/pytorch/names.ts";

/** A name of PyTorch. */
export interface NameRow {
  readonly area: string;
  readonly name: string;
  /** `same`: it is here, in camelCase. `answered`: a sentence says what to write. */
  readonly status: "same" | "answered" | "unknown";
  /** The name here, or what to write. */
  readonly here: string;
}

const { Adam, Bernoulli, Categorical, F, HostRandom, Linear, MixtureSameFamily, Normal, Parameter, tensor } =
  plumbline as unknown as Readonly<Record<string, new (...args: never[]) => object>> & typeof plumbline;

function holders(): Readonly<Record<string, readonly object[]>> {
  const parameter = new Parameter(tensor([1, 2]), "w");
  const distributions = [
    new Normal(tensor(0), 1),
    new Categorical(tensor([0, 1])),
    ...(Bernoulli ? [new Bernoulli({ probs: tensor(0.5) } as never)] : []),
    ...(MixtureSameFamily ? [MixtureSameFamily.prototype] : []),
  ];
  return {
    "Tensor": [tensor([1]), parameter],
    "torch": [plumbline, F],
    "nn.functional": [F, plumbline],
    "nn": [plumbline],
    "nn.utils / init": [plumbline],
    "Module methods": [new Linear(1, 1, new HostRandom(0))],
    "optim": [plumbline, new Adam([parameter], { lr: 0.1 })],
    "lr_scheduler": [plumbline],
    "distributions": [plumbline],
    "Distribution methods": distributions,
    "linalg": [plumbline, F],
    "special": [F],
    "fft": [F],
    "autograd / func": [plumbline, parameter],
  };
}

/** Whether `holder` has `name`, and does not refuse it. */
function has(holder: object, name: string): boolean {
  if (!(name in holder)) return false;
  for (let at = holder; at; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found) return !found.get || !/refuse/.test(String(found.get));
  }
  return false;
}

/** All names with what they are here. */
export async function nameRows(): Promise<NameRow[]> {
  const names = JSON.parse(await Deno.readTextFile(new URL("../fixtures/pytorch_names.json", import.meta.url)));
  const all = holders();
  return Object.entries(names as Record<string, string>).flatMap(([area, list]) =>
    list.split(" ").map((name): NameRow => {
      const here = camelCase(name).replace(/_$/, "");
      const differs = homonyms[area]?.[name];
      if (differs) return { area, name, status: "answered", here: differs };
      if (all[area]!.some((holder) => has(holder, here))) return { area, name, status: "same", here };
      const told = pytorchNames[area]?.[name] ?? (area === "torch" ? pytorchNames["Tensor"]![name] : undefined);
      return { area, name, status: told === undefined ? "unknown" : "answered", here: told ?? "" };
    })
  );
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** The page. */
export function pageOf(rows: readonly NameRow[]): string {
  const count = (status: string): number => rows.filter((x) => x.status === status).length;
  const parts = [...Map.groupBy(rows, (x) => x.area)].map(([area, list]) => {
    const same = list.filter((x) => x.status === "same").map((x) => `\`${x.here}\``);
    const others = list.filter((x) => x.status === "answered");
    const unknown = list.filter((x) => x.status === "unknown").map((x) => `\`${x.name}\``);
    return [
      `## ${area}`,
      ...(same.length > 0 ? [`The same here: ${same.join(", ")}.`] : []),
      ...(others.length > 0
        ? [
          ["| PyTorch | write |", "| --- | --- |", ...others.map((x) => `| \`${x.name}\` | ${cell(x.here)} |`)].join(
            "\n",
          ),
        ]
        : []),
      ...(unknown.length > 0 ? [`Not here: ${unknown.join(", ")}.`] : []),
    ].join("\n\n");
  });
  return [
    "# PyTorch's names",
    `Of ${rows.length} names of PyTorch ${count("same")} are the same here, in camelCase; for ${
      count("answered")
    } there is a ` +
    "sentence, which a tensor, `F`, a module, an optimiser or a distribution throws when it is asked for the name, and " +
    '`explain("torch.NAME")` or `deno task explain torch.NAME` prints.',
    ...parts,
  ].join("\n\n") + "\n";
}

/** The list of those that are the same. */
export function listOf(rows: readonly NameRow[]): string {
  const same = Map.groupBy(rows.filter((x) => x.status === "same"), (x) => x.area);
  const entries = [...same].map(([area, list]) => {
    const lines = list.map((x) => x.name).reduce<string[]>(([line = "", ...before], name) => {
      return `${line} ${name}`.length > 100 ? [name, line, ...before] : [`${line} ${name}`.trim(), ...before];
    }, []).reverse();
    return `${JSON.stringify(area)}: ${lines.map((x, i) => JSON.stringify(i === 0 ? x : ` ${x}`)).join(" +\n")},`;
  });
  return `/** PyTorch's names that are the same here, in camelCase, by its parts: written by tests/package/pytorch_names.ts. */

/** By the parts of PyTorch, apart by spaces, as PyTorch writes them. */
export const sameNames: Readonly<Record<string, string>> = {
${entries.join("\n")}
};
`;
}

/** A text as `deno fmt` writes it. */
export async function formatted(text: string, ext: "md" | "ts" = "md"): Promise<string> {
  const fmt = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", ext, "--config", new URL("../../deno.json", import.meta.url).pathname, "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = fmt.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  return new TextDecoder().decode((await fmt.output()).stdout);
}

/** Where the page is. */
export const pagePath: URL = new URL("../../docs/pytorch_names.md", import.meta.url);

/** Where the list is. */
export const listPath: URL = new URL("../../lib/forensics/pytorch/same.ts", import.meta.url);

if (import.meta.main) {
  const rows = await nameRows();
  await Deno.writeTextFile(listPath, await formatted(listOf(rows), "ts"));
  await Deno.writeTextFile(pagePath, await formatted(pageOf(rows)));
  for (const status of ["same", "answered", "unknown"]) {
    console.log(status, rows.filter((x) => x.status === status).length);
  }
  console.log(rows.filter((x) => x.status === "unknown").map((x) => `${x.area}: ${x.name}`).join("\n"));
}
