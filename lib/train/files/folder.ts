/**
 * The folder of a run. Its logs only grow, everything else is replaced whole, and one process at a time owns it; so
 * whatever stops the run, what is there can be read, and the run continued from its newest checkpoint.
 */

import { basename, dirname, join } from "node:path";
import { AppendFile, infoOf, removeIfThere, removeLeftovers, setAside, tryLock, writeFileAtomic } from "./atomic.ts";
import { checkpointFolder, listCheckpoints, saveCheckpoint } from "./checkpoint.ts";
import { isModulePath, scenarioTitle } from "../../systems/module_path.ts";
import { UsageError } from "../../systems/usage.ts";
import { WriteError } from "./error.ts";
import { asInRun, inputDigests, isStill, keepInputs } from "./inputs.ts";
import { manifestName, readManifest } from "./manifest.ts";
import { damageText, encodeRow, type MetricsRow, readLog } from "./metrics.ts";
import { asNamedFolder, asNewFolder, inNewFolder, timestamp } from "./new_folder.ts";
import { configTable, configTag, notedOf, settingsInTable } from "./noted.ts";
import { checkFolder, readBeginning, readRegular } from "./regular.ts";
import { nameInSeries } from "./series.ts";
import { Identity } from "./whereabouts.ts";
import type { Config, Settings } from "../../systems/settings.ts";
import { histogramOf } from "./histogram.ts";
import { eventsUpTo, histogramRecord, scalarRecord, textOfTag, textRecord, versionRecord } from "./tensorboard.ts";
import type { TrainerState } from "../../systems/trainer.ts";

/** The name of the file that holds the configuration of a run. */
export const configName = "config.json";
/** The name of the file that holds the metrics of a run. */
export const metricsName = "metrics.jsonl";
const eventsPattern = /^events\.out\.tfevents\.\d+\.plumbline$/;
/** A clock that was never set may be before 1970. */
const eventsName = (seconds: number): string => `events.out.tfevents.${Math.max(0, Math.floor(seconds))}.plumbline`;

/** The folder of the runs of a scenario; those of a world from a file have the file's name. */
export function folderNameOf({ scenarioName }: Pick<Config, "scenarioName">): string {
  if (isModulePath(scenarioName)) return scenarioTitle(scenarioName);
  return scenarioName.replaceAll(/[^\w.-]+/g, "_").replace(/^\.+/, "");
}

/** `value` as a file that a person reads. */
export function encodeJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The run's own file of events in `folder`: the one that its manifest names; else, not yet begun, the one it was made with. */
function eventsIn(folder: string): string {
  const named = readManifest(join(folder, manifestName))?.events;
  if (typeof named === "string" && eventsPattern.test(named)) return named;
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) => eventsPattern.test(name));
  return names.sort()[0] ?? eventsName(0);
}

/** Throws a {@linkcode WriteError} unless a run, a series or a sweep has a folder `name` of its own, and no link to one elsewhere. */
export function checkFolderOf(path: string, name: string): void {
  try {
    checkFolder(join(path, name));
  } catch (error) {
    throw new WriteError(join(path, name), error);
  }
}

/** The configuration that a run noted in its events when it began, as texts; null if that cannot be read. */
export function notedInEvents(folder: string): Settings | null {
  try {
    const table = textOfTag(readBeginning(join(folder, eventsIn(folder)), 2 ** 18), configTag);
    return table === null ? null : settingsInTable(table);
  } catch {
    return null;
  }
}

/** Whether a process is training in the folder of a run; false on file systems without locks. */
export function isLocked(folder: string): boolean {
  const path = join(folder, metricsName);
  if (!infoOf(path)?.isFile) return false;
  using file = Deno.openSync(path);
  try {
    return !tryLock(file, false);
  } catch {
    return false;
  }
}

/** What becomes of a run whose folder is not where it was. */
export interface Moved {
  /** For the user. */
  readonly text: string;
  /** Whether there is a new folder, which has no checkpoint yet. */
  readonly isNew: boolean;
}

/** The open folder of a run that this process owns. */
export class RunFolder {
  #path: string;
  #metrics: AppendFile;
  #events: AppendFile;
  #identity: Identity;
  #isLost = false;
  /** Settings that name files of which a new run has copies, as it has them. */
  #kept: Settings = {};
  /** The digests of all such files, by the settings. */
  #inputs: Readonly<Record<string, string>> = {};
  /** The digests of checkpoints, by the names of their files. */
  readonly #digests: Record<string, string>;

  /** Where it was when it was opened: the paths of a configuration are from there. */
  readonly #openedAt: string;

  private constructor(path: string, metrics: AppendFile, events: AppendFile) {
    this.#path = this.#openedAt = path;
    this.#metrics = metrics;
    this.#events = events;
    this.#identity = new Identity(path, metricsName);
    this.#digests = { ...readManifest(join(path, manifestName))?.checkpoints };
  }

  /** Where it is. */
  get path(): string {
    return this.#path;
  }

  /** Opens and locks the logs in `path`; if that fails, neither stays open. */
  static #lock(path: string, eventsName: string): RunFolder {
    checkFolderOf(path, checkpointFolder);
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
   * Makes `base/<scenario>/<timestamp>/seed-<seed>/` for each configuration, or `<algorithm>-seed-<seed>/` where they differ in that too:
   * runs that are yet to begin, all of them or none; each keeps its `inputs`. Returns their folders. Throws a {@linkcode WriteError}.
   */
  static createSeries(base: string, configs: readonly Config[], now: Date, inputs: readonly string[]): string[] {
    const names = configs.map((config) => nameInSeries(config, configs));
    const place = asNewFolder(
      join(base, folderNameOf(configs[0]!)),
      timestamp(now),
      (path) =>
        configs.forEach((config, i) => {
          const folder = join(path, names[i]!);
          Deno.mkdirSync(folder);
          RunFolder.#begin(folder, config, now, inputs).close();
        }),
    );
    return names.map((name) => join(place, name));
  }

  /** Makes `parent/name/`, a run that is yet to begin, and gives its path. Throws a {@linkcode WriteError}. */
  static createNamed(parent: string, name: string, config: Config, now: Date, inputs: readonly string[]): string {
    return asNamedFolder(parent, name, (path) => RunFolder.#begin(path, config, now, inputs).close());
  }

  static #begin(path: string, given: Config, now: Date, inputs: readonly string[]): RunFolder {
    Deno.mkdirSync(join(path, checkpointFolder));
    const config = keepInputs(path, given, inputs);
    const seconds = now.getTime() / 1000;
    const folder = RunFolder.#lock(path, eventsName(seconds));
    folder.#kept = Object.fromEntries(inputs.map((name) => [name, config[name]!]));
    try {
      folder.#events.append(versionRecord(seconds));
      folder.#events.append(textRecord(seconds, 0, configTag, configTable(config)));
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

  /**
   * Takes the run back to the end of `iteration`: later logs and checkpoints are removed. What is damaged is copied aside before
   * anything of it is cut. Returns what is to be told.
   */
  rewind(iteration: number): string[] {
    removeLeftovers(this.path);
    removeLeftovers(join(this.path, checkpointFolder));
    // Newest first, before the logs: a kill in between leaves logs that are longer than the newest checkpoint, as usual.
    for (const later of listCheckpoints(this.path).reverse()) {
      if (later.iteration > iteration) {
        delete this.#digests[basename(later.path)];
        removeIfThere(later.path);
      }
    }
    return [...this.#rewindEvents(iteration), ...this.#rewindMetrics(iteration)];
  }

  #rewindEvents(iteration: number): string[] {
    const { path } = this.#events;
    const { content, isDamaged } = eventsUpTo(readRegular(path), iteration);
    if (!isDamaged) {
      this.#events.truncate(content.length);
      return [];
    }
    // Not `tfevents`: TensorBoard takes every file whose name has that for one of the run's.
    const aside = setAside(path, ["events", "bin"]);
    this.#events.replace(content);
    return [`${basename(path)} is damaged: what can be read stays, ${basename(aside)} has it as it was.`];
  }

  #rewindMetrics(iteration: number): string[] {
    const log = readLog(readRegular(this.#metrics.path));
    const kept = log.rows.filter(({ row }) => row.iteration <= iteration);
    const damage = damageText(log, metricsName);
    const told = damage === null ? [] : [`${damage}: the others stay.`];
    const end = kept.at(-1)?.end ?? 0;
    // What is torn may have been of an iteration that is not made again, if one of those is not there.
    const isTornEarly = log.isTorn && kept.length < iteration;
    if (isTornEarly || log.lastDamage >= end) {
      const aside = setAside(this.#metrics.path, ["metrics", "jsonl"]);
      told.push(`${basename(aside)} has ${metricsName} as it was.`);
    }
    this.#metrics.truncate(end);
    return told;
  }

  /** Goes after the folder if it was renamed. Gives its new place; null if it is where it was, or gone. */
  goAfter(): string | null {
    const found = this.#identity.isAt(this.path) ? null : this.#identity.neighbour(this.path);
    if (found !== null) this.#move(found);
    return found;
  }

  /**
   * As {@linkcode RunFolder.goAfter}; if the folder is gone, makes another beside it with what is known of the run: its configuration and
   * its `rows`. Null if it is where it was.
   */
  follow(config: Config, rows: readonly MetricsRow[], now: Date): Moved | null {
    const before = this.path;
    const found = this.goAfter();
    if (found !== null) return { text: `${before} is called ${found} now: the run goes on there.`, isNew: false };
    if (this.#identity.isAt(before)) return null;
    // Whoever has put another file in its place has taken this one away.
    const gone = infoOf(before) === null ? before : join(before, metricsName);
    try {
      inNewFolder(dirname(before), basename(before), (path) => this.#beginAnew(path, config, rows, now));
    } catch (error) {
      if (this.#isLost) return null;
      this.#isLost = true;
      return { text: `${gone} is gone. ${(error as Error).message} The run goes on in memory.`, isNew: false };
    }
    this.#isLost = false;
    return { text: `${gone} is gone: what is known of the run goes on in ${this.path}.`, isNew: true };
  }

  /** Whether there is no folder to write to, for the time being. */
  get isLost(): boolean {
    return this.#isLost;
  }

  #move(path: string): void {
    this.#path = path;
    for (const file of [this.#metrics, this.#events]) file.path = join(path, basename(file.path));
  }

  /** Begins anew in another folder. */
  #beginAnew(path: string, config: Config, rows: readonly MetricsRow[], now: Date): void {
    // What was copied is gone; what it was copied from may be there.
    const inputs = Object.keys(this.#kept).filter((name) => isStill(String(config[name]), this.#inputs[name]));
    const other = RunFolder.#begin(path, asInRun(this.#openedAt, config), now, inputs);
    this.close();
    [this.#kept, this.#inputs] = [other.#kept, { ...this.#inputs, ...other.#inputs }];
    [this.#path, this.#metrics, this.#events] = [path, other.#metrics, other.#events];
    this.#identity = other.#identity;
    for (const name of Object.keys(this.#digests)) delete this.#digests[name];
    for (const row of rows) this.log(row, now);
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
    return readLog(readRegular(this.#metrics.path)).rows.map(({ row }) => row);
  }

  /**
   * Saves the state after `iteration` of a run with this configuration. The logs reach the disk before it, so they are never shorter.
   * The checkpoint of iteration `spared` stays, however old it is. Returns its path.
   */
  save(iteration: number, state: TrainerState, config: Config, spared: number | null = null): string {
    this.#metrics.sync();
    this.#events.sync();
    const { path, digest } = saveCheckpoint(
      this.path,
      iteration,
      state,
      notedOf({ ...asInRun(this.#openedAt, config), ...this.#kept }),
      { inputs: this.#inputs, spared },
    );
    this.#digests[basename(path)] = digest;
    return path;
  }

  /** The digests of the checkpoints that are there, by the names of their files, as far as they are known. */
  get checkpoints(): Readonly<Record<string, string>> {
    const names = listCheckpoints(this.path).map(({ path }) => basename(path));
    return Object.fromEntries(Object.entries(this.#digests).filter(([name]) => names.includes(name)));
  }

  /** Writes config.json; files that the run keeps are named there by their places in its folder. */
  writeConfig(config: Config): void {
    const own = asInRun(this.#openedAt, config);
    this.#inputs = inputDigests(this.path, own);
    this.write(configName, encodeJson(own));
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
