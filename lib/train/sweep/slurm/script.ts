/**
 * The batch script of an array job: each of its tasks trains a run. What Slurm does to a task ends its run as Ctrl-C does: scancel and
 * preemption send SIGTERM, of which preemption has it wait again by itself; before its time is over comes SIGUSR1, on which the
 * task saves and asks to wait again.
 */

import { dirname, join } from "node:path";
import type { Job } from "../launcher.ts";
import { quoted } from "../../command/flags.ts";
import { goTo } from "../shell.ts";

/** What a task leaves when its run is over, in the folder of the submission: the exit code of `deno task train`. */
export const endName = (index: number | ""): string => `${index}.end`;

/** What a task printed, in the folder of the submission. */
export const logName = (index: number): string => `${index}.log`;

/** What a script is made of. */
export interface Script {
  /** The program that trains; see Work.command. */
  readonly command: readonly string[];
  /** A task each. */
  readonly jobs: readonly Job[];
  /** Of the submission, absolute. */
  readonly folder: string;
  /** In which the program is started, absolute. */
  readonly cwd: string;
  /** See Work.next. */
  readonly next: readonly string[] | null;
  /** Lines of the user's, which come first: those that begin with #SBATCH are for sbatch. */
  readonly prologue: string | null;
}

/** The script. */
export function scriptOf({ command, jobs, folder, cwd, next, prologue }: Script): string {
  const line = (job: Job) => [...command, ...job.arguments].map(quoted).join(" ");
  return `#!/bin/bash
${prologue ?? ""}

${goTo(cwd)}
case "$SLURM_ARRAY_TASK_ID" in
${jobs.map((job, index) => `${index}) set -- ${line(job)} ;;`).join("\n")}
*) exit 1 ;;
esac
end=${quoted(folder)}/"$SLURM_ARRAY_TASK_ID.end"
rm -f -- "$end"

run=
again=
end_run() {
  # Before there is a run there is nothing to save.
  [ -n "$run" ] || exit 130
  kill -TERM "$run" 2> /dev/null || :
}
trap end_run TERM
trap 'again=yes; end_run' USR1
for pause in 10 30 90 0; do
  "$@" &
  run=$!
  # A signal ends the waiting, not the run.
  while kill -0 "$run" 2> /dev/null; do wait "$run" || :; done
  code=0
  wait "$run" || code=$?
  # A node that was given up may train it still, until Slurm has ended that.
  [ "$code" = 2 ] && [ -n "\${SLURM_RESTART_COUNT:-}" ] || break
  run=
  sleep "$pause" &
  wait "$!" || :
done
if [ -n "$again" ] && [ "$code" = 130 ] && scontrol requeue "$SLURM_JOB_ID"; then exit 0; fi
echo "$code" > "$end"
${next === null ? "" : askNext(next, folder)}exit "$code"
`;
}

/**
 * Lines that have it decided what is next. One task after the other asks, so that the last one to end sees what all came to; a
 * person's own command may be there at that moment.
 */
function askNext(next: readonly string[], folder: string): string {
  const lock = quoted(join(dirname(folder), ".lock"));
  return `for pause in 5 15 0; do
  asked=0
  flock ${lock} ${next.map(quoted).join(" ")} || asked=$?
  [ "$asked" = 2 ] || break
  sleep "$pause"
done
`;
}
