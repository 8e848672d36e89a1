/** Whether a host world is what its contract says; a notebook checks no types. */

import { shown } from "../../graph/kinds.ts";
import type { HostWorld } from "./world.ts";

const isWhole = (x: unknown, least: number): boolean => typeof x === "number" && Number.isInteger(x) && x >= least;

/** Throws a RangeError with a sentence at the first thing that does not fit. */
export function checkHostWorld(world: HostWorld): void {
  const { name, actionKind, simulation, metrics = {}, workers } = world;
  if (typeof name !== "string" || name === "") throw new RangeError(`a host world has a name, not ${shown(name)}.`);
  for (const size of ["agents", "observationSize", "actionSize", "maxSteps"] as const) {
    if (!isWhole(world[size], 1)) {
      throw new RangeError(`${name}: ${size} is a whole number, 1 or more, not ${shown(world[size])}.`);
    }
  }
  if (actionKind !== "continuous" && actionKind !== "discrete") {
    throw new RangeError(`${name}: actionKind is "continuous" or "discrete", not ${shown(actionKind)}.`);
  }
  for (const [metric, reduction] of Object.entries(metrics)) {
    if (reduction === "mean" || reduction === "sum") continue;
    throw new RangeError(`${name}: the metric ${metric} is a "mean" or a "sum", not ${shown(reduction)}.`);
  }
  if (workers !== undefined && !isWhole(workers, 0)) {
    throw new RangeError(`${name}: workers is a whole number, 0 or more, not ${shown(workers)}.`);
  }
  if (typeof simulation === "function" && workers) {
    throw new RangeError(
      `${name}: a simulation that is a function is stepped by the thread that has it. For ${workers} workers put it into a ` +
        `module, as its default export, and name that: simulation: import.meta.resolve('./my_simulation.ts')`,
    );
  }
  checkOptions(world);
}

/** Throws if the options cannot be cloned, with the path of what is in the way. */
function checkOptions({ name, options }: HostWorld): void {
  try {
    structuredClone(options);
  } catch {
    const [path, what] = obstacle(options, "options");
    throw new RangeError(
      `${name}: the options cannot be given to its simulations: ${path} is ${what}. They are numbers, text, and arrays and ` +
        "objects of them; what is made of them is made by the simulation.",
    );
  }
}

/** The deepest part that cannot be cloned. */
function obstacle(x: unknown, path: string): [path: string, what: string] {
  if (typeof x === "object" && x !== null) {
    for (const [key, value] of Object.entries(x)) {
      try {
        structuredClone(value);
      } catch {
        return obstacle(value, `${path}.${key}`);
      }
    }
  }
  const kind = typeof x === "function"
    ? "a function"
    : typeof x === "symbol"
    ? "a symbol"
    : `a ${x?.constructor?.name}`;
  return [path, kind];
}
