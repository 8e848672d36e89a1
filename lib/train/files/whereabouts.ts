/** Where a folder is that was renamed while it was open. */

import { dirname, join } from "node:path";
import { infoOf } from "./atomic.ts";

/**
 * What tells a folder from all others, whatever it is called. Its own number may be another folder's as soon as it is removed; that of a
 * file in it may not, as long as the file is open.
 */
export class Identity {
  readonly #folder: number | null;
  readonly #file: number | null;

  /** Of the folder at `path`, in which a file called `name` is open. */
  constructor(path: string, readonly name: string) {
    this.#folder = infoOf(path)?.ino ?? null;
    this.#file = infoOf(join(path, name))?.ino ?? null;
  }

  /** Whether the system tells files apart. */
  get #isKnown(): boolean {
    return this.#folder !== null && this.#file !== null;
  }

  /** Whether the folder is at `path`. Where the system cannot tell, whether there is one. */
  isAt(path: string): boolean {
    const info = infoOf(path);
    if (!info?.isDirectory) return false;
    return !this.#isKnown || info.ino === this.#folder && infoOf(join(path, this.name))?.ino === this.#file;
  }

  /** Where the folder is that was at `path`, if it is beside that; else null. */
  neighbour(path: string): string | null {
    const parent = dirname(path);
    if (!this.#isKnown || infoOf(parent) === null) return null;
    const folders = [...Deno.readDirSync(parent)].filter((x) => x.isDirectory).map((x) => join(parent, x.name));
    return folders.find((x) => this.isAt(x)) ?? null;
  }
}
