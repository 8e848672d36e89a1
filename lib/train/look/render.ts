/** `deno task render`: episodes as pictures that move, and as stills. */

import { join } from "node:path";
import { path } from "../../systems/option.ts";
import { checkPlace, type Tool } from "../command/tool.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { folderNameOf } from "../files/folder.ts";
import { lookTool } from "./look_tool.ts";
import type { Target } from "./target.ts";

/** `deno task render`. */
export const renderTool: Tool = lookTool({
  name: "render",
  summary:
    "Draws whole episodes of a run's deterministic policy, or of a controller: a picture that moves, and a still.",
  usage: "RUN | CHECKPOINT | SCENARIO [flags]",
  examples: [
    "output/navigation/2030-01-31_12-00-00 --episodes 4",
    "wheel --controller heuristic --out wheel",
  ],
  own: { out: path(null, "PATH.svg and PATH-still.svg are written; by default in the run's folder") },
  scenarios: true,
  look: (system) => system.picture,
  prepare: (target, values) => checkPlace("out", values.out as string | null ?? `${baseOf(target, values)}.svg`),
  tell({ svg, lines }, target, values) {
    const files = Object.entries(svg).map(([suffix, content]) =>
      [`${baseOf(target, values)}${suffix}.svg`, content] as const
    );
    for (const [path, content] of files) writeFileAtomic(path, content);
    return [...lines, ...files.map(([path, { length }]) => `${path} (${Math.ceil(length / 1000)} kB)`)].join("\n");
  },
});

/** Where the pictures go, without the ending. */
function baseOf({ config, run }: Target, { out, controller }: Readonly<Record<string, unknown>>): string {
  if (typeof out === "string") return out.replace(/\.svg$/, "");
  const name = typeof controller === "string" ? controller : "policy";
  return run === null ? `${folderNameOf(config)}-${name}` : join(run.folder, name);
}
