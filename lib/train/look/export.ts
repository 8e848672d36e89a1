/** `deno task export`: what a run has learned, as a file for others. */

import { join } from "node:path";
import { path } from "../../systems/option.ts";
import { checkPlace, type Tool } from "../command/tool.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { encodeSafetensors } from "../files/safetensors.ts";
import { lookTool } from "./look_tool.ts";

/** `deno task export`. */
export const exportTool: Tool = lookTool({
  name: "export",
  summary: "Writes what a run has learned as one file.",
  usage: "RUN | CHECKPOINT [flags]",
  examples: [
    "output/navigation/2030-01-31_12-00-00",
    "output/navigation/2030-01-31_12-00-00 --format safetensors --out weights.safetensors",
  ],
  own: { out: path(null, "the file; by default one of its own name in the run's folder") },
  scenarios: false,
  look: (system) => system.exports,
  prepare: (_, { out }) => typeof out === "string" ? checkPlace("out", out) : undefined,
  tell({ file, content, lines }, { run }, { out }) {
    const path = typeof out === "string" ? out : join(run!.folder, file);
    const bytes = content instanceof Uint8Array ? content : encodeSafetensors(content);
    writeFileAtomic(path, bytes);
    return [`${path} (${Math.ceil(bytes.length / 1000)} kB)`, ...lines].join("\n");
  },
});
