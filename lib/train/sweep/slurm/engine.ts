/** `--on slurm`: what it can be asked for, and what is checked before anything is written. */

import { integer, type NumberOption, type Table, words } from "../../../systems/option.ts";
import type { Engine } from "../launcher.ts";
import { checkOptions, minutesOf } from "./commands.ts";
import { SlurmLauncher } from "./launcher.ts";

const options = {
  partition: words(null, "the partition of Slurm, or several: short,long"),
  time: { kind: "duration", help: "90s, 20m, 2h: time limit of a run, which then waits again and goes on" },
  cpus: integer(1, 1024, 1, "cores of a run"),
  gpus: { ...integer(1, 64, 1, "GPUs of a run"), initial: null } as NumberOption<null>,
  account: words(null, "whose time it is that the runs take"),
  prologue: words(null, "lines of the shell that come before each run; first of them #SBATCH lines for sbatch"),
} as const satisfies Table;

/** What the options come to. */
interface Values {
  readonly partition: string | null;
  readonly time: number | null;
  readonly cpus: number;
  readonly gpus: number | null;
  readonly account: string | null;
  readonly prologue: string | null;
}

/** Seconds before the end of its time at which a run is asked to save: a long run gets more. */
function warning(time: number | null): number {
  return time === null ? 120 : Math.max(15, Math.min(120, Math.floor(time / 4)));
}

function wordsOf({ partition, time, cpus, gpus, account }: Values): string[] {
  return [
    ...partition === null ? [] : [`--partition=${partition}`],
    ...time === null ? [] : [`--time=${minutesOf(time)}`],
    `--signal=B:USR1@${warning(time)}`,
    "--nodes=1",
    "--ntasks=1",
    `--cpus-per-task=${cpus}`,
    ...gpus === null ? [] : [`--gpus=${gpus}`],
    ...account === null ? [] : [`--account=${account}`],
  ];
}

/** Slurm. */
export const slurm: Engine = {
  name: "slurm",
  help: "an array job of Slurm, whose nodes see the folder of the sweep and this library where they are here",
  options,
  async check(values) {
    const asked = values as unknown as Values;
    await checkOptions(wordsOf(asked));
    return { threads: asked.cpus };
  },
  open(work, values) {
    const asked = values as unknown as Values;
    return Promise.resolve(new SlurmLauncher(work, wordsOf(asked), asked.prologue));
  },
};
