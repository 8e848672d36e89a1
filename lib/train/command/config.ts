/** The configuration of a run: a valibot schema made from the tables of its system, and the rules between settings. */

import * as v from "npm:valibot@1.5.0";
import { isStrayPromise, shown } from "../../graph/kinds.ts";
import { flagOf, initialOf, notThis, type Option, rangeOf, type Table, within } from "../../systems/option.ts";
import { type Config, isHarmless, type Setting, type Settings } from "../../systems/settings.ts";
import type { System } from "../../systems/system.ts";
import { counted, isShowable, oneLine } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";
import { checkOption } from "./flags.ts";
import { closest, nearest } from "./nearest.ts";
import { settingsOf } from "./tables.ts";

/** A name of a file, which stands in what is printed and in the run's own configuration. */
function pathOf(name: string, message: (issue: { input: unknown }) => string) {
  const unshowable = `${flagOf(name)} holds characters that cannot be shown: give the file another name.`;
  return v.pipe(v.string(message), v.check(isShowable, unshowable));
}

function schemaOf(name: string, option: Option): v.GenericSchema<unknown, Setting> {
  const message = ({ input }: { input: unknown }) => {
    const not = isStrayPromise(input) ? "not a promise: `await` is missing." : notThis(option, input);
    return `${flagOf(name)} takes ${rangeOf(option)}, ${not}`;
  };
  switch (option.kind) {
    case "toggle":
      return v.boolean(({ input }) => `"${name}" is true or false, not ${shown(input)}.`);
    case "choice":
      // A world of one's own has a name, or a path, that is in no table: by it the system was found.
      return name === "scenarioName" ? pathOf(name, message) : v.picklist(
        option.values,
        message,
      );
    case "integer":
    case "number": {
      const number = v.pipe(v.number(message), v.check((x) => within(option, x), message));
      return option.initial === null ? v.nullable(number) : number;
    }
    case "path":
      return v.nullable(pathOf(name, message));
    default:
      throw new Error(`${name}: a setting is no ${option.kind}.`);
  }
}

type Schema = v.GenericSchema<unknown, Readonly<Record<string, Setting>>>;

/** Made once for each algorithm of a system: who lists a thousand runs reads as many configurations. */
const schemas = new WeakMap<System, Map<string, Schema>>();

function schemaFor(system: System, algorithm: string): Schema {
  const known = schemas.get(system) ?? new Map<string, Schema>();
  schemas.set(system, known);
  const schema = known.get(algorithm) ?? schemaOfTable(settingsOf(system, algorithm));
  known.set(algorithm, schema);
  return schema;
}

function schemaOfTable(table: Table): Schema {
  const entries = Object.fromEntries(Object.entries(table).map(([name, option]) => [name, schemaOf(name, option)]));
  return v.strictObject(entries, ({ expected, path }) => {
    const name = String(path?.[0]?.key);
    if (expected !== "never") return `${flagOf(name)} is missing.`;
    const close = nearest(name, table);
    return `"${oneLine(name)}" is no setting${close === null ? "." : `: did you mean "${close}"?`}`;
  });
}

function parse(system: System, value: Settings): Config {
  const result = v.safeParse(schemaFor(system, algorithmOf(system, value)), value, { abortEarly: true });
  if (!result.success) throw new UsageError(result.issues[0].message);
  return result.output as unknown as Config;
}

/** The algorithm of settings. Throws a {@linkcode UsageError} if the system has no such. */
export function algorithmOf(system: System, given: Settings): string {
  const names = Object.keys(system.algorithms);
  const { algorithm = names[0]! } = given;
  if (names.includes(algorithm as string)) return algorithm as string;
  const close = closest(String(algorithm), names);
  throw new UsageError(
    `--algorithm takes ${names.length === 1 ? `"${names[0]}"` : `one of ${names.join(", ")}`}, not ${shown(algorithm)}${
      close === null ? "." : `: did you mean ${close}?`
    }`,
  );
}

/** The defaults of every setting of a system's algorithm, in the order of config.json. */
export function defaultsOf(system: System, scenarioName: string, algorithm: string): Config {
  return { ...initialOf(settingsOf(system, algorithm)), scenarioName, algorithm } as Config;
}

/** Checks `value`; throws a {@linkcode UsageError} with the first thing that does not fit. */
export function parseConfig(system: System, value: Settings): Config {
  const config = parse(system, value);
  if (config.patience !== null && config.evalEvery === 0) {
    throw new UsageError(`--patience ${config.patience} counts evaluations, and there are none: give --eval-every.`);
  }
  system.check(config);
  return config;
}

/** As {@linkcode parseConfig}, for those who do not train: how a batch is learned from does not matter. */
export function parseTask(system: System, value: Settings): Config {
  const config = parse(system, value);
  system.checkTask(config);
  return config;
}

/**
 * The configuration of a new run of `scenario`: the settings that were given, else what the preset says, else the defaults.
 * Throws a {@linkcode UsageError}.
 */
export function newConfig(
  system: System,
  scenario: string,
  given: Settings,
  preset: string = system.presetBelow(given),
): Config {
  return parseConfig(system, withPreset(system, scenario, given, preset));
}

/** As {@linkcode newConfig}, not checked yet. */
export function withPreset(system: System, scenario: string, given: Settings, preset: string): Settings {
  const algorithm = algorithmOf(system, { ...given, scenarioName: scenario });
  if (!system.presets.includes(preset)) {
    const names = system.presets.length === 1 ? `"${system.presets[0]}"` : `one of ${system.presets.join(", ")}`;
    throw new UsageError(`--preset takes ${names}, not ${JSON.stringify(preset)}.`);
  }
  const below = { ...defaultsOf(system, scenario, algorithm), ...system.preset(preset, scenario, algorithm) };
  return { ...below, ...asSettings(system, algorithm, given, below), scenarioName: scenario };
}

/** What was given, all of it as settings: `numTimesteps` is so many `nIters`. `below` are the settings below it. */
function asSettings(system: System, algorithm: string, given: Settings, below: Settings): Settings {
  const settings: Record<string, Setting> = { ...given };
  for (const [name, { row, setting, value }] of Object.entries(system.algorithms[algorithm]!.otherwise ?? {})) {
    if (!Object.hasOwn(given, name)) continue;
    checkOption(name, row, given[name]);
    if (Object.hasOwn(given, setting)) {
      throw new UsageError(`${flagOf(name)} and ${flagOf(setting)} say the same in two ways: give one of them.`);
    }
    settings[setting] = value(Number(given[name]), { ...below, ...given });
    delete settings[name];
  }
  return settings;
}

/** `above` over `below`: what says a setting of `below` in another way takes its place. */
export function laidOver(system: System, algorithm: string, above: Settings, below: Settings): Settings {
  const settings: Record<string, Setting> = { ...below, ...above };
  for (const [name, { setting }] of Object.entries(system.algorithms[algorithm]!.otherwise ?? {})) {
    if (Object.hasOwn(above, name) && !Object.hasOwn(above, setting)) delete settings[setting];
    if (Object.hasOwn(above, setting) && !Object.hasOwn(above, name)) delete settings[name];
  }
  return settings;
}

/** Why the run cannot go on for more iterations than it was made for; null if it can. */
export function fixedLength(system: System, run: Config): string | null {
  const ending = system.endsWith(run);
  return ending && `${ending}, which ends with the ${counted(run.nIters, "iteration")} of the run`;
}

/** The configuration of a resumed run: its own, with the settings that were given again. Throws a {@linkcode UsageError}. */
export function resumedConfig(system: System, run: Config, settings: Settings): Config {
  const given = asSettings(system, run.algorithm, settings, run);
  for (const [name, value] of Object.entries(given)) {
    if (value === run[name] || isHarmless(name)) continue;
    if (name !== "nIters") {
      throw new UsageError(
        `${flagOf(name)} ${value} differs from the ${
          run[name]
        } of the run that is resumed: leave it out, or start a new run.`,
      );
    }
    const fixed = fixedLength(system, run);
    if (fixed !== null) {
      throw new UsageError(`--n-iters ${value} would change ${fixed}: leave it out, or start a new run.`);
    }
    if (Number(value) < run.nIters) {
      throw new UsageError(`--n-iters ${value} is less than the ${run.nIters} of the run: it can only be raised.`);
    }
  }
  return parseConfig(system, { ...run, ...given });
}
