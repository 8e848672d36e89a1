/** `--on local`: runs as processes of this machine, as many as there are cores for. */

import { join } from "node:path";
import { availableParallelism } from "node:os";
import { integer, type NumberOption } from "../../systems/option.ts";
import { oneLine } from "../../systems/text.ts";
import { infoOf, removeIfThere, writeFileAtomic } from "../files/atomic.ts";
import { reasonOf, WriteError } from "../files/error.ts";
import { readRegularText } from "../files/regular.ts";
import { launcherFolder } from "./folder.ts";
import type { Engine, Job, Launcher, Told, Work } from "./launcher.ts";
import { isTrained } from "./standing.ts";

const options = {
  processes: {
    ...integer(1, 1024, 1, "local: runs at a time, or one a core"),
    initial: null,
  } as NumberOption<null>,
};

/** Where the numbers of processes are noted, for who stops a sweep that another process has begun. */
const notesName = ".local";

/** Milliseconds between two looks at runs of which no process tells when they end. */
const lookEvery = 1000;
/** So much of what a process says last is kept. */
const lastWords = 4000;

/** The threads of each of so many runs: where there are fewer of them than cores, the cores are shared out. */
export function threadsFor(runs: number, processes: number | null, cores: number = availableParallelism()): number {
  return Math.max(1, Math.floor(cores / Math.min(processes ?? Infinity, runs)));
}

/** How many runs there are at a time: as many as are asked for, or fit. */
function roomFor(processes: number | null, threads: number): number {
  return processes ?? Math.max(1, Math.floor(availableParallelism() / threads));
}

/** The row of `--on`. */
export const local: Engine = {
  name: "local",
  help: "processes of this machine, as many as it has cores",
  options,
  check: ({ processes }, runs) => Promise.resolve({ threads: threadsFor(runs, processes as number | null) }),
  roomFor: ({ processes }, threads) => roomFor(processes as number | null, threads),
  open: (work, { processes }) => Promise.resolve(new Local(work, processes as number | null)),
};

interface Child {
  readonly process: Deno.ChildProcess;
  /** The end of what it has written to standard error. */
  said: string;
}

/** See the file's first line. */
class Local implements Launcher {
  readonly room: number;
  readonly detached = false;
  readonly #children = new Map<string, Child>();
  /** Runs that processes train which this one has not begun, or does not hear from. */
  readonly #others = new Set<string>();
  /** Jobs that have ended, until they are told. */
  readonly #ended = new Map<string, Told>();
  #wake = () => {};

  constructor(readonly work: Work, processes: number | null) {
    this.room = roomFor(processes, work.threads);
    launcherFolder(work.folder, notesName);
  }

  #notes(...name: string[]): string {
    return join(this.work.folder, notesName, ...name);
  }

  #folder(id: string): string {
    return join(this.work.folder, id);
  }

  begun(): Promise<readonly string[]> {
    // Whoever has begun something has noted it, but for the moment in which it was killed.
    const names = [...Deno.readDirSync(this.work.folder)].map(({ name }) => name);
    const trained = names.filter((id) => !id.startsWith(".") && isTrained(this.#folder(id)));
    for (const id of trained) this.#others.add(id);
    for (const { name } of Deno.readDirSync(this.#notes())) if (!this.#others.has(name)) this.#forget(name);
    return Promise.resolve(trained);
  }

  start(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) this.#begin(job);
    return Promise.resolve();
  }

  #begin({ id, arguments: args }: Job): void {
    const [program, ...first] = this.work.command;
    try {
      const process = new Deno.Command(program!, {
        args: [...first, ...args],
        stdin: "null",
        stdout: "null",
        stderr: "piped",
        // Ctrl-C of the terminal is for the sweep, which hands it on.
        detached: true,
      }).spawn();
      // An end of this process does not have to wait for it.
      process.unref();
      const child: Child = { process, said: "" };
      this.#children.set(id, child);
      this.#follow(id, child);
      this.#note(id, process.pid);
    } catch (error) {
      this.#ended.set(id, { state: "ended", problem: `The process could not be begun: ${reasonOf(error)}.` });
    }
  }

  async #follow(id: string, child: Child): Promise<void> {
    const listen = async (): Promise<void> => {
      for await (const text of child.process.stderr.pipeThrough(new TextDecoderStream())) {
        child.said = (child.said + text).slice(-lastWords);
      }
    };
    const [{ success, code, signal }] = await Promise.all([child.process.status, listen()]);
    this.#children.delete(id);
    // Another process was faster.
    if (!success && isTrained(this.#folder(id))) this.#others.add(id);
    else {
      this.#forget(id);
      const said = /error: ([^]*)/.exec(child.said)?.[1]?.trim() ?? "";
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
      const problem = said === "" ? `The process ended ${how}.` : oneLine(said.split("\n")[0]!);
      this.#ended.set(id, success || code === 130 ? { state: "ended" } : { state: "ended", problem });
    }
    this.#wake();
  }

  #note(id: string, pid: number): void {
    try {
      writeFileAtomic(this.#notes(id), String(pid));
    } catch (error) {
      // The disk is full: the run itself will say so. Without a note only this process can stop it.
      if (!(error instanceof WriteError)) throw error;
    }
  }

  #forget(id: string): void {
    removeIfThere(this.#notes(id));
  }

  look(): Promise<ReadonlyMap<string, Told>> {
    const told = new Map<string, Told>(this.#ended);
    this.#ended.clear();
    for (const id of this.#children.keys()) told.set(id, { state: "running" });
    for (const id of this.#others) {
      if (isTrained(this.#folder(id))) told.set(id, { state: "running", where: "begun before" });
      else {
        this.#others.delete(id);
        this.#forget(id);
        told.set(id, { state: "ended" });
      }
    }
    return Promise.resolve(told);
  }

  changed(): Promise<void> {
    return this.#ended.size > 0 ? Promise.resolve() : this.#next();
  }

  /** Kept when a process ends, or after a while. */
  #next(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, lookEvery);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async stop(ids?: readonly string[]): Promise<void> {
    const wanted = (id: string): boolean => ids === undefined || ids.includes(id);
    for (const [id, { process }] of this.#children) if (wanted(id)) end(process.pid);
    for (const id of this.#others) {
      const pid = wanted(id) ? this.#pidOf(id) : null;
      if (pid !== null) end(pid);
    }
    const left = (): boolean => [...this.#children.keys()].some(wanted) || this.#goOn(wanted);
    while (left()) await this.#next();
  }

  /** Whether runs that others have begun, and that were asked to end, have not yet. */
  #goOn(wanted: (id: string) => boolean): boolean {
    return [...this.#others].some((id) => wanted(id) && this.#pidOf(id) !== null && isTrained(this.#folder(id)));
  }

  /** The process that trains a run, if it was noted. */
  #pidOf(id: string): number | null {
    if (infoOf(this.#notes(id)) === null) return null;
    const pid = Number(readRegularText(this.#notes(id)));
    return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
  }
}

/** Asks a process to end as Ctrl-C does, unless it has ended. */
function end(pid: number): void {
  try {
    Deno.kill(pid, Deno.build.os === "windows" ? "SIGINT" : "SIGTERM");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
  }
}
