/** The function that makes the simulations of a world: given, or loaded from its module. */

import { shown } from "../../graph/kinds.ts";
import type { MakeSimulation } from "./world.ts";

/**
 * The default export of the module at `simulation`, or the function itself.
 *
 * @throws RangeError if it is neither, Error if the module cannot be loaded or exports something else.
 */
export async function loadMaker(name: string, simulation: string | MakeSimulation): Promise<MakeSimulation> {
  if (typeof simulation === "function") return simulation;
  if (typeof simulation !== "string" || !/^(file|https):\/\//.test(simulation)) {
    throw new RangeError(
      `${name}: the simulation is a function, or the file:// or https:// URL of the module that exports it, not ` +
        `${shown(simulation)}: simulation: import.meta.resolve('./my_simulation.ts')`,
    );
  }
  const module = await load(name, simulation);
  if (typeof module.default !== "function") {
    throw new Error(
      `${name}: ${simulation} has no function as its default export: export default (options) => simulation`,
    );
  }
  return module.default as MakeSimulation;
}

async function load(name: string, url: string): Promise<{ default?: unknown }> {
  try {
    return await importUrl(url);
  } catch (error) {
    throw new Error(`${name}: ${url} could not be loaded: ${(error as Error).message}`, { cause: error });
  }
}

/** The two kinds of URL begin as text, by which `deno publish` sees that they are no packages that it has to look up. */
function importUrl(url: string): Promise<{ default?: unknown }> {
  const file = "file://";
  return url.startsWith(file) ? import(`file://${url.slice(file.length)}`) : import(`https://${url.slice(8)}`);
}
