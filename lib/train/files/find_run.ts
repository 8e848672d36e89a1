/** Which run, and which of its checkpoints, a path means. */

import { basename, dirname, join } from "node:path";
import { oneLine } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";
import { type CheckpointFile, checkpointFolder, listCheckpoints } from "./checkpoint.ts";
import { reasonOf } from "./error.ts";
import { configName } from "./folder.ts";
import { newestRunIn } from "./series.ts";

/** Where `--resume` points: the folder of a run, and one of its checkpoints, or its newest, or none yet. */
export interface ResumePoint {
  readonly folder: string;
  readonly checkpoint: CheckpointFile | null;
  /** The iteration of the newest checkpoint when it was looked for; 0 if there was none. */
  readonly newest: number;
}

/**
 * Finds what `path`, a folder or a checkpoint, belongs to; messages call it `called`. Throws a {@linkcode UsageError} if it
 * is no run.
 */
export function findRun(path: string, called = path): ResumePoint {
  let isFile: boolean;
  try {
    isFile = Deno.statSync(path).isFile;
  } catch (error) {
    throw new UsageError(`${called} cannot be opened: ${reasonOf(error)}.`);
  }
  const folder = isFile ? dirname(dirname(path)) : path;
  let checkpoints: CheckpointFile[];
  try {
    Deno.statSync(join(folder, configName));
    checkpoints = listCheckpoints(folder);
  } catch {
    const newest = isFile ? null : newestRunIn(path, configName);
    throw new UsageError(
      `${called} is no run: give a folder that holds ${configName} and ${checkpointFolder}/, or one of its checkpoints${
        newest === null ? "." : `; the newest run in it is ${oneLine(newest)}.`
      }`,
    );
  }
  const newest = checkpoints.at(-1)?.iteration ?? 0;
  if (!isFile) return { folder, checkpoint: checkpoints.at(-1) ?? null, newest };
  const checkpoint = checkpoints.find((x) => basename(x.path) === basename(path));
  if (!checkpoint) throw new UsageError(`${called} is no checkpoint of a run: those end in .safetensors.`);
  return { folder, checkpoint, newest };
}
