/** Ray's Jobs by its REST interface: what is asked, and what the answers mean. */

import { oneLine } from "../../../systems/text.ts";
import { UsageError } from "../../../systems/usage.ts";
import { addressOf, Line, NoAnswer, type Reply } from "./line.ts";

/** How Ray says that a job stands. */
export type Status = "PENDING" | "RUNNING" | "STOPPED" | "SUCCEEDED" | "FAILED";

/** What Ray knows of a job. */
export interface JobDetails {
  readonly submission_id: string | null;
  readonly status: Status;
  readonly entrypoint: string;
  readonly message: string | null;
  readonly error_type: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly driver_agent_http_address: string | null;
  readonly driver_exit_code: number | null;
}

/** What is submitted. */
export interface Submission {
  readonly submission_id: string;
  readonly entrypoint: string;
  readonly entrypoint_num_cpus: number;
  readonly entrypoint_num_gpus?: number;
  readonly runtime_env: { readonly env_vars: Readonly<Record<string, string>> };
  readonly metadata: Readonly<Record<string, string>>;
}

/** A head of Ray. */
export class RayHead {
  readonly #line: Line;

  /** The head at an address; see {@linkcode addressOf}. */
  constructor(readonly address: string) {
    this.#line = new Line(addressOf(address));
  }

  /** Throws a {@linkcode UsageError} unless a head of Ray answers. */
  async check(): Promise<void> {
    const reply = await this.#ask("GET", "/api/version");
    const version = jsonOf(reply) as { ray_version?: unknown } | null;
    if (reply.status === 200 && typeof version?.ray_version === "string") return;
    throw this.#strange(reply);
  }

  /** Throws a {@linkcode UsageError} if no answer comes. */
  async #ask(method: string, path: string, body?: unknown): Promise<Reply> {
    try {
      return await this.#line.request(method, path, body);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      throw new UsageError(
        `--on ray: ${this.address} does not answer (${error.message}): start the head, or give --address as its ` +
          "dashboard has it.",
      );
    }
  }

  #strange(reply: Reply): UsageError {
    return new UsageError(
      `--on ray: ${this.address} answers, but not as a head of Ray does (${said(reply)}): give --address as its ` +
        "dashboard has it.",
    );
  }

  /** All jobs. Throws a {@linkcode UsageError} if it does not say. */
  async jobs(): Promise<readonly JobDetails[]> {
    const reply = await this.#ask("GET", "/api/jobs/");
    const jobs = jsonOf(reply);
    const details = reply.status === 200 && Array.isArray(jobs) ? jobs.map(detailsOf) : [null];
    if (!details.includes(null)) return details as JobDetails[];
    throw this.#strange(reply);
  }

  /** Submits a job. Returns why it is not taken; null if it is, or was before. */
  async submit(job: Submission): Promise<string | null> {
    const reply = await this.#ask("POST", "/api/jobs/", job);
    // Somebody has submitted it when no answer came, or in another process.
    return reply.status === 200 || reply.text.includes("already exists")
      ? null
      : `Ray does not take it (${said(reply)}).`;
  }

  /** Asks a job to end. That it is over, or not known, shows in {@linkcode RayHead.jobs}. */
  async stop(id: string): Promise<void> {
    await this.#ask("POST", `/api/jobs/${encodeURIComponent(id)}/stop`);
  }

  /** Follows what a job prints, from its beginning. */
  follow(id: string, hear: (text: string) => void, done: () => void): void {
    this.#line.follow(`/api/jobs/${encodeURIComponent(id)}/logs/tail`, hear, done);
  }

  /** What a job has printed; nothing if that is gone. */
  async logs(id: string): Promise<string> {
    const reply = await this.#ask("GET", `/api/jobs/${encodeURIComponent(id)}/logs`);
    return textOr((jsonOf(reply) as { logs?: unknown } | null)?.logs) ?? "";
  }

  /** Ends the line to it. */
  close(): Promise<void> {
    return this.#line.close();
  }
}

const textOr = (value: unknown): string | null => typeof value === "string" ? value : null;

/** What is said of a job, of which what is no text or number is left out; null if nothing is said that tells how it stands. */
function detailsOf(said: unknown): JobDetails | null {
  const job = (said ?? {}) as Readonly<Record<string, unknown>>;
  const status = textOr(job.status);
  const metadata = Object.entries(job.metadata ?? {}).filter(([, value]) => typeof value === "string");
  return status === null ? null : {
    submission_id: textOr(job.submission_id),
    status: status as Status,
    entrypoint: textOr(job.entrypoint) ?? "",
    message: textOr(job.message),
    error_type: textOr(job.error_type),
    metadata: Object.fromEntries(metadata),
    driver_agent_http_address: textOr(job.driver_agent_http_address),
    driver_exit_code: typeof job.driver_exit_code === "number" ? job.driver_exit_code : null,
  };
}

function jsonOf({ text }: Reply): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What an answer says that is none: the last line of what a Python program says of an exception tells which. */
function said({ status, text }: Reply): string {
  const line = text.split("\n").map((line) => line.trim()).filter((line) => !/^[.\s]*$/.test(line)).at(-1);
  return `${status}${line === undefined ? "" : ` "${oneLine(line)}"`}`;
}
