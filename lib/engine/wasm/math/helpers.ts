/** The functions that operations are made of which take more than a few instructions. */

import type { Code } from "../encoder.ts";
import { angles } from "./angles.ts";
import { exponentials } from "./exponentials.ts";
import { type Helper, written } from "./helper.ts";
import { integers } from "./integers.ts";
import { logarithms } from "./logarithms.ts";
import { powers } from "./power.ts";

const helpers = { ...exponentials, ...logarithms, ...angles, ...powers, ...integers };

/** The name of a helper function. */
export type HelperName = keyof typeof helpers;

/** The helper function `name`: vectors (v128) in, one out. */
export function makeHelper(name: HelperName): Code {
  const helper: Helper = helpers[name];
  return written(helper);
}
