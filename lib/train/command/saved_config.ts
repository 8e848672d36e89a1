/** The configuration of a run, read back from its folder, and compared with what the run itself has noted of it. */

import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { shown } from "../../graph/kinds.ts";
import { type Config, isHarmless, type Settings } from "../../systems/settings.ts";
import type { System } from "../../systems/system.ts";
import { isShowable, oneLine, printable } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";
import { type CheckpointFile, inputsInCheckpoint, loadCheckpointOf, notedInCheckpoint } from "../files/checkpoint.ts";
import { reasonOf } from "../files/error.ts";
import type { ResumePoint } from "../files/find_run.ts";
import { configName, notedInEvents } from "../files/folder.ts";
import { checkInputs, fromRun } from "../files/inputs.ts";
import { manifestName, readManifest } from "../files/manifest.ts";
import { readRegularText } from "../files/regular.ts";
import { algorithmOf, defaultsOf, fixedLength, parseConfig } from "./config.ts";
import { systemOfRun } from "./worlds.ts";

/**
 * The configuration of a run for who makes what it says: with the files that it keeps, and as it was when the checkpoint was made. See
 * {@linkcode readConfig}.
 *
 * @throws UsageError also if it is not the one that the run was trained with, or the checkpoint that says so is damaged.
 */
export function usedConfig({ folder, checkpoint }: ResumePoint): Config {
  const config = readConfig(folder);
  const [began, later] = [notedInEvents(folder), checkpoint && notedInCheckpoint(checkpoint.path)];
  const noted = began || later ? { ...began, ...later } : null;
  const difference = noted && differenceFrom(noted, config, settingsIn(folder));
  if (!difference) {
    if (checkpoint) checkKept(folder, config, checkpoint);
    return fromRun(folder, config);
  }
  if (checkpoint) loadWhole(folder, checkpoint);
  const source = later && Object.hasOwn(later, difference.name)
    ? `by ${basename(checkpoint!.path)}`
    : "as the run began";
  throw new UsageError(`${join(folder, configName)} ${difference.says(source)}`);
}

/** Throws a {@linkcode UsageError} unless the files that the run keeps are those that the checkpoint notes. */
function checkKept(folder: string, config: Config, checkpoint: CheckpointFile): void {
  try {
    checkInputs(folder, config, inputsInCheckpoint(checkpoint.path) ?? {});
  } catch (error) {
    loadWhole(folder, checkpoint);
    throw error;
  }
}

/**
 * What config.json has in another way than the newest checkpoint, as a sentence, or what is wrong with that; null if both say the
 * same.
 */
export function changeOf(folder: string, checkpoint: CheckpointFile, config: Config): string | null {
  const noted = notedInCheckpoint(checkpoint.path);
  const difference = noted && differenceFrom(noted, config, settingsIn(folder));
  if (!difference) return null;
  try {
    loadWhole(folder, checkpoint);
    return `${join(folder, configName)} ${difference.says(`by ${basename(checkpoint.path)}`)}`;
  } catch (error) {
    if (error instanceof UsageError) return printable(error.message).replaceAll("\n", " ");
    throw error;
  }
}

/** Reads the checkpoint that is to speak against config.json: its header alone may be what is damaged. Throws a {@linkcode UsageError}. */
function loadWhole(folder: string, checkpoint: CheckpointFile): void {
  loadCheckpointOf(folder, checkpoint, readManifest(join(folder, manifestName))?.checkpoints);
}

/** A setting that is not what was noted, and the end of a sentence about it. */
interface Difference {
  readonly name: string;
  readonly says: (source: string) => string;
}

/** The first setting that is not what was noted; null if there is none. Notes of events are texts. */
function differenceFrom(noted: Settings, config: Config, written: Settings): Difference | null {
  const system = systemOfRun(config.scenarioName);
  const defaults = defaultsOf(system, config.scenarioName, config.algorithm);
  for (const [name, value] of Object.entries(config)) {
    const before = Object.hasOwn(noted, name) ? noted[name]! : defaults[name]!;
    const then = typeof before === "string" ? oneLine(before) : shown(before);
    if (!Object.hasOwn(written, name)) {
      if (!Object.hasOwn(noted, name)) continue;
      return { name, says: (source) => `lacks "${name}", which was ${then} ${source}: put that back.` };
    }
    if (isHarmless(name) || isDeepStrictEqual(value, before) || String(value) === before) continue;
    if (name === "nIters" && isLonger(system, config, Number(before))) continue;
    const says = (source: string): string =>
      `says "${name}" is ${shown(value)}, and it was ${then} ${source}: put that back, or start a new run.`;
    return { name, says };
  }
  return null;
}

/** A run may have been extended. */
function isLonger(system: System, config: Config, before: number): boolean {
  return config.nIters >= before && fixedLength(system, config) === null;
}

/** What is written in config.json. */
function settingsIn(folder: string): Settings {
  return JSON.parse(readRegularText(join(folder, configName))) as Settings;
}

/**
 * The configuration of the run in `folder`. A run that is older than a setting has its default, under which everything is as
 * it was before. Throws a {@linkcode UsageError} if it is damaged.
 */
export function readConfig(folder: string): Config {
  const path = join(folder, configName);
  try {
    const { scenarioName, seed, ...rest } = settingsIn(folder) ?? {};
    if (typeof scenarioName !== "string") throw new Error("it names no scenario");
    for (const [name, value] of Object.entries({ scenarioName, ...rest })) {
      if (typeof value === "string" && !isShowable(value)) {
        throw new Error(`"${name}" holds characters that cannot be shown`);
      }
    }
    const system = systemOfRun(scenarioName);
    return parseConfig(system, {
      ...defaultsOf(system, scenarioName, algorithmOf(system, rest)),
      ...rest,
      scenarioName,
      seed: seed!,
    });
  } catch (error) {
    throw new UsageError(`${path} is not the configuration of a run: ${reasonOf(error).replace(/\.$/, "")}.`);
  }
}
