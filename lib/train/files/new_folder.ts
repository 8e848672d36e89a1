/** New folders, that nobody else has: named by the time, and filled whole or not at all. */

import { join } from "node:path";
import { WriteError } from "./error.ts";
import { temporaryFor } from "./regular.ts";

/** The local time as a name that sorts: `2030-01-31_12-00-00`. */
export function timestamp(now: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  return `${day}_${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-")}`;
}

/** Makes something under a name that nobody has: `name`, or `name-2` and so on. Returns its path. */
function underFreeName(parent: string, name: string, make: (path: string) => void): string {
  for (let copy = 1;; copy++) {
    const path = join(parent, copy === 1 ? name : `${name}-${copy}`);
    try {
      make(path);
      return path;
    } catch (error) {
      if (!isTakenName(error)) throw error;
    }
  }
}

/** Whether the name is somebody's. Not by the words of the error, which hold the path. */
function isTakenName(error: unknown): boolean {
  return error instanceof Deno.errors.AlreadyExists || (error as { code?: unknown }).code === "ENOTEMPTY";
}

/** What `fill` gives. If it throws, nothing is left at `path`. */
function filled<T>(path: string, fill: (path: string) => T): T {
  try {
    return fill(path);
  } catch (error) {
    try {
      Deno.removeSync(path, { recursive: true });
    } catch {
      // A disk that takes no files may take no removal either: what failed first is the error to tell.
    }
    throw error instanceof WriteError ? error : new WriteError(path, error);
  }
}

function make<T>(parent: string, fn: () => T): T {
  try {
    Deno.mkdirSync(parent, { recursive: true });
    return fn();
  } catch (error) {
    throw new WriteError(parent, error);
  }
}

/** Makes a folder of its own and fills it. If that fails nothing is left there. Throws a {@linkcode WriteError}. */
export function inNewFolder<T>(parent: string, name: string, fill: (path: string) => T): T {
  return filled(make(parent, () => underFreeName(parent, name, Deno.mkdirSync)), fill);
}

/**
 * As {@linkcode inNewFolder}, for what is worth nothing by halves: the folder has its name when all is in it. Returns its path.
 */
export function asNewFolder(parent: string, name: string, fill: (path: string) => void): string {
  return whole(parent, name, fill, (part) => underFreeName(parent, name, (path) => Deno.renameSync(part, path)));
}

/** The same under this very name, which nobody has. */
export function asNamedFolder(parent: string, name: string, fill: (path: string) => void): string {
  return whole(parent, name, fill, (part) => {
    Deno.renameSync(part, join(parent, name));
    return join(parent, name);
  });
}

/** Fills a folder that has another name, and gives it to `call`, which calls it as it is to be called. */
function whole(parent: string, name: string, fill: (path: string) => void, call: (part: string) => string): string {
  const part = make(parent, () => {
    const path = temporaryFor(join(parent, name));
    Deno.mkdirSync(path);
    return path;
  });
  return filled(part, () => {
    fill(part);
    return call(part);
  });
}
