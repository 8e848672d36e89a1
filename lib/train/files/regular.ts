/**
 * Files of a run as files: the folder may have come from a stranger. Nothing is written through its links, though they are read, and
 * nothing waits for its pipes and devices. What is written goes to a file in the folder itself, under a name that nobody could have taken before.
 */

/** What half-written files end in. Other tools leave files that end in `.tmp`: those are theirs. */
export const temporary = ".plumbline.tmp";

/** A name beside `path` for a half-written file, which nobody can guess. */
export function temporaryFor(path: string): string {
  return `${path}.${crypto.randomUUID().slice(0, 8)}${temporary}`;
}

/** What is at `path`, without following a link there; null if there is nothing. */
function entryAt(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Whether there is something at `path`, be it a link to nothing. */
export function isTaken(path: string): boolean {
  return entryAt(path) !== null;
}

/** Why something that is there is no file of a run; null if it is one. */
function objection(info: Deno.FileInfo): string | null {
  if (info.isSymlink) return "it is a link, which is not followed: put the file itself there";
  if (info.isDirectory) return "it is a folder";
  return info.isFile ? null : "it is no file";
}

/** Throws unless there is a file at `path`, or nothing. Gives what is there. */
function checked(path: string): Deno.FileInfo | null {
  const info = entryAt(path);
  const fault = info && objection(info);
  if (fault) throw new Error(fault);
  return info;
}

/** Opens the file at `path` for reading and writing, or makes it. Throws a reason where there is a link, or no file. */
export function openRegular(path: string): Deno.FsFile {
  const info = checked(path);
  const file = Deno.openSync(path, { read: true, write: true, ...info === null && { createNew: true } });
  if (info === null || file.statSync().ino === info.ino) return file;
  file.close();
  throw new Error("it was exchanged while it was opened");
}

/** Reads the file at `path`. Throws a reason where there is something that is no file, such as a pipe; links are followed. */
export function readRegular(path: string): Uint8Array<ArrayBuffer> {
  const info = Deno.statSync(path);
  const fault = objection(info);
  if (fault) throw new Error(fault);
  return Deno.readFileSync(path);
}

/** As {@linkcode readRegular}, of its first bytes, `most` of them at most. */
export function readBeginning(path: string, most: number): Uint8Array {
  const { isFile, size } = Deno.statSync(path);
  if (!isFile) throw new Error("it is no file");
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(Math.min(size, most));
  let there = 0;
  for (let n: number | null = 1; n !== null && there < bytes.length; there += n ?? 0) {
    n = file.readSync(bytes.subarray(there));
  }
  return bytes.subarray(0, there);
}

/** As {@linkcode readRegular}, of a file of text. */
export function readRegularText(path: string): string {
  return new TextDecoder().decode(readRegular(path));
}

/** Makes the folder `path` unless it is there. Throws a reason where there is a link, or no folder. */
export function makeFolder(path: string): void {
  if (entryAt(path) === null) Deno.mkdirSync(path, { recursive: true });
  checkFolder(path);
}

/** Throws a reason unless `path` is a folder, and no link to one. */
export function checkFolder(path: string): void {
  const info = entryAt(path);
  if (info === null) throw new Error("it does not exist");
  if (info.isSymlink) throw new Error("it is a link, which is not followed: put the folder itself there");
  if (!info.isDirectory) throw new Error("it is no folder");
}
