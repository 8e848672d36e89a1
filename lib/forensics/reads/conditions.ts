/** What is said of a condition outside of traced functions that decides nothing. */

import { unusedConditions } from "../../graph/conditions.ts";
import { warn } from "../../graph/warning.ts";

/** Warns of conditions that nothing has asked for since `age` steps, of which there were `now`. */
export function warnOfConditions(now: number, age: number): void {
  for (const { site } of unusedConditions(now, age)) {
    warn({
      code: "G104",
      message: "a condition was made that nothing has read or used since: `if (tensor)` is always true in JavaScript.",
      sites: [{ site, note: "made here" }],
      help: [
        `read it:  if (await ${site.receiver && site.call ? `${site.receiver}.${site.call}` : "condition"}.item()) ..`,
        "or choose by value:  where(condition, a, b).",
      ],
    });
  }
}
