/** `--on slurm`: what it can be asked for, and what is checked before anything is written. */

import { type Table, words } from "../../../systems/option.ts";
import type { Engine } from "../launcher.ts";
import { type Needs, needs } from "../needs.ts";
import { checkOptions, minutesOf } from "./commands.ts";
import { SlurmLauncher } from "./launcher.ts";

const options = {
  partition: words(null, "slurm: the partition, or several: short,long"),
  time: { kind: "duration", help: "slurm: a run's time limit, 20m, 2h; after it the run waits again and goes on" },
  ...needs,
  account: words(null, "slurm: whose time it is that the runs take"),
  prologue: words(null, "slurm: lines of the shell before each run; #SBATCH lines first"),
} as const satisfies Table;

/** What the options come to. */
interface Values extends Needs {
  readonly partition: string | null;
  readonly time: number | null;
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
  // Slurm has the queue.
  roomFor: () => Infinity,
  open(work, values) {
    const asked = values as unknown as Values;
    return Promise.resolve(new SlurmLauncher(work, wordsOf(asked), asked.prologue));
  },
};
