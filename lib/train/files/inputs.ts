/**
 * Files that settings name, such as a motion: a run keeps each in a folder of its own that is called as the setting, and goes on with
 * that, whatever becomes of the file that was given.
 */

import { basename, dirname, join } from "node:path";
import type { Config, Settings } from "../../systems/settings.ts";
import type { System } from "../../systems/system.ts";
import { infoOf, writeFileAtomic } from "./atomic.ts";

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

/** The settings in the folder of a run as others have them: the files that the run keeps by their paths from here. */
export function fromRun<S extends Settings>(folder: string, settings: S): S {
  const found = Object.entries(settings).flatMap(([name, value]) => {
    if (typeof value !== "string" || dirname(value) !== `./${name}`) return [];
    const path = join(folder, value);
    return infoOf(path) ? [[name, path] as const] : [];
  });
  return { ...settings, ...Object.fromEntries(found) };
}

/** The opposite of {@linkcode fromRun}: a configuration as the run in a folder has it. */
export function asInRun(folder: string, config: Config): Config {
  const own = Object.entries(config).flatMap(([name, value]) =>
    typeof value === "string" && dirname(value) === join(folder, name) ? [[name, `./${name}/${basename(value)}`]] : []
  );
  return { ...config, ...Object.fromEntries(own) };
}
