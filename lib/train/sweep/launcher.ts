/**
 * Where the runs of a sweep are trained: by processes of this machine, by Slurm, by Ray. The sweep says what is to be trained, a
 * launcher begins it and tells what its engine knows. What a run came to is said by its folder alone, whoever has trained it.
 */

import type { Output } from "../loop/progress.ts";
import type { Table } from "../../systems/option.ts";

/** Something to be trained: a run from where it is, to its end or to an iteration at which it is judged. */
export interface Job {
  /** Of the run, unique in the sweep, and a part of a file's name: `007-s1`. */
  readonly id: string;
  /** The run's own folder, from the working folder. It is there, with its config.json, before the job begins. */
  readonly folder: string;
  /** The iteration after which it is to end; that of the whole run unless the search is one that halves. */
  readonly until: number;
  /** What `deno task train` is given: `--resume FOLDER`, which begins a run that has no checkpoint, and `--until N` where it ends early. */
  readonly arguments: readonly string[];
}

/** How an engine says that a job stands. What the run has learned is in its folder. */
export type Told =
  /** Taken, and not begun. `why`: what the engine says that it waits for. */
  | { readonly state: "waiting"; readonly why?: string }
  | { readonly state: "running"; readonly where?: string }
  /** `problem`: a sentence for what the folder does not say: the node went down, the job was cancelled; the last words of a process. */
  | { readonly state: "ended"; readonly problem?: string };

/** What a launcher knows of the sweep that it works for. */
export interface Work {
  /** The sweep's name, a part of a file's name. */
  readonly name: string;
  /** Its folder, from the working folder. A launcher may keep files there, in a folder of its own that begins with a dot: `.slurm`. */
  readonly folder: string;
  /** How many runs it has. */
  readonly runs: number;
  /** How many threads each run computes with. */
  readonly threads: number;
  /** The program that trains and its first arguments, those of a job follow: `deno`, `run`, its rights, `tasks/train.ts`; absolute paths. */
  readonly command: readonly string[];
  /**
   * The command that begins what is next and ends, where that is not known before other runs have ended and this process does not
   * stay to see it: for an engine that goes on by itself, when a run has ended. Null where nothing comes later.
   */
  readonly next: readonly string[] | null;
  /** For what is told beside the progress. */
  readonly out: Output;
}

/** Jobs of one sweep in one engine. It is made after everything about the sweep was checked. */
export interface Launcher {
  /** How many jobs there may be that are waiting or running. Infinity where the engine has a queue of its own. */
  readonly room: number;
  /** Whether what was begun goes on when this process ends. Then the command ends when all is begun, unless it is to watch. */
  readonly detached: boolean;
  /**
   * Jobs that a process before this one has begun and that are not over, by the ids of their runs: asked once, before anything
   * is begun, so that nothing is begun twice.
   */
  begun(): Promise<readonly string[]>;
  /** Begins jobs, as many as there is room for. A job that cannot be begun is told as ended, with its problem. */
  start(jobs: readonly Job[]): Promise<void>;
  /** What the engine says of jobs that were begun. One that is not there any more has ended. */
  look(): Promise<ReadonlyMap<string, Told>>;
  /** Kept when something may have changed, or after a while. */
  changed(): Promise<void>;
  /** Ends jobs as Ctrl-C does: the iteration under way is ended and saved. All that is begun, unless ids are given. Kept when they have ended. */
  stop(ids?: readonly string[]): Promise<void>;
  /** Lets go of what it holds of this process. Asked once, when the command ends. */
  close?(): Promise<void>;
  /** What is told when the command ends while jobs go on: how to look at them and how to stop them. */
  readonly farewell?: readonly string[];
}

/** A kind of launcher: a row of the table of `--on`. */
export interface Engine {
  /** As `--on` and the YAML call it. */
  readonly name: string;
  /** What it is, for `--help`. */
  readonly help: string;
  /** Its flags; the YAML takes them too, under its name. */
  readonly options: Table;
  /**
   * Throws a UsageError where the engine is not there, or what it is asked for does not exist: before anything is written. Also
   * says how many threads each of so many runs gets: it goes to the runs' configurations, on which their numbers depend.
   */
  check(values: Readonly<Record<string, unknown>>, runs: number): Promise<{ readonly threads: number }>;
  /** How many jobs there may be at a time, as the launcher will have it; each computes with so many threads. */
  roomFor(values: Readonly<Record<string, unknown>>, threads: number): number;
  /** Makes the launcher. `values` are those of its options. */
  open(work: Work, values: Readonly<Record<string, unknown>>): Promise<Launcher>;
}
