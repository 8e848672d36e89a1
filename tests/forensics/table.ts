/**
 * The table of tests/forensics/README.md: each broken program, what PyTorch says of it (recorded by pytorch/programs.py) and
 * what Plumbline must say. `deno run -A tests/forensics/table.ts` writes it.
 */

import recorded from "./pytorch/outcomes.json" with { type: "json" };
import { expected, programs, titleOf } from "./programs.ts";

interface Recorded {
  readonly says: string;
  readonly names: boolean;
}

/** What PyTorch said, by program; without those that cannot be written there. */
export const outcomes: Readonly<Record<string, Recorded>> = recorded.outcomes;

const path = new URL("README.md", import.meta.url);

function pytorch(name: string): string {
  const outcome = outcomes[name];
  if (!outcome) return "cannot be written";
  return outcome.names ? `${outcome.says}, names the line` : outcome.says;
}

function counted(): string {
  const all = Object.values(outcomes);
  const silent = all.filter((x) => x.says === "silent").length;
  const named = all.filter((x) => x.names).length;
  return `Of the ${all.length} programs that can be written in PyTorch ${recorded.version}, ${silent} run without a word, ` +
    `and in ${named} the guilty line is named. Plumbline names it in ${programs("broken").length} of ` +
    `${programs("broken").length}, and says nothing of the ${programs("sound").length} sound programs.`;
}

/** The whole page. */
export function page(): string {
  const rows = programs("broken").map((name) => {
    const { severity, code, line } = expected(name);
    const title = titleOf("broken", name).replaceAll("|", "\\|");
    return `| [${name}](programs/broken/${name}.ts#L${line}) | ${title} | ${
      pytorch(name)
    } | ${severity} ${code}, line ${line} |`;
  });
  return [
    "# Programs with a broken gradient",
    "",
    "<!-- Written by table.ts; do not edit. -->",
    "",
    counted(),
    "",
    "Each program is a script in `programs/broken`; the guilty line is marked there, and `programs_test.ts` runs them all.",
    "PyTorch is run with its default settings by `pytorch/programs.py`, which writes `pytorch/outcomes.json`: a program",
    "raises, warns or is silent, and the guilty line is among those of the traceback or not. An error is thrown; a warning",
    "(zero gradients, parameters without an owner, metrics that keep graphs) stops nothing.",
    "",
    "| program | what is wrong | PyTorch | Plumbline |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

/** What lies in the repository. */
export function written(): string {
  return Deno.readTextFileSync(path);
}

/** Without what `deno fmt` changes: the padding of tables, the breaks of lines. */
export function plain(text: string): string {
  return text.replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, " ");
}

if (import.meta.main) {
  Deno.writeTextFileSync(path, page());
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path.pathname] }).output();
}
