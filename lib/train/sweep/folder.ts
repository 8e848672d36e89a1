/**
 * The folder of a sweep: `sweep.json` says what it is, and beside it are its runs, each a folder as every other run has. There is no
 * other state: what is done and what is left to do is read from the runs.
 */

import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { shown } from "../../graph/kinds.ts";
import { fits } from "../../systems/option.ts";
import { running } from "../../systems/settings.ts";
import { UsageError } from "../../systems/usage.ts";
import { AppendFile, infoOf, removeLeftovers, writeFileAtomic } from "../files/atomic.ts";
import { reasonOf, WriteError } from "../files/error.ts";
import { checkFolderOf, encodeJson, RunFolder } from "../files/folder.ts";
import { inputsOf } from "../files/inputs.ts";
import { makeFolder, readRegularText, temporary } from "../files/regular.ts";
import { type Spec, specOf, type SweepRun } from "./spec.ts";

/** The file that says what the sweep in a folder is. */
export const sweepName = "sweep.json";
/** What the process that begins runs has locked. */
const lockName = ".lock";

/** What a folder notes of its sweep. */
export interface Noted extends Spec {
  /** How many threads each run was given. */
  readonly threads: number;
}

/** The folder of a sweep that this process works in; nobody else begins runs of it on this machine. */
export class SweepFolder {
  readonly #lock: AppendFile;

  private constructor(readonly path: string, readonly noted: Noted, lock: AppendFile) {
    this.#lock = lock;
  }

  /**
   * Opens the folder of a sweep, or makes it. Throws a {@linkcode UsageError} if another process works in it, and a
   * {@linkcode WriteError} if it cannot be made.
   */
  static open(path: string, given: Noted): SweepFolder {
    try {
      Deno.mkdirSync(path, { recursive: true });
    } catch (error) {
      throw new WriteError(path, error);
    }
    const lock = lockOf(path);
    try {
      removeRemains(path);
      const there = notedSweep(path);
      if (there === null) writeFileAtomic(join(path, sweepName), encodeJson(given));
      return new SweepFolder(path, there ?? given, lock);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** The folder of a run. */
  folderOf({ id }: Pick<SweepRun, "id">): string {
    return join(this.path, id);
  }

  /** Makes the folders of those runs that have none yet. Throws a {@linkcode WriteError}. */
  complete(runs: readonly SweepRun[]): void {
    const there = new Set([...Deno.readDirSync(this.path)].map(({ name }) => name));
    const now = new Date();
    for (const { id, plan: { system, config } } of runs) {
      if (there.has(id)) {
        checkFolderOf(this.path, id);
        continue;
      }
      const own = { ...config, threads: config.threads ?? this.noted.threads };
      RunFolder.createNamed(this.path, id, own, now, inputsOf(system, own));
    }
  }

  /** Lets others work in it. */
  close(): void {
    this.#lock.close();
  }
}

/** Makes the folder in which a launcher keeps what is its own, unless it is there. Gives its path. Throws a {@linkcode WriteError}. */
export function launcherFolder(sweep: string, name: string): string {
  const path = join(sweep, name);
  try {
    makeFolder(path);
    return path;
  } catch (error) {
    throw new WriteError(path, error);
  }
}

function lockOf(path: string): AppendFile {
  const lock = new AppendFile(join(path, lockName));
  if (lock.lock()) return lock;
  lock.close();
  throw new UsageError(`Another process works on the sweep ${path}: wait for it, or stop it first.`);
}

/** Removes what a killed process has left half made. */
function removeRemains(path: string): void {
  removeLeftovers(path);
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory && name.endsWith(temporary)) Deno.removeSync(join(path, name), { recursive: true });
  }
}

function isEmpty(path: string): boolean {
  try {
    // A sweep that was killed before it could say what it is has left no more than these.
    return [...Deno.readDirSync(path)].every(({ name }) => name === lockName || name.endsWith(temporary));
  } catch (error) {
    throw new UsageError(`${path} cannot be opened: ${reasonOf(error)}.`);
  }
}

/** The sweep that is noted in a folder; null if it is none. Throws a {@linkcode UsageError} if that is damaged. */
export function notedSweep(path: string): Noted | null {
  const file = join(path, sweepName);
  if (infoOf(file) === null) return null;
  try {
    const noted: unknown = JSON.parse(readRegularText(file));
    if (typeof noted !== "object" || noted === null) throw new Error("it does not say what is swept");
    const { threads, ...spec } = noted as Record<string, unknown>;
    if (!fits(running.threads, threads)) throw new Error(`threads is ${shown(threads)}`);
    return { ...specOf(spec), threads: threads as number };
  } catch (error) {
    throw new UsageError(`${file} is damaged: ${reasonOf(error).replace(/\.$/, "")}.`);
  }
}

/**
 * The sweep in the folder of one that is given, with its order of axes; null if there is none yet. Throws a {@linkcode UsageError} if
 * there is another one, or something else.
 */
export function sameSweep(path: string, given: Spec): Noted | null {
  const there = notedSweep(path);
  if (there === null && infoOf(path) !== null && !isEmpty(path)) {
    throw new UsageError(`${path} is there, and is no sweep: give this one another name.`);
  }
  if (there !== null) checkSame(path, there, given);
  return there;
}

function checkSame(path: string, there: Noted, given: Spec): void {
  const parts: readonly (keyof Spec)[] = [
    ...["settings", "preset", "axes", "seeds", "search", "draws", "drawSeed", "firstRung", "eta"] as const,
  ];
  const other = parts.find((key) => !isDeepStrictEqual(there[key], given[key]));
  if (other === undefined) return;
  throw new UsageError(
    `${path} holds a sweep with other ${other}: ${shown(there[other])}, not ${
      shown(given[other])
    }. Put that back to go on with ` +
      "it, or give this one another name.",
  );
}
