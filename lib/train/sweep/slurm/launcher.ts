/** The runs of a sweep as array jobs of Slurm. What it knows is in Slurm's queue and in the sweep's folder `.slurm`. */

import { join } from "node:path";
import { interruptedCode as stoppedCode } from "../../loop/signals.ts";
import type { Job, Launcher, Told, Work } from "../launcher.ts";
import { Pace } from "../pace.ts";
import { lastWords } from "../shell.ts";
import { cancelWaiting, endRunning, largestArray, type Queue, queueOf, type Row, submit } from "./commands.ts";
import {
  countEnds,
  endOf,
  logOf,
  logPattern,
  nameOf,
  note,
  prepare,
  readSubmissions,
  type Submission,
  type Task,
  tasksOf,
} from "./submissions.ts";

/** States in which a task will begin, or has begun, and is not over; a word that Slurm may yet learn is not among them. */
const waiting = new Set(["PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"]);
const running = new Set(["RUNNING", "COMPLETING", "STOPPED", "SUSPENDED", "STAGE_OUT", "SIGNALING", "RESIZING"]);

const backslash = "Slurm writes no log into a folder whose path has a backslash: give the folder another name.";

/** Jobs of Slurm. */
export class SlurmLauncher implements Launcher {
  readonly room = Infinity;
  readonly detached = true;
  readonly #work: Work;
  /** What sbatch is told beside the array. */
  readonly #options: readonly string[];
  readonly #prologue: string | null;
  readonly #submissions: Submission[];
  /** The newest task of each run that may not be over, and of each that was over when it was looked at. */
  readonly #tasks = new Map<string, Task>();
  readonly #problems = new Map<string, string>();
  readonly #pace = new Pace();
  readonly #stopped = new Set<string>();
  #silent = false;
  #told: ReadonlyMap<string, Told> = new Map();

  /** `options` are the words that sbatch is given beside those that make the array. */
  constructor(work: Work, options: readonly string[], prologue: string | null) {
    this.#work = work;
    this.#options = options;
    this.#prologue = prologue;
    this.#submissions = readSubmissions(work);
  }

  async begun(): Promise<readonly string[]> {
    const queue = await this.#ask();
    for (const submission of this.#submissions) {
      for (const task of tasksOf(submission)) {
        const row = queue.rows.get(nameOf(task));
        if (isOpen(task, row)) this.#tasks.set(task.id, task);
      }
    }
    return [...this.#tasks.keys()];
  }

  async start(jobs: readonly Job[]): Promise<void> {
    const most = await largestArray();
    for (let i = 0; i < jobs.length; i += most) await this.#submit(jobs.slice(i, i + most));
    this.#pace.reset();
  }

  async #submit(jobs: readonly Job[]): Promise<void> {
    const { submission, script } = prepare(this.#work, jobs, this.#prologue);
    const answer = submission.folder.includes("\\") ? { problem: backslash } : await submit(script, [
      `--job-name=${submission.name}`,
      `--array=0-${jobs.length - 1}`,
      `--output=${logPattern(submission)}`,
      "--open-mode=append",
      "--requeue",
      ...this.#options,
    ]);
    for (const { id } of jobs) {
      this.#problems.delete(id);
      if ("problem" in answer) this.#problems.set(id, answer.problem);
    }
    if ("problem" in answer) return;
    note(submission, answer.job);
    this.#submissions.push(submission);
    for (const task of tasksOf(submission)) this.#tasks.set(task.id, task);
  }

  async look(): Promise<ReadonlyMap<string, Told>> {
    let queue: Queue;
    try {
      queue = await this.#ask();
    } catch (error) {
      // What runs goes on without the controller: it is asked again.
      if (!this.#silent) this.#work.out.write(`${(error as Error).message} It is asked again, and the runs go on.\n`);
      this.#silent = true;
      return this.#told;
    }
    this.#silent = false;
    const told = new Map<string, Told>();
    for (const [id, problem] of this.#problems) told.set(id, { state: "ended", problem });
    for (const [id, task] of this.#tasks) told.set(id, this.#tell(task, queue.rows.get(nameOf(task))));
    if (JSON.stringify([...told]) !== JSON.stringify([...this.#told])) this.#pace.reset();
    return this.#told = told;
  }

  /** What Slurm knows of all that was submitted and of which something may not be over. */
  async #ask(): Promise<Queue> {
    const open = this.#submissions.filter((submission) => tasksOf(submission).some((task) => !isOver(endOf(task))));
    const queue = await queueOf(open.map(({ name }) => name));
    for (const submission of open) {
      const job = queue.jobs.get(submission.name);
      if (submission.job === null && job !== undefined) note(submission, job);
    }
    return queue;
  }

  #tell(task: Task, row: Row | undefined): Told {
    if (row && isOpen(task, row)) {
      if (running.has(row.state)) return { state: "running", where: row.nodes };
      return row.reason === "None" ? { state: "waiting" } : { state: "waiting", why: row.reason };
    }
    const problem = this.#problemOf(task, row);
    return problem === null ? { state: "ended" } : { state: "ended", problem };
  }

  /** A sentence for a run that did not end well, which its folder may not tell. */
  #problemOf(task: Task, row: Row | undefined): string | null {
    const end = endOf(task);
    if (end === 0) return null;
    if (end === stoppedCode) return "It was stopped, and is saved.";
    const log = logOf(task);
    if (end !== null) return lastWords(log) ?? `It ended with exit code ${end}.`;
    if (this.#stopped.has(task.id)) return "It was stopped.";
    return lossOf(row, log, nameOf(task), join(task.submission.folder, `${task.index}.log`));
  }

  /** Slurm is asked now and then; that a run has ended shows in the folder at once. */
  async changed(): Promise<void> {
    const before = this.#ends();
    await this.#pace.wait(() => this.#ends() !== before);
  }

  /** How many runs have ended. */
  #ends(): number {
    const folders = new Set([...this.#tasks.values()].map(({ submission: { folder } }) => folder));
    return [...folders].reduce((sum, folder) => sum + countEnds(folder), 0);
  }

  async stop(ids: readonly string[] = [...this.#tasks.keys()]): Promise<void> {
    this.#pace.reset();
    const tasks = ids.flatMap((id) => this.#tasks.get(id) ?? []);
    for (;;) {
      const { rows } = await this.#ask();
      const states = tasks.map((task) => rows.get(nameOf(task))?.state ?? "");
      const inState = (of: (state: string) => boolean) => tasks.filter((_, i) => of(states[i]!));
      const idle = inState((state) => waiting.has(state));
      if (!tasks.some((task) => isOpen(task, rows.get(nameOf(task))))) return;
      // A second signal would end a run at once.
      const fresh = inState((state) => state === "RUNNING").filter(({ id }) => !this.#stopped.has(id));
      for (const { id } of [...idle, ...fresh]) this.#stopped.add(id);
      await cancelWaiting(idle.map(nameOf));
      await endRunning(fresh.map(nameOf));
      await this.#pace.wait();
    }
  }

  get farewell(): readonly string[] {
    const isOver = (id: string) => this.#stopped.has(id) || this.#told.get(id)?.state === "ended";
    const tasks = [...this.#tasks].filter(([id]) => !isOver(id)).map(([, task]) => task);
    const open = new Set(tasks.map(({ submission }) => submission.job));
    const jobs = [...open].join(",");
    return open.size === 0 ? [] : [
      `Slurm has them as job ${jobs}: squeue --jobs=${jobs} shows it, scancel ${
        [...open].join(" ")
      } ends and saves it.`,
    ];
  }
}

/** Whether Slurm has nothing more to say of a task that has ended so; one that was stopped may have to wait again. */
function isOver(end: number | null): boolean {
  return end !== null && end !== stoppedCode;
}

/** Whether a task will begin, or has begun and is not over; its own word for that comes before Slurm knows. */
function isOpen(task: Task, row: Row | undefined): boolean {
  return row !== undefined && (waiting.has(row.state) || (running.has(row.state) && !isOver(endOf(task))));
}

/** Why there is no exit code of a task, by what Slurm says and by what it wrote into the log. */
function lossOf(row: Row | undefined, log: string, name: string, path: string): string {
  const due = log.match(/slurmstepd[^\n]*\*\*\* JOB \d+ ON (\S+) CANCELLED AT \S+ ?([^*\n]*)\*\*\*/g)?.at(-1);
  const state = row?.state ?? "";
  if (state === "TIMEOUT" || due?.includes("TIME LIMIT")) {
    return `Its time was over before it had saved (job ${name}): give --time more, or make its iterations shorter.`;
  }
  if (state === "NODE_FAIL" || due?.includes("NODE FAILURE")) return `Its node went down (job ${name}).`;
  if (state === "OUT_OF_MEMORY") {
    return `Its memory was not enough (job ${name}): ask for more by a line "#SBATCH --mem=8G" in the prologue.`;
  }
  if (state === "CANCELLED" || due) return `It was cancelled (job ${name}).`;
  const said = lastWords(log);
  const last = said === null ? `${path} is empty` : `${path} ends with "${said}"`;
  const known = row
    ? `Slurm says ${state}${row.reason === "None" ? "" : ` (${row.reason})`} of`
    : "Slurm has forgotten";
  return `${known} job ${name}, and its exit code is not known; ${last}.`;
}
