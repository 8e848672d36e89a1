/** Slurm's own commands: what they are asked, and what they answer. */

import { oneLine } from "../../../systems/text.ts";
import { UsageError } from "../../../systems/usage.ts";
import { reasonOf } from "../../files/error.ts";

/** How Slurm says that a task of an array job stands. */
export interface Row {
  /** In capitals, as squeue prints it: PENDING, RUNNING, TIMEOUT. */
  readonly state: string;
  /** Why it waits, or why it ended; "None" where there is nothing to say. */
  readonly reason: string;
  /** Its nodes; empty while it waits. */
  readonly nodes: string;
}

/** What a command answered. */
interface Answer {
  readonly success: boolean;
  readonly out: string;
  readonly err: string;
}

/** Seconds for which a command is waited for. By itself it gives a controller up that has not answered for less. */
const patience = 120;

/** Runs a command of Slurm's. Throws a {@linkcode UsageError} if it is not there, or does not come back. */
async function ask(program: string, ...args: readonly string[]): Promise<Answer> {
  const decoder = new TextDecoder();
  const signal = AbortSignal.timeout(1000 * patience);
  let answer: Deno.CommandOutput;
  try {
    answer = await new Deno.Command(program, { args: [...args], stdin: "null", signal }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new UsageError(`--on slurm: ${program} could not be run: ${reasonOf(error)}.`);
    }
    throw new UsageError(
      `--on slurm: there is no ${program} here: give the command on a machine of the cluster, where Slurm is installed.`,
    );
  }
  if (signal.aborted) throw new UsageError(`--on slurm: ${program} does not answer, for ${patience} s now.`);
  const { success, stdout, stderr } = answer;
  return { success, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** What a command of Slurm's says of a failure, in its own words. */
function words(program: string, { out, err }: Answer): string {
  const lines = (err || out).split("\n").map((line) => line.replace(/^\w+: (error: )?/, "").trim()).filter(Boolean);
  // That a batch could not be submitted says why only at its end.
  return `${program} says "${oneLine(lines.join("; ")) || "nothing"}"`;
}

/** Throws a {@linkcode UsageError} in sbatch's words if it would not take a job with these options. */
export async function checkOptions(options: readonly string[]): Promise<void> {
  const answer = await ask("sbatch", "--test-only", ...options, "--wrap=:");
  if (!answer.success) throw new UsageError(`--on slurm: ${words("sbatch", answer)}.`);
}

/** Submits the script at `path`. Returns the job's number, or a sentence that says why there is none. */
export async function submit(
  path: string,
  options: readonly string[],
): Promise<{ readonly job: string } | { readonly problem: string }> {
  const answer = await ask("sbatch", "--parsable", ...options, path);
  const job = /^(\d+)(;|\s*$)/.exec(answer.out)?.[1];
  return answer.success && job !== undefined ? { job } : { problem: `${words("sbatch", answer)}.` };
}

/** How many tasks an array job may have. */
export async function largestArray(): Promise<number> {
  const { out } = await ask("scontrol", "show", "config");
  // Without an answer, what a cluster has that was told nothing else.
  return Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(out)?.[1] ?? 1001) - 1;
}

/** Whether a text is the number of a job: it goes to commands of Slurm's, where other words would be options. */
export function isJob(text: string): boolean {
  return /^\d+$/.test(text);
}

/** What Slurm knows of jobs. */
export interface Queue {
  /** By `<job>_<task>`. */
  readonly rows: ReadonlyMap<string, Row>;
  /** The numbers of jobs by their names. */
  readonly jobs: ReadonlyMap<string, string>;
}

/** What Slurm knows of the jobs with these names, those too that ended a short while ago. Throws a {@linkcode UsageError} in its words. */
export async function queueOf(names: readonly string[]): Promise<Queue> {
  const rows = new Map<string, Row>();
  const jobs = new Map<string, string>();
  // Words of a command have a limit.
  for (let i = 0; i < names.length; i += 500) {
    const some = names.slice(i, i + 500);
    const answer = await ask(
      ...[
        "squeue",
        "--noheader",
        "--array",
        "--states=all",
        `--name=${some.join(",")}`,
        "--format=%i|%T|%N|%j|%r",
      ] as const,
    );
    if (!answer.success) throw new UsageError(`--on slurm: ${words("squeue", answer)}.`);
    for (const line of answer.out.split("\n").filter(Boolean)) {
      const [id = "", state = "", nodes = "", name = "", ...reason] = line.split("|");
      const job = id.split("_")[0]!;
      if (!isJob(job) || !some.includes(name)) {
        // Taken for an empty queue, it would have runs that are under way submitted again.
        throw new UsageError(`--on slurm: squeue says what is no row of its queue, "${oneLine(line)}".`);
      }
      rows.set(id, { state, nodes, reason: reason.join("|") });
      jobs.set(name, job);
    }
  }
  return { rows, jobs };
}

/** Tells tasks that wait not to begin: `<job>_<task>` each. Tasks that run are not touched. */
export function cancelWaiting(tasks: readonly string[]): Promise<void> {
  return cancel(["--state=PENDING"], tasks);
}

/** Sends the scripts of tasks that run SIGTERM. Tasks that wait are not touched. */
export function endRunning(tasks: readonly string[]): Promise<void> {
  return cancel(["--batch", "--signal=TERM", "--state=RUNNING"], tasks);
}

/** What scancel refuses, since it has ended already, shows in the queue. */
async function cancel(options: readonly string[], tasks: readonly string[]): Promise<void> {
  for (let i = 0; i < tasks.length; i += 500) await ask("scancel", ...options, ...tasks.slice(i, i + 500));
}

/** A time as sbatch takes it, in whole minutes. */
export function minutesOf(seconds: number): string {
  return String(Math.ceil(seconds / 60));
}
