/** Checkpoints of a run: `checkpoints/000010.safetensors` is the whole state after iteration 10. */

import { join } from "node:path";
import { aval, describe, sameShape, type SavedTensor } from "../../graph/types.ts";
import { removeIfThere, writeFileAtomic } from "./atomic.ts";
import { UsageError } from "../../systems/usage.ts";
import { reasonOf } from "./error.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import type { TrainerState } from "../../systems/trainer.ts";

/** A checkpoint by its name, not yet read. */
export interface CheckpointFile {
  readonly path: string;
  readonly iteration: number;
}

/** How many are kept: the newest, and some to fall back to. */
const kept = 3;
const format = "plumbline checkpoint 1";
const namePattern = /^(\d{6,})\.safetensors$/;

/** The name of the folder in which a run keeps its checkpoints. */
export const checkpointFolder = "checkpoints";

/** The checkpoints in the folder of a run, oldest first. */
export function listCheckpoints(run: string): CheckpointFile[] {
  const folder = join(run, checkpointFolder);
  const found: CheckpointFile[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    const digits = namePattern.exec(entry.name)?.[1];
    if (digits) found.push({ path: join(folder, entry.name), iteration: Number(digits) });
  }
  return found.sort((a, b) => a.iteration - b.iteration);
}

/** Writes the state after `iteration`, whole or not at all, then removes all but the last few. Returns its path. */
export function saveCheckpoint(run: string, iteration: number, state: TrainerState): string {
  const path = join(run, checkpointFolder, `${String(iteration).padStart(6, "0")}.safetensors`);
  writeFileAtomic(path, encodeSafetensors({ tensors: state, metadata: { format, iteration: String(iteration) } }));
  for (const old of listCheckpoints(run).slice(0, -kept)) removeIfThere(old.path);
  return path;
}

/** A checkpoint that was read. */
export interface Checkpoint {
  readonly path: string;
  readonly iteration: number;
  readonly state: TrainerState;
}

/**
 * Reads a checkpoint of the run in `folder`. Throws a {@linkcode UsageError} if it is damaged, which names the one that can be
 * taken in its place.
 */
export function loadCheckpointOf(folder: string, { path, iteration }: CheckpointFile): Checkpoint {
  try {
    return { path, ...loadCheckpoint(path) };
  } catch (error) {
    const earlier = listCheckpoints(folder).filter((x) => x.iteration < iteration).at(-1);
    const way = earlier ? `give the one before it: ${earlier.path}` : "there is none before it, so start a new run";
    throw new UsageError(`${(error as Error).message.replace(/\.$/, "")}; ${way}.`);
  }
}

/** Reads a checkpoint. Throws a {@linkcode UsageError} that names the file if it is none, or damaged. */
export function loadCheckpoint(path: string): { iteration: number; state: TrainerState } {
  let file: Uint8Array;
  try {
    file = Deno.readFileSync(path);
  } catch (error) {
    throw new UsageError(`${path} could not be read: ${reasonOf(error)}.`);
  }
  try {
    const { tensors, metadata } = decodeSafetensors(file);
    const iteration = Number(metadata.iteration);
    if (metadata.format !== format || !Number.isSafeInteger(iteration) || iteration < 1) {
      throw new Error("is not a checkpoint of a run: its metadata do not say so.");
    }
    return { iteration, state: tensors };
  } catch (error) {
    throw new UsageError(`${path} ${(error as Error).message}`);
  }
}

/**
 * `state` with what optimisers count of each parameter, from `fresh`, the state of a trainer that has not stepped, where it says
 * nothing of it: a checkpoint of an optimiser that refused to step without a gradient, so no parameter had missed a step.
 */
export function withSteps(state: TrainerState, fresh: TrainerState): TrainerState {
  const counted = Object.entries(fresh).filter(([name]) => /^optimizer\..*\.missed$/.test(name));
  if (counted.some(([name]) => name in state)) return state;
  return { ...state, ...Object.fromEntries(counted) };
}

const formOf = ({ dtype, shape }: SavedTensor): string => describe(aval(dtype, shape));

/** Throws a {@linkcode UsageError} unless `state`, read from `path`, has the names, dtypes and shapes of `expected`. */
export function checkFits(state: TrainerState, expected: TrainerState, path: string): void {
  for (const name of new Set([...Object.keys(expected), ...Object.keys(state)])) {
    const [there, needed] = [state[name], expected[name]];
    if (!there) throw new UsageError(`${path} is of another run: it has no "${name}".`);
    if (!needed) throw new UsageError(`${path} is of another run: nothing here is called "${name}".`);
    if (there.dtype !== needed.dtype || !sameShape(there.shape, needed.shape)) {
      throw new UsageError(`${path} is of another run: its "${name}" is ${formOf(there)}, not ${formOf(needed)}.`);
    }
  }
}
