/** Checkpoints of a run: `checkpoints/000010.safetensors` is the whole state after iteration 10. */

import { basename, join } from "node:path";
import * as v from "npm:valibot@1.5.0";
import { aval, describe, sameShape, type SavedTensor } from "../../graph/types.ts";
import { removeIfThere, writeFileAtomic } from "./atomic.ts";
import { readRegular } from "./regular.ts";
import { UsageError } from "../../systems/usage.ts";
import { reasonOf } from "./error.ts";
import { decodeSafetensors, encodeWithDigest, readMetadata } from "./safetensors.ts";
import type { Settings } from "../../systems/settings.ts";
import type { TrainerState } from "../../systems/trainer.ts";

/** A checkpoint by its name, not yet read. */
export interface CheckpointFile {
  readonly path: string;
  readonly iteration: number;
}

/** How many are kept: the newest, and some to fall back to. */
const kept = 3;
/** Those of the first have no digest. */
const formats = { before: "plumbline checkpoint 1", now: "plumbline checkpoint 2" } as const;
const readConfig = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.unknown()));
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

/** What the checkpoint of an iteration is called. */
export const checkpointName = (iteration: number): string => `${String(iteration).padStart(6, "0")}.safetensors`;

/** A checkpoint that was written. */
export interface SavedCheckpoint {
  readonly path: string;
  /** What the file itself says of its content. */
  readonly digest: string;
}

/** What {@linkcode saveCheckpoint} may be told. */
export interface SavedBeside {
  /** Digests of the files that the run keeps, by the settings that name them. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** An iteration whose checkpoint stays. */
  readonly spared?: number | null;
}

/**
 * Writes the state after `iteration`, whole or not at all, then removes all but the last few, and that of iteration `spared`. `config` is
 * the configuration of the run, as its folder has it, `inputs` the digests of the files that it keeps.
 */
export function saveCheckpoint(
  run: string,
  iteration: number,
  state: TrainerState,
  config: Settings = {},
  { inputs = {}, spared = null }: SavedBeside = {},
): SavedCheckpoint {
  const path = join(run, checkpointFolder, checkpointName(iteration));
  const metadata = {
    ...{ format: formats.now, iteration: String(iteration), config: JSON.stringify(config) },
    ...Object.keys(inputs).length > 0 && { inputs: JSON.stringify(inputs) },
  };
  const { file, digest } = encodeWithDigest({ tensors: state, metadata });
  writeFileAtomic(path, file);
  for (const old of listCheckpoints(run).slice(0, -kept)) if (old.iteration !== spared) removeIfThere(old.path);
  return { path, digest };
}

/** The configuration that a checkpoint notes, from its header alone; null if it notes none, or cannot be read. */
export function notedInCheckpoint(path: string): Settings | null {
  return notedAs("config", path);
}

/** The same for the digests of the files that the run keeps, by the settings that name them. */
export function inputsInCheckpoint(path: string): Readonly<Record<string, string>> | null {
  return notedAs("inputs", path) as Record<string, string> | null;
}

function notedAs(name: string, path: string): Settings | null {
  try {
    const noted: unknown = JSON.parse(readMetadata(path)[name] ?? "null");
    return typeof noted === "object" && noted !== null && Object.keys(noted).length > 0 ? noted as Settings : null;
  } catch {
    // What is wrong with it is said by who reads it whole.
    return null;
  }
}

/** A checkpoint that was read. */
export interface Checkpoint {
  readonly path: string;
  readonly iteration: number;
  readonly state: TrainerState;
  /** The configuration of the run when it was saved; empty where it is not known. */
  readonly config: Settings;
}

/**
 * Reads a checkpoint of the run in `folder`, whose manifest has the digests `known`. Throws a {@linkcode UsageError} if it is damaged,
 * which names the one that can be taken in its place.
 */
export function loadCheckpointOf(
  folder: string,
  { path, iteration }: CheckpointFile,
  known: Readonly<Record<string, string>> = {},
): Checkpoint {
  try {
    const { digest, ...checkpoint } = loadCheckpoint(path);
    const expected = known[basename(path)];
    if (checkpoint.iteration !== iteration) {
      throw new UsageError(
        `${path} is not what its name says: it holds the state after iteration ${checkpoint.iteration}.`,
      );
    }
    if (expected !== undefined && digest !== expected) {
      throw new UsageError(
        `${path} is not the checkpoint that this run wrote: its digest is not that of the manifest.`,
      );
    }
    return { path, ...checkpoint };
  } catch (error) {
    const earlier = listCheckpoints(folder).filter((x) => x.iteration < iteration).at(-1);
    const way = earlier ? `give the one before it: ${earlier.path}` : "there is none before it, so start a new run";
    throw new UsageError(`${(error as Error).message.replace(/\.$/, "")}; ${way}.`);
  }
}

/** Reads a checkpoint. Throws a {@linkcode UsageError} that names the file if it is none, or damaged. */
export function loadCheckpoint(path: string): Omit<Checkpoint, "path"> & { readonly digest: string | null } {
  let file: Uint8Array;
  try {
    file = readRegular(path);
  } catch (error) {
    throw new UsageError(`${path} could not be read: ${reasonOf(error)}.`);
  }
  try {
    const { tensors, metadata, digest } = decodeSafetensors(file);
    const iteration = /^\d+$/.test(metadata.iteration ?? "") ? Number(metadata.iteration) : NaN;
    const isKnown = metadata.format === formats.before || metadata.format === formats.now;
    if (!isKnown || !Number.isSafeInteger(iteration) || iteration < 1) {
      throw new Error("is not a checkpoint of a run: its metadata do not say so.");
    }
    if (digest === null && metadata.format === formats.now) {
      throw new Error("is damaged: its digest, by which its numbers are checked, is not there.");
    }
    return { iteration, state: tensors, config: configIn(metadata.config ?? "{}"), digest };
  } catch (error) {
    throw new UsageError(`${path} ${(error as Error).message}`);
  }
}

/** The configuration that the metadata of a checkpoint have. */
function configIn(text: string): Settings {
  const { success, output } = v.safeParse(readConfig, text);
  if (success) return output as Settings;
  throw new Error("is damaged: the configuration in its metadata cannot be read.");
}

/**
 * `state` with what optimisers count of each parameter, from `fresh`, the state of a trainer that has not stepped, where it says
 * nothing of it: a checkpoint of an optimiser that refused to step without a gradient, so no parameter had missed a step.
 */
export function withSteps(state: TrainerState, fresh: TrainerState): TrainerState {
  const counted = Object.entries(fresh).filter(([name]) => /^(optimizer|\w+Optimizer)\..*\.missed$/.test(name));
  if (counted.some(([name]) => name in state)) return state;
  return { ...state, ...Object.fromEntries(counted) };
}

const formOf = ({ dtype, shape }: SavedTensor): string => describe(aval(dtype, shape));

/** What no step leaves infinite or NaN is all but the worlds, and what was counted in them. */
const ofWorlds = /^collector\b/;

/** Throws a {@linkcode UsageError} that names a tensor of `state`, read from `path`, if its numbers are not finite though they must be. */
export function checkFinite(state: TrainerState, path: string): void {
  for (const [name, { data }] of Object.entries(state)) {
    if (ofWorlds.test(name) || !(data instanceof Float32Array)) continue;
    const at = data.findIndex((x) => !Number.isFinite(x));
    if (at >= 0) throw new UsageError(`${path} is damaged: "${name}" holds ${data[at]} at ${at}.`);
  }
}

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
