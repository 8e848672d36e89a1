/** Warnings: what is not wrong enough to stop a program. The library prints nothing; whoever may, listens. */

import { signature } from "./arguments.ts";
import { callable } from "./kinds.ts";
import { type ErrorParts, PlumblineError } from "./error.ts";

/** Receives a warning; its `message` is the whole text. */
export type WarningListener = (warning: PlumblineError) => void;

const capacity = 256;
const listeners = new Set<WarningListener>();
const given = new Set<string>();

const takesListener = signature("onWarning()", { listener: callable });

/** Calls `listener` at every warning from now on. Gives the function that ends it. */
export function onWarning(listener: WarningListener): () => void {
  takesListener(arguments);
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Gives a warning, once for each code and line. */
export function warn(parts: ErrorParts): void {
  const warning = new PlumblineError({ ...parts, severity: "warning" });
  const key = `${warning.code} ${warning.sites[0]?.key ?? ""} ${warning.params}`;
  if (given.has(key)) return;
  given.add(key);
  if (given.size > capacity) given.delete(given.values().next().value!);
  for (const listener of listeners) listener(warning);
}
