/**
 * The runs of a sweep as jobs of Ray. What is under way is asked of the head: each job's metadata say of which sweep and run it is,
 * and its name is such that it cannot be submitted twice.
 */

import { join } from "node:path";
import { AppendFile, infoOf, writeFileAtomic } from "../../files/atomic.ts";
import { reasonOf, textOf, WriteError } from "../../files/error.ts";
import { isTaken, readRegularText } from "../../files/regular.ts";
import { oneLine, printable } from "../../../systems/text.ts";
import { UsageError } from "../../../systems/usage.ts";
import { launcherFolder } from "../folder.ts";
import type { Job, Launcher, Told, Work } from "../launcher.ts";
import type { Needs } from "../needs.ts";
import { Pace } from "../pace.ts";
import { lastWords } from "../shell.ts";
import type { JobDetails, RayHead } from "./client.ts";
import { entrypointOf } from "./entrypoint.ts";

/** The launcher's own folder, in that of the sweep: what the jobs print, and the name of the sweep among all of the head's. */
const rayFolder = ".ray";

/** Ray kills what has not ended so long after it was asked to: an iteration takes less. */
const secondsToSave = 600;

/** How Ray says that a run stands: the newest of its jobs. */
interface Attempt {
  readonly number: number;
  readonly details: JobDetails;
}

/** Jobs of Ray. */
export class RayLauncher implements Launcher {
  /** Ray gives up jobs that have waited for a quarter of an hour: there is somebody who keeps the others. */
  readonly detached = false;
  readonly #work: Work;
  readonly #head: RayHead;
  readonly #needs: Needs;
  readonly #token: string;
  readonly #pace = new Pace();
  /** What was begun, with the job as it was asked for; of what another process has begun that is not known. */
  readonly #jobs = new Map<string, Job | null>();
  readonly #problems = new Map<string, string>();
  readonly #followed = new Set<string>();
  readonly #stopped = new Set<string>();
  #attempts = new Map<string, Attempt>();
  #told: ReadonlyMap<string, Told> = new Map();
  #silent = false;
  #isFull = false;

  /** The jobs of a sweep at a head. Throws a {@linkcode WriteError}. */
  constructor(work: Work, head: RayHead, needs: Needs) {
    this.#work = work;
    this.#head = head;
    this.#needs = needs;
    this.#token = tokenOf(launcherFolder(work.folder, rayFolder));
  }

  /** What is under way, and as many more as wait for a place: more of them where many run. */
  get room(): number {
    const states = [...this.#told.values()].map(({ state }) => state);
    const count = (state: Told["state"]) => states.filter((x) => x === state).length;
    return count("running") + Math.max(count("waiting"), 2, count("running"));
  }

  async begun(): Promise<readonly string[]> {
    await this.#ask();
    for (const [id, { details }] of this.#attempts) if (!isOver(details)) this.#jobs.set(id, null);
    await this.look();
    return [...this.#jobs.keys()];
  }

  async start(jobs: readonly Job[]): Promise<void> {
    this.#pace.reset();
    for (const job of jobs) {
      this.#problems.delete(job.id);
      this.#stopped.delete(job.id);
      this.#jobs.set(job.id, job);
      await this.#submit(job);
    }
  }

  async #submit(job: Job): Promise<void> {
    const number = (this.#attempts.get(job.id)?.number ?? 0) + 1;
    const { cpus, gpus } = this.#needs;
    let problem: string | null;
    try {
      problem = await this.#head.submit({
        submission_id: this.#nameOf(job.id, number),
        entrypoint: entrypointOf(job, this.#work.command, Deno.cwd(), Deno.version.deno),
        entrypoint_num_cpus: cpus,
        ...gpus !== null && { entrypoint_num_gpus: gpus },
        runtime_env: { env_vars: { RAY_JOB_STOP_WAIT_TIME_S: `${secondsToSave}` } },
        metadata: { sweep: this.#token, run: job.id, attempt: `${number}` },
      });
    } catch (error) {
      problem = textOf(error);
    }
    if (problem !== null) this.#problems.set(job.id, problem);
  }

  #nameOf(id: string, number: number): string {
    return `${this.#work.name}-${this.#token.slice(0, 8)}-${id}-${number}`.replaceAll(/[^\w.-]/g, "_");
  }

  async look(): Promise<ReadonlyMap<string, Told>> {
    try {
      await this.#ask();
    } catch (error) {
      if (!this.#silent) {
        this.#work.out.write(`${textOf(error)} It is asked again, and the runs go on.\n`);
      }
      this.#silent = true;
      return this.#told;
    }
    this.#silent = false;
    const told = new Map<string, Told>();
    for (const [id, job] of this.#jobs) {
      const attempt = this.#attempts.get(id);
      if (job !== null && attempt?.details.error_type === "JOB_SUPERVISOR_ACTOR_START_TIMEOUT") {
        // It has waited for as long as Ray lets jobs wait, and waits again.
        await this.#submit(job);
        told.set(id, { state: "waiting" });
      } else told.set(id, await this.#tell(id, attempt));
    }
    for (const [id, problem] of this.#problems) told.set(id, { state: "ended", problem });
    if (JSON.stringify([...told]) !== JSON.stringify([...this.#told])) this.#pace.reset();
    return this.#told = told;
  }

  /** Asks for all jobs, and keeps the newest of each of the sweep's runs. */
  async #ask(): Promise<void> {
    const attempts = new Map<string, Attempt>();
    for (const details of await this.#head.jobs()) {
      const { sweep, run = "", attempt } = details.metadata ?? {};
      const number = Number(attempt);
      if (sweep !== this.#token || !isName(run) || !(number >= (attempts.get(run)?.number ?? 0))) continue;
      attempts.set(run, { number, details });
    }
    this.#attempts = attempts;
  }

  async #tell(id: string, attempt: Attempt | undefined): Promise<Told> {
    if (attempt === undefined) {
      return {
        state: "ended",
        problem: "Ray has forgotten its job: its head was started anew, or somebody has deleted it.",
      };
    }
    const { details: { status, driver_agent_http_address: agent } } = attempt;
    if (status === "PENDING") return { state: "waiting" };
    if (status === "RUNNING") {
      this.#follow(id, attempt);
      return { state: "running", ...agent !== null && URL.canParse(agent) && { where: new URL(agent).hostname } };
    }
    const log = await this.#keepLog(id, attempt);
    const problem = this.#problemOf(id, attempt.details, log);
    return problem === null ? { state: "ended" } : { state: "ended", problem };
  }

  /** Keeps what a job prints, as it comes, in a file. */
  #follow(id: string, { number }: Attempt): void {
    const name = this.#nameOf(id, number);
    if (this.#followed.has(name)) return;
    this.#followed.add(name);
    const path = this.#logPath(id, number);
    this.#keep(() => {
      const log = new AppendFile(path);
      log.truncate(0);
      this.#head.follow(name, (text) => this.#keep(() => log.append(text)), () => log.close());
    });
  }

  /** Writes of a log, which is for who reads it: a disk that takes no more ends no sweep. */
  #keep(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof WriteError)) throw error;
      if (!this.#isFull) {
        this.#work.out.write(`${printable(error.message)} What jobs print is not kept, and they go on.\n`);
      }
      this.#isFull = true;
    }
  }

  /** Keeps all that a job has printed, which Ray will forget. Returns it. */
  async #keepLog(id: string, { number, details: { entrypoint } }: Attempt): Promise<string> {
    const path = this.#logPath(id, number);
    const key = `all of ${path}`;
    if (this.#followed.has(key)) return infoOf(path)?.isFile ? readRegularText(path) : "";
    this.#followed.add(key);
    const said = await this.#head.logs(this.#nameOf(id, number)).catch(() => "");
    // What was submitted is there too, in between.
    const log = said.replace(`Running entrypoint for job ${this.#nameOf(id, number)}: ${entrypoint}\n`, "");
    if (log !== "") this.#keep(() => writeFileAtomic(path, log));
    return log;
  }

  #logPath(id: string, number: number): string {
    return join(this.#work.folder, rayFolder, `${id}.${number}.log`);
  }

  /** A sentence for a run that did not end well, which its folder may not tell. */
  #problemOf(id: string, details: JobDetails, log: string): string | null {
    const { status, driver_exit_code: code, message } = details;
    if (status === "SUCCEEDED") return null;
    if (code === 130 || status === "STOPPED") {
      return this.#stopped.has(id) ? "It was stopped, and is saved." : "Somebody has stopped its job, and it is saved.";
    }
    if (code !== null) return lastWords(log) ?? `It ended with exit code ${code}.`;
    return `Ray lost its job: "${oneLine(message?.split("\n")[0] ?? status)}".`;
  }

  changed(): Promise<void> {
    return this.#pace.wait();
  }

  async stop(ids: readonly string[] = [...this.#jobs.keys()]): Promise<void> {
    this.#pace.reset();
    for (;;) {
      await this.#ask();
      const open = ids.filter((id) => this.#attempts.has(id) && !isOver(this.#attempts.get(id)!.details));
      if (open.length === 0) return;
      // A second signal would end a run at once.
      for (const id of open.filter((id) => !this.#stopped.has(id))) {
        this.#stopped.add(id);
        await this.#head.stop(this.#nameOf(id, this.#attempts.get(id)!.number));
      }
      await this.#pace.wait();
    }
  }

  /** Ends the line to the head. */
  close(): Promise<void> {
    return this.#head.close();
  }
}

function isOver({ status }: JobDetails): boolean {
  return status !== "PENDING" && status !== "RUNNING";
}

/** Whether a run that a head speaks of may be one of a sweep: its logs are called by it. */
function isName(run: string): boolean {
  return /^\w[\w.-]*$/.test(run);
}

/** What tells a sweep from all others of a head: made once, in its folder. Throws a {@linkcode UsageError} if it is damaged. */
function tokenOf(folder: string): string {
  const path = join(folder, "token");
  if (!isTaken(path)) writeFileAtomic(path, crypto.randomUUID());
  try {
    const token = readRegularText(path).trim();
    if (/^[\w-]{8,64}$/.test(token)) return token;
    throw new Error("it is no name of a sweep");
  } catch (error) {
    throw new UsageError(
      `${path} is damaged: ${reasonOf(error)}. When Ray has none of its runs any more, remove that file.`,
    );
  }
}
