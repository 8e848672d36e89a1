/** Pages of G6xx: what a program runs in. */

import type { Page } from "./cuts.ts";

/** G6xx. */
export const pagesOfSurroundings = {
  G601: {
    title: "the telemetry of ONNX Runtime could not be turned off",
    meaning:
      "On Linux ONNX Runtime keeps a device id and a database of events in the user's cache folder and sends them to " +
      "its maker, unless ORT_DISABLE_TELEMETRY=1 is in the environment when it is loaded. Plumbline puts it there, but for " +
      "that a program needs the permission to write this variable.",
    wrong: `deno run --allow-read --allow-ffi train.ts`,
    right: `deno run --allow-read --allow-ffi --allow-env=ORT_DISABLE_TELEMETRY train.ts`,
  },
  G602: {
    title: "a right is missing",
    meaning:
      "Deno gives a program the rights that its flags name. Computing on the CPU needs --allow-ffi, since ONNX Runtime is a " +
      "native library; runs are written with --allow-write. README lists what each command needs, and its task has.",
    wrong: `deno run --allow-read train.ts`,
    right: `deno run --allow-read --allow-write --allow-ffi --allow-env=ORT_DISABLE_TELEMETRY train.ts`,
  },
} as const satisfies Record<`G${number}`, Page>;
