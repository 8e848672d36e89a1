/** Settings beside the presets of their system. */

import { initialOf } from "../../systems/option.ts";
import { type Config, running, type Settings } from "../../systems/settings.ts";
import type { System } from "../../systems/system.ts";
import { settingsOf } from "./tables.ts";

/** The preset that is nearest to settings of a scenario, and where they depart from it. */
export interface Departure {
  readonly preset: string;
  readonly apart: readonly (readonly [name: string, value: unknown])[];
}

/** See {@linkcode Departure}. Only what `given` names is compared; of presets that are as near, the default. */
export function departureOf(system: System, scenario: string, algorithm: string, given: Settings): Departure {
  const initial = initialOf(settingsOf(system, algorithm));
  const byDefault = system.presetBelow({});
  const departures = [byDefault, ...system.presets.filter((name) => name !== byDefault)].map((preset): Departure => {
    const row = { ...initial, ...system.preset(preset, scenario, algorithm), algorithm };
    return { preset, apart: Object.entries(given).filter(([key, value]) => value !== row[key as keyof typeof row]) };
  });
  return departures.reduce((a, b) => b.apart.length < a.apart.length ? b : a);
}

/** By which preset a configuration goes, and where it departs from it: "seed, but lr 0.001". */
export function presetText(system: System, config: Config): string {
  const own = (name: string) => name !== "scenarioName" && name !== "nIters" && !Object.hasOwn(running, name);
  const given = Object.fromEntries(Object.entries(config).filter(([name]) => own(name)));
  const { preset, apart } = departureOf(system, config.scenarioName, config.algorithm, given);
  return apart.length === 0 ? preset : `${preset}, but ${apart.map(([key, value]) => `${key} ${value}`).join(", ")}`;
}
