/** `deno task eval`: how good a policy or a controller is, over whole episodes. */

import type { Tool } from "../command/tool.ts";
import { lookTool } from "./look_tool.ts";

/** `deno task eval`. */
export const evalTool: Tool = lookTool({
  name: "eval",
  summary:
    "Plays whole episodes with the deterministic policy of a run (the mode of its distribution), or with a controller.",
  usage: "RUN | CHECKPOINT | SCENARIO [flags]",
  examples: [
    "output/navigation/2030-01-31_12-00-00",
    "output/navigation/2030-01-31_12-00-00 --controller heuristic",
    "wheel --controller random --episodes 500 --json",
  ],
  scenarios: true,
  look: (system) => system.evaluation,
  tell: ({ json, lines }, _, values) => values.json ? JSON.stringify(json, null, 2) : lines.join("\n"),
});
