/** Where runs can be trained: a row each. The first is taken unless another is asked for. */

import type { Engine } from "./launcher.ts";
import { local } from "./local.ts";

/** The rows of `--on`. */
export const engines: readonly Engine[] = [local];
