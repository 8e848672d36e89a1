/**
 * What a sweep has submitted to Slurm, in the folder `.slurm` of the sweep: a folder for each array job. It is made before the job
 * is submitted, and its name is the job's, so that a job is found again whenever the process is killed.
 */

import { dirname, join, resolve } from "node:path";
import { UsageError } from "../../../systems/usage.ts";
import { infoOf, writeFileAtomic } from "../../files/atomic.ts";
import { reasonOf, WriteError } from "../../files/error.ts";
import { readRegularText } from "../../files/regular.ts";
import { launcherFolder } from "../folder.ts";
import type { Job, Work } from "../launcher.ts";
import { isJob } from "./commands.ts";
import { endName, logName, scriptOf } from "./script.ts";

/** The folder of submissions, in that of the sweep. */
const slurmFolder = ".slurm";

/** A run that was submitted: a task of an array job. */
export interface Task {
  /** Of the run. */
  readonly id: string;
  readonly submission: Submission;
  /** Its number in the array. */
  readonly index: number;
}

/** An array job. */
export interface Submission {
  /** As Slurm calls it. */
  readonly name: string;
  /** Its folder, absolute. */
  readonly folder: string;
  /** The ids of its runs, by the number of the task. */
  readonly ids: readonly string[];
  /** The job's number; null if it is not known that there is one. */
  job: string | null;
}

const listName = "jobs.json";
const jobName = "job";
const scriptName = "script.sh";

/** What a sweep has submitted, oldest first. */
export function readSubmissions({ folder }: Work): Submission[] {
  const parent = resolve(launcherFolder(folder, slurmFolder));
  const numbers = [...Deno.readDirSync(parent)].map(({ name }) => Number(name)).filter(Number.isSafeInteger);
  return numbers.sort((a, b) => a - b).flatMap((number) => {
    const own = join(parent, `${number}`);
    // A process that was killed before there was a list has submitted nothing.
    if (!infoOf(join(own, listName))) return [];
    return [{ ...readList(join(own, listName)), folder: launcherFolder(parent, `${number}`), job: readJob(own) }];
  });
}

/** What was submitted. Throws a {@linkcode UsageError} if that is damaged: then nobody knows what Slurm has of it. */
function readList(path: string): Pick<Submission, "name" | "ids"> {
  try {
    const { name, ids } = JSON.parse(readRegularText(path)) ?? {};
    const isWhole = typeof name === "string" && /^[\w.-]+$/.test(name) && Array.isArray(ids) &&
      ids.every((id) => typeof id === "string");
    if (isWhole) return { name, ids };
    throw new Error("it does not say what was submitted");
  } catch (error) {
    throw new UsageError(
      `${path} is damaged: ${reasonOf(error)}. When squeue shows none of its runs any more, remove ${dirname(path)}.`,
    );
  }
}

/** The number of the job, if that was noted; one that cannot be read is asked for by the job's name. */
function readJob(folder: string): string | null {
  const path = join(folder, jobName);
  const text = infoOf(path)?.isFile ? readRegularText(path).trim() : "";
  return isJob(text) ? text : null;
}

/** Makes the folder of a submission. Returns it, and the path of its script. Throws a {@linkcode WriteError}. */
export function prepare(
  work: Work,
  jobs: readonly Job[],
  prologue: string | null,
): { readonly submission: Submission; readonly script: string } {
  const parent = resolve(launcherFolder(work.folder, slurmFolder));
  const { number, folder } = newFolder(parent);
  const unique = crypto.randomUUID().slice(0, 8);
  const name = `${work.name.replaceAll(/[^\w.-]/g, "_")}.${number}.${unique}`;
  const script = join(folder, scriptName);
  const { command, next } = work;
  writeFileAtomic(script, scriptOf({ command, jobs, folder, cwd: Deno.cwd(), next, prologue }));
  const ids = jobs.map(({ id }) => id);
  writeFileAtomic(join(folder, listName), `${JSON.stringify({ name, ids }, null, 2)}\n`);
  return { submission: { name, folder, ids, job: null }, script };
}

/** A folder that was not there, with the next number. */
function newFolder(parent: string): { readonly number: number; readonly folder: string } {
  try {
    for (let number = 1;; number++) {
      const folder = join(parent, `${number}`);
      if (infoOf(folder)) continue;
      Deno.mkdirSync(folder);
      return { number, folder };
    }
  } catch (error) {
    throw new WriteError(parent, error);
  }
}

/** Notes the number of the job that a submission has become. */
export function note(submission: Submission, job: string): void {
  submission.job = job;
  writeFileAtomic(join(submission.folder, jobName), `${job}\n`);
}

/** The tasks of a submission. */
export function tasksOf(submission: Submission): Task[] {
  return submission.ids.map((id, index) => ({ id, submission, index }));
}

/** A task as Slurm calls it. */
export function nameOf({ submission: { job }, index }: Task): string {
  return `${job}_${index}`;
}

/** The path of the logs of a submission as sbatch takes it: %a is the number of a task, %% a %. */
export function logPattern({ folder }: Submission): string {
  return join(folder.replaceAll("%", "%%"), "%a.log");
}

/** The exit code with which a run has ended; null if it has not, or nobody could note it. */
export function endOf({ submission: { folder }, index }: Task): number | null {
  const path = join(folder, endName(index));
  const text = infoOf(path)?.isFile ? readRegularText(path).trim() : "";
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** How many runs of a submission have noted their ends. */
export function countEnds(folder: string): number {
  return [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(endName(""))).length;
}

/** What a task has printed; nothing if it has not begun. */
export function logOf({ submission: { folder }, index }: Task): string {
  const path = join(folder, logName(index));
  return infoOf(path)?.isFile ? readRegularText(path) : "";
}
