/**
 * The folder of a run. Its logs only grow, everything else is replaced whole, and one process at a time owns it; so
 * whatever stops the run, what is there can be read, and the run continued from its newest checkpoint.
 */

import { basename, dirname, join } from "node:path";
import { AppendFile, removeIfThere, removeLeftovers, tryLock, writeFileAtomic } from "./atomic.ts";
import { type CheckpointFile, checkpointFolder, listCheckpoints, saveCheckpoint } from "./checkpoint.ts";
import { isModulePath, scenarioTitle } from "../../systems/module_path.ts";
import { UsageError } from "../../systems/usage.ts";
import { reasonOf, WriteError } from "./error.ts";
import { asInRun, keepInputs } from "./inputs.ts";
import { manifestName, readManifest } from "./manifest.ts";
import { encodeRow, type MetricsRow, readRows } from "./metrics.ts";
import type { Config } from "../../systems/settings.ts";
import { histogramOf } from "./histogram.ts";
import { bytesUpTo, histogramRecord, scalarRecord, textRecord, versionRecord } from "./tensorboard.ts";
import type { TrainerState } from "../../systems/trainer.ts";

/** The name of the file that holds the configuration of a run. */
export const configName = "config.json";
/** The name of the file that holds the metrics of a run. */
export const metricsName = "metrics.jsonl";
const eventsPattern = /^events\.out\.tfevents\.\d+\.plumbline$/;
const eventsName = (seconds: number): string => `events.out.tfevents.${seconds}.plumbline`;

/** The folder of the runs of a scenario; those of a world from a file have the file's name. */
export function folderNameOf({ scenarioName }: Pick<Config, "scenarioName">): string {
  if (isModulePath(scenarioName)) return scenarioTitle(scenarioName);
  return scenarioName.replaceAll(/[^\w.-]+/g, "_").replace(/^\.+/, "");
}

/** `value` as a file that a person reads. */
export function encodeJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The local time as a name that sorts: `2030-01-31_12-00-00`. */
function timestamp(now: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  return `${day}_${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-")}`;
}

/** Makes a folder that nobody else has: `name`, or `name-2` and so on. */
function makeOwnFolder(parent: string, name: string): string {
  for (let copy = 1;; copy++) {
    const path = join(parent, copy === 1 ? name : `${name}-${copy}`);
    try {
      Deno.mkdirSync(path);
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/** Makes a folder of its own and fills it. If that fails nothing is left there. Throws a {@linkcode WriteError}. */
function inNewFolder<T>(parent: string, name: string, fill: (path: string) => T): T {
  let path: string;
  try {
    Deno.mkdirSync(parent, { recursive: true });
    path = makeOwnFolder(parent, name);
  } catch (error) {
    throw new WriteError(parent, error);
  }
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

/** The runs of a series, in the order of their seeds; empty if `path` is no folder of {@linkcode RunFolder.createSeries}. */
export function runsOfSeries(path: string): string[] {
  try {
    const seedOf = (name: string) => Number(/^seed-(\d+)$/.exec(name)?.[1] ?? NaN);
    const names = [...Deno.readDirSync(path)].map(({ name }) => name).filter((name) => !Number.isNaN(seedOf(name)));
    return names.sort((a, b) => seedOf(a) - seedOf(b)).map((name) => join(path, name));
  } catch {
    // What is wrong with the path is said by whoever opens it as a run.
    return [];
  }
}

/** Where `--resume` points: the folder of a run, and one of its checkpoints, or its newest, or none yet. */
export interface ResumePoint {
  readonly folder: string;
  readonly checkpoint: CheckpointFile | null;
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
    throw new UsageError(
      `${called} is no run: give a folder that holds ${configName} and ${checkpointFolder}/, or one of its checkpoints.`,
    );
  }
  if (!isFile) return { folder, checkpoint: checkpoints.at(-1) ?? null };
  const checkpoint = checkpoints.find((x) => basename(x.path) === basename(path));
  if (!checkpoint) throw new UsageError(`${called} is no checkpoint of a run: those end in .safetensors.`);
  return { folder, checkpoint };
}

/** The run's own file of events in `folder`: the one that its manifest names; else, not yet begun, the one it was made with. */
function eventsIn(folder: string): string {
  const named = readManifest(join(folder, manifestName))?.events;
  if (typeof named === "string" && eventsPattern.test(named)) return named;
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) => eventsPattern.test(name));
  return names.sort()[0] ?? eventsName(0);
}

/** Whether a process is training in the folder of a run; false on file systems without locks. */
export function isLocked(folder: string): boolean {
  using file = Deno.openSync(join(folder, metricsName));
  try {
    return !tryLock(file, false);
  } catch {
    return false;
  }
}

/** The open folder of a run that this process owns. */
export class RunFolder {
  readonly #metrics: AppendFile;
  readonly #events: AppendFile;

  private constructor(readonly path: string, metrics: AppendFile, events: AppendFile) {
    this.#metrics = metrics;
    this.#events = events;
  }

  /** Opens and locks the logs in `path`; if that fails, neither stays open. */
  static #lock(path: string, eventsName: string): RunFolder {
    const metrics = new AppendFile(join(path, metricsName));
    try {
      if (metrics.lock()) return new RunFolder(path, metrics, new AppendFile(join(path, eventsName)));
      throw new UsageError(`${path} is being trained by another process: wait for it, or stop it first.`);
    } catch (error) {
      metrics.close();
      throw error;
    }
  }

  /**
   * Makes `base/<scenario>/<timestamp>/`, where the files that the settings `inputs` name are kept. If that fails nothing is left
   * there. Throws a {@linkcode WriteError}.
   */
  static create(base: string, config: Config, now: Date, inputs: readonly string[] = []): RunFolder {
    return inNewFolder(
      join(base, folderNameOf(config)),
      timestamp(now),
      (path) => RunFolder.#begin(path, config, now, inputs),
    );
  }

  /**
   * Makes `base/<scenario>/<timestamp>/seed-<seed>/` for each configuration, which differ in their seeds: runs that are yet
   * to begin; each keeps its `inputs`. Returns their folders. Throws a {@linkcode WriteError}.
   */
  static createSeries(base: string, configs: readonly Config[], now: Date, inputs: readonly string[]): string[] {
    return inNewFolder(join(base, folderNameOf(configs[0]!)), timestamp(now), (path) =>
      configs.map((config) => {
        const folder = join(path, `seed-${config.seed}`);
        Deno.mkdirSync(folder);
        RunFolder.#begin(folder, config, now, inputs).close();
        return folder;
      }));
  }

  static #begin(path: string, given: Config, now: Date, inputs: readonly string[]): RunFolder {
    Deno.mkdirSync(join(path, checkpointFolder));
    const config = keepInputs(path, given, inputs);
    const seconds = now.getTime() / 1000;
    const folder = RunFolder.#lock(path, eventsName(Math.floor(seconds)));
    try {
      folder.#events.append(versionRecord(seconds));
      folder.#events.append(textRecord(seconds, 0, "config", configTable(config)));
      folder.writeConfig(config);
      return folder;
    } catch (error) {
      folder.close();
      throw error;
    }
  }

  /** Opens the folder of a run. Throws a {@linkcode UsageError} while another process trains there. */
  static open(path: string): RunFolder {
    return RunFolder.#lock(path, eventsIn(path));
  }

  /** The name of its file of events. */
  get events(): string {
    return basename(this.#events.path);
  }

  /** Takes the run back to the end of `iteration`: later logs and checkpoints are removed. */
  rewind(iteration: number): void {
    removeLeftovers(this.path);
    removeLeftovers(join(this.path, checkpointFolder));
    // Newest first, before the logs: a kill in between leaves logs that are longer than the newest checkpoint, as usual.
    for (const later of listCheckpoints(this.path).reverse()) {
      if (later.iteration > iteration) removeIfThere(later.path);
    }
    this.#events.truncate(bytesUpTo(Deno.readFileSync(this.#events.path), iteration));
    const rows = [...readRows(Deno.readFileSync(this.#metrics.path))].filter(({ row }) => row.iteration <= iteration);
    this.#metrics.truncate(rows.at(-1)?.end ?? 0);
  }

  /** Logs an iteration. */
  log(row: MetricsRow, now: Date): void {
    this.#metrics.append(encodeRow(row));
    this.#events.append(
      scalarRecord(now.getTime() / 1000, row.iteration, { ...row.metrics, "time/frames": row.frames }),
    );
  }

  /** Logs how the numbers of tensors are distributed after `iteration`, for TensorBoard. */
  logTensors(prefix: string, tensors: TrainerState, iteration: number, now: Date): void {
    const histograms = Object.entries(tensors).map(([name, { data }]) => [`${prefix}/${name}`, histogramOf(data)]);
    if (histograms.length === 0) return;
    this.#events.append(histogramRecord(now.getTime() / 1000, iteration, Object.fromEntries(histograms)));
  }

  /** The rows that are logged. */
  rows(): MetricsRow[] {
    return [...readRows(Deno.readFileSync(this.#metrics.path))].map(({ row }) => row);
  }

  /** Saves the state after `iteration`. The logs reach the disk before it, so they are never shorter. Returns its path. */
  save(iteration: number, state: TrainerState): string {
    this.#metrics.sync();
    this.#events.sync();
    return saveCheckpoint(this.path, iteration, state);
  }

  /** Writes config.json; files that the run keeps are named there by their places in its folder. */
  writeConfig(config: Config): void {
    this.write(configName, encodeJson(asInRun(this.path, config)));
  }

  /** Writes a file of the run, whole or not at all. Returns its path. */
  write(name: string, content: Uint8Array | string): string {
    const path = join(this.path, name);
    writeFileAtomic(path, content);
    return path;
  }

  /** Closes the logs; another process may continue the run. */
  close(): void {
    this.#events.close();
    this.#metrics.close();
  }

  /** As {@linkcode RunFolder.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function configTable(config: Config): string {
  const rows = Object.entries(config).map(([name, value]) => `| ${name} | ${value} |`);
  return ["| setting | value |", "|---|---|", ...rows].join("\n");
}
