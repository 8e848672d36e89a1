/** What a run needs of a cluster, whoever shares it out. */

import { integer, type NumberOption, type Table } from "../../systems/option.ts";

/** Rows of the options of such an engine. */
export const needs = {
  cpus: integer(1, 1024, 1, "slurm, ray: cores of a run"),
  gpus: { ...integer(1, 64, 1, "slurm, ray: GPUs of a run"), initial: null } as NumberOption<null>,
} as const satisfies Table;

/** Their values. */
export interface Needs {
  readonly cpus: number;
  readonly gpus: number | null;
}
