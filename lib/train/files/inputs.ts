/**
 * Files that settings name, such as a motion: a run keeps each in a folder of its own that is called as the setting, and goes on with
 * that, whatever becomes of the file that was given.
 */

import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import type { Config, Settings } from "../../systems/settings.ts";
import type { System } from "../../systems/system.ts";
import { UsageError } from "../../systems/usage.ts";
import { infoOf, writeFileAtomic } from "./atomic.ts";
import { readRegular } from "./regular.ts";

/** The settings of a configuration that name files. */
export function inputsOf({ task }: Pick<System, "task">, config: Config): string[] {
  return Object.entries(task).flatMap(([name, row]) => {
    const value = config[name];
    return row.kind === "path" && typeof value === "string" && !row.names?.includes(value) ? [name] : [];
  });
}

/** Copies the files that the settings `names` name into the folder of a run; gives its configuration as the run has it. */
export function keepInputs(folder: string, config: Config, names: readonly string[]): Config {
  const kept = names.map((name) => {
    const file = String(config[name]);
    const content = Deno.readFileSync(file);
    Deno.mkdirSync(join(folder, name));
    writeFileAtomic(join(folder, name, basename(file)), content);
    return [name, `./${name}/${basename(file)}`] as const;
  });
  return { ...config, ...Object.fromEntries(kept) };
}

/** By settings that name files which a run keeps: where those are in its folder. */
function keptBy(settings: Settings): [name: string, place: string][] {
  return Object.entries(settings).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" && dirname(value) === `./${name}` ? [[name, value]] : []
  );
}

const digestOf = (path: string): string => createHash("sha256").update(readRegular(path)).digest("hex");

/** Whether a file is there, and the one of that digest. */
export function isStill(path: string, digest: string | undefined): boolean {
  return infoOf(path)?.isFile === true && digestOf(path) === digest;
}

/** The digests of the files that a run keeps, by the settings that name them as its folder has them. */
export function inputDigests(folder: string, settings: Settings): Record<string, string> {
  const there = keptBy(settings).filter(([, place]) => infoOf(join(folder, place))?.isFile);
  return Object.fromEntries(there.map(([name, place]) => [name, digestOf(join(folder, place))]));
}

/** Throws a {@linkcode UsageError} unless the files that a run keeps are those of these digests. */
export function checkInputs(folder: string, settings: Settings, digests: Readonly<Record<string, string>>): void {
  const now = inputDigests(folder, settings);
  for (const [name, place] of keptBy(settings)) {
    if (!Object.hasOwn(digests, name) || now[name] === digests[name]) continue;
    const what = now[name] === undefined ? "is no file any more" : "is another file than the one of its checkpoint";
    throw new UsageError(
      `${join(folder, place)} ${what}: the run has learned from that. Put it back, or start a new run.`,
    );
  }
}

/** The settings in the folder of a run as others have them: the files that the run keeps by their paths from here. */
export function fromRun<S extends Settings>(folder: string, settings: S): S {
  const found = keptBy(settings).map(([name, place]) => [name, join(folder, place)] as const);
  return { ...settings, ...Object.fromEntries(found.filter(([, path]) => infoOf(path) !== null)) };
}

/** The opposite of {@linkcode fromRun}: a configuration as the run in a folder has it. */
export function asInRun(folder: string, config: Config): Config {
  const own = Object.entries(config).flatMap(([name, value]) =>
    typeof value === "string" && dirname(value) === join(folder, name) ? [[name, `./${name}/${basename(value)}`]] : []
  );
  return { ...config, ...Object.fromEntries(own) };
}
