/** `deno task generate`: text that a run's model goes on with. */

import { type Evaluation, type Look, look } from "../../systems/system.ts";
import { UsageError } from "../../systems/usage.ts";
import type { Tool } from "../command/tool.ts";
import { lookTool } from "./look_tool.ts";

/** Of what writes no text. */
const silent: Look<Evaluation> = look({
  options: {},
  notes: [],
  run({ config: { scenarioName } }): never {
    throw new UsageError(`${scenarioName} is no text: give a run of stories, sums, code or text.`);
  },
});

/** `deno task generate`. */
export const generateTool: Tool = lookTool({
  name: "generate",
  summary: "Lets the model of a run go on with a text.",
  usage: "RUN | CHECKPOINT [flags]",
  examples: [
    'output/stories/2030-01-31_12-00-00 --prompt "Ab and Cd went to"',
    "output/stories/2030-01-31_12-00-00 --speculative",
    "output/text/2030-01-31_12-00-00 --temperature 0.8 --top-p 0.95 --seed 1",
  ],
  scenarios: false,
  look: (system) => system.generation ?? silent,
  tell: ({ json, lines }, _, values) => values.json ? JSON.stringify(json, null, 2) : lines.join("\n"),
});
