/** Files that survive a kill, a full disk and a crash: written whole or not at all, or only ever appended to. */

import { dirname, join } from "node:path";
import { WriteError } from "./error.ts";
import { isTaken, openRegular, readRegular, temporary, temporaryFor } from "./regular.ts";

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}

/** Makes a renamed or new name in `folder` durable. Windows cannot open folders and does not need it. */
function syncFolder(folder: string): void {
  if (Deno.build.os === "windows") return;
  using file = Deno.openSync(folder);
  file.syncSync();
}

/**
 * Replaces the file at `path` by `content`, or leaves it as it was, whatever stops the process in between. Throws a
 * {@linkcode WriteError}.
 */
export function writeFileAtomic(path: string, content: Uint8Array | string): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const part = temporaryFor(path);
  try {
    {
      using file = Deno.openSync(part, { write: true, createNew: true });
      writeAll(file, bytes);
      file.syncSync();
    }
    Deno.renameSync(part, path);
    syncFolder(dirname(path));
  } catch (error) {
    try {
      removeIfThere(part);
    } catch {
      // Who may not write may not remove either: what failed first is the error to tell.
    }
    throw new WriteError(path, error);
  }
}

/** Removes the half-written files that a killed {@linkcode writeFileAtomic} left in `folder`. */
export function removeLeftovers(folder: string): void {
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.isFile && entry.name.endsWith(temporary)) removeIfThere(`${folder}/${entry.name}`);
  }
}

/** What is at `path`; null if there is nothing, or nothing that can be looked at. */
export function infoOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}

/** Copies a file of which a part is to be cut, to a free name in its folder: `events.damaged-1.bin`. Returns the copy's path. */
export function setAside(path: string, [stem, ending]: readonly [string, string]): string {
  const content = readRegular(path);
  for (let copy = 1;; copy++) {
    const aside = join(dirname(path), `${stem}.damaged-${copy}.${ending}`);
    if (isTaken(aside)) continue;
    // Whole or not at all: half a copy would be taken for what there was.
    writeFileAtomic(aside, content);
    return aside;
  }
}

/** Removes a file; it is fine if there is none. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
}

/** Milliseconds for which a lock is tried for. */
const lockPatience = 200;

/**
 * Locks a file, for this process alone or beside others that look. Tries for a moment: one who looks whether a run is locked holds
 * it for an instant, and so does a process that is just being started by another part of the one that has let go.
 */
export function tryLock(file: Deno.FsFile, exclusive: boolean): boolean {
  for (let waited = 0; !file.tryLockSync(exclusive); waited += 10) {
    if (waited >= lockPatience) return false;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
  return true;
}

/** A file that only grows, by whole pieces. */
export class AppendFile {
  #file: Deno.FsFile;
  #size: number;

  /** Opens `path`, or makes it. A link there is not followed. */
  constructor(public path: string) {
    try {
      this.#file = openRegular(path);
      this.#size = this.#file.seekSync(0, Deno.SeekMode.End);
    } catch (error) {
      throw new WriteError(path, error);
    }
  }

  /**
   * Whether no other process has locked the file; then this one has, until it ends. On file systems without locks (some
   * of clusters) the answer is always true.
   */
  lock(): boolean {
    try {
      return tryLock(this.#file, true);
    } catch (error) {
      if (/not (implemented|supported)|no locks/i.test((error as Error).message)) return true;
      throw new WriteError(this.path, error);
    }
  }

  /** Puts `content` in the place of all that it holds, whole or not at all. A lock of it ends. */
  replace(content: Uint8Array): void {
    writeFileAtomic(this.path, content);
    this.#file.close();
    this.#file = openRegular(this.path);
    this.#size = this.#file.seekSync(0, Deno.SeekMode.End);
  }

  /** Adds `content` at the end: all of it, or nothing and a {@linkcode WriteError}. */
  append(content: Uint8Array | string): void {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    try {
      writeAll(this.#file, bytes);
      this.#size += bytes.length;
    } catch (error) {
      this.#undo();
      throw new WriteError(this.path, error);
    }
  }

  /** Removes what a failed append has written. */
  #undo(): void {
    try {
      this.truncate(this.#size);
    } catch {
      // A device that takes no cut keeps a torn end: readers stop there. The failed write is the error to tell.
    }
  }

  /** Cuts the file to its first `size` bytes. */
  truncate(size: number): void {
    this.#file.truncateSync(size);
    this.#size = this.#file.seekSync(0, Deno.SeekMode.End);
  }

  /** Returns when what was appended is on the disk. */
  sync(): void {
    try {
      this.#file.syncSync();
    } catch (error) {
      throw new WriteError(this.path, error);
    }
  }

  /** Closes it, and ends the lock. */
  close(): void {
    this.#file.close();
  }
}
