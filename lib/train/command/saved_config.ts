/** The configuration of a run, read back from its folder. */

import { join } from "node:path";
import type { Config } from "../../systems/settings.ts";
import { UsageError } from "../../systems/usage.ts";
import { reasonOf } from "../files/error.ts";
import { configName } from "../files/folder.ts";
import { fromRun } from "../files/inputs.ts";
import { algorithmOf, defaultsOf, parseConfig } from "./config.ts";
import { systemOfRun } from "./worlds.ts";

/** The configuration of the run in `folder`, for who makes what it says: with the files that it keeps. See {@linkcode readConfig}. */
export function usedConfig(folder: string): Config {
  return fromRun(folder, readConfig(folder));
}

/**
 * The configuration of the run in `folder`. A run that is older than a setting has its default, under which everything is as
 * it was before. Throws a {@linkcode UsageError} if it is damaged.
 */
export function readConfig(folder: string): Config {
  const path = join(folder, configName);
  try {
    const { scenarioName, seed, ...rest } = JSON.parse(Deno.readTextFileSync(path)) ?? {};
    if (typeof scenarioName !== "string") throw new Error("it names no scenario");
    const system = systemOfRun(scenarioName);
    return parseConfig(system, {
      ...defaultsOf(system, scenarioName, algorithmOf(system, rest)),
      ...rest,
      scenarioName,
      seed,
    });
  } catch (error) {
    throw new UsageError(`${path} is not the configuration of a run: ${reasonOf(error).replace(/\.$/, "")}.`);
  }
}
