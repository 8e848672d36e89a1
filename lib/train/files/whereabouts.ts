/** Where a folder is that was renamed while it was open. */

import { dirname, join } from "node:path";
import { infoOf } from "./atomic.ts";

/** What tells a folder from all others, whatever it is called; null where there is none, or the system cannot tell. */
export function identityOf(path: string): number | null {
  const info = infoOf(path);
  return info?.isDirectory ? info.ino : null;
}

/** The folder beside `path` that is what `path` was; null if there is none. */
export function neighbour(path: string, identity: number | null): string | null {
  if (identity === null || infoOf(dirname(path)) === null) return null;
  const names = [...Deno.readDirSync(dirname(path))].filter((x) => x.isDirectory).map((x) =>
    join(dirname(path), x.name)
  );
  return names.find((x) => identityOf(x) === identity) ?? null;
}
