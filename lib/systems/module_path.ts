/** Scenarios that are files: their names are paths. */

import { basename, extname } from "node:path";

/** Whether a scenario's name is the path of a module. */
export function isModulePath(name: string): boolean {
  return /[\\/]|\.[cm]?[jt]s$/.test(name);
}

/** What a scenario is called in pictures and folders: of a path what the file is called, `my_world`. */
export function scenarioTitle(name: string): string {
  return isModulePath(name) ? basename(name, extname(name)) : name;
}
