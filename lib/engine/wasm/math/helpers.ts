/** The functions that operations are made of which take more than a few instructions. */

import type { Code, Constants } from "../encoder.ts";
import { angles } from "./angles.ts";
import { exponentials } from "./exponentials.ts";
import { type Helper, written, writtenRare } from "./helper.ts";
import { integers } from "./integers.ts";
import { logarithms } from "./logarithms.ts";
import { powers } from "./power.ts";

const helpers = { ...exponentials, ...logarithms, ...angles, ...powers, ...integers };

type Name = keyof typeof helpers;

/** The name of a helper function, or of that of its rare values. */
export type HelperName = Name | `rare ${Name}`;

/** Finds the index of a helper function in the module, which is added on first use. */
export type Need = (name: HelperName) => number;

/** The helper function `name`: vectors (v128) in, one out; of `threefryBlocks` two. */
export function makeHelper(name: HelperName, need: Need, constants: Constants | null = null): Code {
  const own = name.replace(/^rare /, "") as Name;
  const helper: Helper = helpers[own];
  return own === name
    ? written(helper, { constants, rare: () => need(`rare ${own}`) })
    : writtenRare(helper, constants);
}
