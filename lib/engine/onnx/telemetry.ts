/**
 * Turns the telemetry of ONNX Runtime off. On Linux it is on by default: it keeps a device id and a database of events (the
 * program's path, processor, memory, names of graphs) in the user's cache folder and sends them to its maker. The variable is
 * read when the library is loaded, so this module is evaluated before it; workers and child processes inherit it. A value
 * that the user has given stays.
 */

import { warn } from "../../graph/warning.ts";

const variable = "ORT_DISABLE_TELEMETRY";

/** Asked and not tried: to try would stop a program on a terminal with a question. */
const mayWrite = Deno.permissions.querySync({ name: "env", variable }).state === "granted";

if (!mayWrite) {
  warn({
    code: "G601",
    message:
      `this program may not write the environment, so it cannot turn off the telemetry of ONNX Runtime: unless ` +
      `${variable}=1 is set already, that keeps a device id and events in your cache folder and sends them to its maker.`,
    help: `deno run --allow-env=${variable}`,
  });
} else if (Deno.env.get(variable) === undefined) {
  Deno.env.set(variable, "1");
}
