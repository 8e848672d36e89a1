/** Where runs can be trained: a row each. The first is taken unless another is asked for. */

import type { Engine } from "./launcher.ts";
import { local } from "./local.ts";
import { ray } from "./ray/engine.ts";
import { slurm } from "./slurm/engine.ts";

/** The rows of `--on`. */
export const engines: readonly Engine[] = [local, slurm, ray];
