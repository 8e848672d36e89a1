/** From the name of a scenario to its system: one of the registry, or a file that exports a world. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { ended, thrownText } from "../../graph/thrown.ts";
import { isModulePath } from "../../systems/module_path.ts";
import { type OwnWorld, ownWorldSystem } from "../../systems/own_world.ts";
import { findSystem, scenarioNames } from "../../systems/registry.ts";
import type { System } from "../../systems/system.ts";
import { UsageError } from "../../systems/usage.ts";
import { reasonOf } from "../files/error.ts";
import { nearestScenario } from "./nearest.ts";

/** The system of a scenario. Throws a {@linkcode UsageError} if there is none. */
export async function systemFor(scenario: string): Promise<System> {
  const known = findSystem(scenario);
  if (known) return known;
  if (isModulePath(scenario)) return ownWorldSystem(scenario, await importWorld(scenario));
  const close = nearestScenario(scenario, scenarioNames());
  throw new UsageError(
    `--scenario-name takes one of ${scenarioNames().join(", ")}, or the path of a file that exports a world, not ` +
      `${JSON.stringify(scenario)}${close === null ? "." : `: did you mean ${close}?`}`,
  );
}

/** The system of a run that goes on or is looked at. One whose world a program made can only be read about. */
export async function systemToOpen(scenario: string): Promise<System> {
  return isModulePath(scenario) ? await systemFor(scenario) : systemOfRun(scenario);
}

/** The system of a run, for reading about it: a world of one's own is not loaded. */
export function systemOfRun(scenario: string): System {
  return findSystem(scenario) ?? ownWorldSystem(scenario, null);
}

async function importWorld(path: string): Promise<OwnWorld> {
  const file = resolve(path);
  try {
    if (!Deno.statSync(file).isFile) throw new Error("it is no file");
  } catch (error) {
    throw new UsageError(`--scenario-name ${path} cannot be opened: ${reasonOf(error)}.`);
  }
  // It begins as text, by which `deno publish` sees that it is a file, and no package that it has to look up.
  const { host, pathname } = pathToFileURL(file);
  const module = await load(path, () => import(`file://${host}${pathname}`));
  if (module.default === undefined) {
    throw new UsageError(`${path} has no default export: export the world, as in \`export default new MyWorld();\`.`);
  }
  const { settings, onIteration, policy, critic } = module;
  const world = await load(path, () => Promise.resolve(module.default));
  const networks = { ...policy && { policy }, ...critic && { critic } };
  return { world, networks, ...settings && { settings }, ...onIteration && { onIteration } };
}

/** What `promise` gives. Throws a {@linkcode UsageError} if it fails, which is a matter of the file. */
async function load<T>(path: string, promise: () => Promise<T>): Promise<T> {
  try {
    return await promise();
  } catch (error) {
    const { text, stack } = thrownText(error);
    const at = stack?.match(/^\s+at .*$/m)?.[0] ?? "";
    const where = stripVTControlCharacters(at.includes("/lib/train/command/") ? "" : `\n${at}`);
    throw new UsageError(`--scenario-name ${path} cannot be loaded: ${ended(text)}${where}`, { cause: error });
  }
}
