/** The command line of `deno task bench`. */

import { parseArgs } from "node:util";

/** What was asked for. */
export interface Options {
  readonly quick: boolean;
  readonly python: string | null;
  readonly device: "cpu" | "webgpu" | "both";
  /** Parts of names; a case runs if its name contains one. All if there is none. */
  readonly cases: readonly string[];
  readonly out: string;
  readonly help: boolean;
}

/** What `--help` prints. */
export const helpText = `Times this library beside others, in turns on this machine, and prints ratios.

  --device NAME   engine of this library: cpu, webgpu or both [cpu]
  --python PATH   also PyTorch, with this Python; the worlds need VMAS in it
  --case TEXT     only cases whose name contains TEXT; may be repeated
  --quick         fewer and shorter rounds
  --out FOLDER    where the results go [bench/results]
  --help          this text`;

/** Reads the flags. Throws a sentence about the first that is wrong. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      device: { type: "string", default: "cpu" },
      python: { type: "string" },
      case: { type: "string", multiple: true, default: [] },
      quick: { type: "boolean", default: false },
      out: { type: "string", default: "bench/results" },
      help: { type: "boolean", default: false },
    },
  });
  const { device, python = null, case: cases, quick, out, help } = values;
  if (device !== "cpu" && device !== "webgpu" && device !== "both") {
    throw new Error(`--device takes cpu, webgpu or both, not "${device}".`);
  }
  return { quick, python, device, cases, out, help };
}
