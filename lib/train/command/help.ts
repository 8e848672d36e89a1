/** The text of `deno task train --help`, of all systems and of one. */

import { choice, type Table } from "../../systems/option.ts";
import { systems } from "../../systems/registry.ts";
import { running } from "../../systems/settings.ts";
import type { System } from "../../systems/system.ts";
import { withPreset } from "./config.ts";
import { flagText, optionLines } from "./flags.ts";
import { controls, headingsOf, otherwiseOf } from "./tables.ts";

const width = 100;

const endings = [
  "",
  "Ctrl-C ends the iteration, saves, and says how to resume; a second Ctrl-C stops at once.",
  "Exit codes: 0 done, 1 failed, 2 the command is wrong, 130 interrupted.",
];

/** What there is to train, and the flags of every run. */
export function helpText(): string {
  const scenarioName = choice([], null, "what is trained: one of the names above, or the path of a file");
  return [
    "Trains a system and keeps everything about the run in a folder of its own.",
    "",
    "Usage: deno task train [--scenario-name S] [--algorithm A] [flags]",
    "",
    "Systems",
    ...systems.flatMap(systemLines),
    "  ./my_world.ts",
    "      a file whose default export is a world of your own",
    ...optionLines({
      "Flags of every run": { scenarioName, algorithm: choice([], null, "how to learn"), ...running, ...controls },
    }),
    "",
    "--scenario-name S --help shows the settings of S, with the defaults of its preset.",
    "In [brackets]: the default; what is true or false has a --no- form.",
    "",
    "Examples",
    "  deno task train",
    "  deno task train --n-agents 4 --n-iters 20 --seed 1",
    "  deno task train --scenario-name reverse_transport --seed 0,1,2 --max-time 2h",
    "  deno task train --config output/navigation/2030-01-31_12-00-00/config.json --seed 7",
    "  deno task train --resume output/navigation/2030-01-31_12-00-00 --n-iters 40",
    ...endings,
  ].join("\n");
}

function systemLines({ title, scenarios, algorithms }: System): string[] {
  return [
    `  ${Object.keys(scenarios).join(", ")}`,
    `      ${title}, by ${Object.keys(algorithms).join(", ")}`,
  ];
}

/** The flags of one scenario under an algorithm, with the defaults of the preset that is `chosen`. */
export function scenarioHelp(system: System, scenario: string, algorithm: string, chosen: string): string {
  const { task, learning } = headingsOf(system, algorithm);
  const shown = (table: Table): Table => {
    const values = withPreset(system, scenario, { algorithm }, chosen);
    return Object.fromEntries(
      Object.entries(table).map(([name, row]) =>
        ["initial" in row ? [name, { ...row, initial: values[name] }] : [name, row]].flat()
      ),
    ) as Table;
  };
  const preset = { ...controls.preset, values: system.presets, initial: chosen };
  const names = Math.max(...Object.keys(system.algorithms).map((name) => name.length));
  const algorithms = Object.entries(system.algorithms).map(([name, { help }]) => `  ${name.padEnd(names)}   ${help}`);
  return [
    `${scenario}: ${system.scenarios[scenario] ?? "a world of your own"} (${system.title}).`,
    "",
    `Usage: deno task train --scenario-name ${scenario} [flags]`,
    ...optionLines({
      "The task": shown(task),
      "Learning": { ...shown(learning), ...otherwiseOf(system, algorithm) },
      "The run": { ...shown(running), ...controls, preset },
    }),
    "",
    "Algorithms",
    ...algorithms,
    "",
    `In [brackets]: the default of the preset \`${chosen}\`; what is true or false has a --no- form.`,
    ...otherPresets(system, scenario, algorithm, chosen),
    ...endings,
  ].join("\n");
}

/** The other presets, as the flags by which they depart from the one that is shown. */
function otherPresets(system: System, scenario: string, algorithm: string, shown: string): string[] {
  const of = (preset: string) => withPreset(system, scenario, { algorithm }, preset);
  return system.presets.filter((name) => name !== shown).flatMap((name) => {
    const flags = Object.entries(of(name)).filter(([key, value]) => value !== of(shown)[key]);
    return flags.length === 0
      ? [`The preset \`${name}\` is the same.`]
      : [`--preset ${name} is`, ...wrap(flags.map(([key, value]) => flagText(key, value)))];
  });
}

/** Words in lines, with an indent. */
function wrap(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const longer = `${lines.at(-1) ?? "   "} ${word}`;
    if (longer.length <= width && lines.length > 0) lines[lines.length - 1] = longer;
    else lines.push(`    ${word}`);
  }
  return lines;
}
