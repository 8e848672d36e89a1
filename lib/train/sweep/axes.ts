/** Axes of a sweep: the values that a setting takes, as a list, or as a range that is cut into steps or drawn from. */

import type { HostRandom } from "../../tensor/host_random.ts";
import { shown } from "../../graph/kinds.ts";
import { fits, notThis, type Option, rangeOf, words } from "../../systems/option.ts";
import type { Setting } from "../../systems/settings.ts";
import { UsageError } from "../../systems/usage.ts";
import { nearest } from "../command/nearest.ts";

/** A setting that is swept. */
export interface Axis {
  readonly name: string;
  /** All its values, for a grid; null for a range that says no steps. */
  readonly values: readonly Setting[] | null;
  /** A value of it. */
  draw(random: HostRandom): Setting;
}

/** So many digits a number of a range has: enough to learn by, and few enough to read. */
const digits = 4;

const forms = "a list of values, { linear: [LOW, HIGH], steps: N } or { log: [LOW, HIGH], steps: N }";

/** The parts of a range, for who mistypes them. */
const parts = {
  linear: words(null, "from a lowest to a highest value, evenly"),
  log: words(null, "the same, by factors"),
  steps: words(null, "how many values a grid takes of it"),
};

/** The axis that a file says; `row` is what the setting may be. Throws a {@linkcode UsageError}. */
export function axisOf(name: string, given: unknown, row: Option): Axis {
  if (Array.isArray(given)) return listOf(name, given, row);
  if (typeof given !== "object" || given === null) {
    throw new UsageError(`axes.${name} takes ${forms}, not ${shown(given)}.`);
  }
  return rangeAxis(name, given as Readonly<Record<string, unknown>>, row);
}

/** Throws a {@linkcode UsageError} unless a setting may have the value. */
function checkValue(name: string, row: Option, value: unknown): void {
  const isNone = value === null && "initial" in row && row.initial === null;
  if (isNone || fits(row, value)) return;
  const range = row.kind === "toggle" ? "true or false" : rangeOf(row);
  throw new UsageError(`axes.${name} takes ${range}, ${notThis(row, value)}`);
}

function listOf(name: string, given: readonly unknown[], row: Option): Axis {
  if (given.length === 0) throw new UsageError(`axes.${name} is an empty list: give it values, or leave it out.`);
  for (const value of given) checkValue(name, row, value);
  const values = given as readonly Setting[];
  const seen = new Set<Setting>();
  const twice = values.find((value) => seen.size === seen.add(value).size);
  if (twice !== undefined) throw new UsageError(`axes.${name} has ${shown(twice)} twice.`);
  return { name, values, draw: (random) => values[Math.floor(random.next() * values.length)]! };
}

function rangeAxis(name: string, given: Readonly<Record<string, unknown>>, row: Option): Axis {
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(parts, key)) continue;
    const close = nearest(key, parts);
    throw new UsageError(
      `axes.${name} takes ${forms}; "${key}" is none of it${close === null ? "." : `: did you mean "${close}"?`}`,
    );
  }
  if (row.kind !== "integer" && row.kind !== "number") {
    throw new UsageError(`axes.${name} takes a list of values: ${rangeOf(row)} has no range.`);
  }
  if ("linear" in given === "log" in given) throw new UsageError(`axes.${name} takes ${forms}: one of them.`);
  const isLog = "log" in given;
  const [low, high] = endsOf(name, isLog ? given.log : given.linear, isLog);
  for (const end of [low, high]) checkValue(name, row, end);
  const at = (share: number): number => {
    if (share === 0 || share === 1) return share === 0 ? low : high;
    const x = isLog ? low * (high / low) ** share : low + share * (high - low);
    return row.kind === "integer" ? Math.round(x) : Number(x.toPrecision(digits));
  };
  const { steps } = given;
  if (steps !== undefined && !(Number.isInteger(steps) && Number(steps) >= 2 && Number(steps) <= 10_000)) {
    throw new UsageError(`axes.${name}.steps takes a whole number from 2 to 10,000, not ${shown(steps)}.`);
  }
  const count = Number(steps);
  const values = steps === undefined
    ? null
    : [...new Set(Array.from({ length: count }, (_, i) => at(i / (count - 1))))];
  return { name, values, draw: (random) => at(random.next()) };
}

function endsOf(name: string, given: unknown, isLog: boolean): [low: number, high: number] {
  const [low, high] = Array.isArray(given) ? given : [];
  const isPair = Array.isArray(given) && given.length === 2 && Number.isFinite(low) && Number.isFinite(high);
  const kind = isLog ? "log" : "linear";
  if (!isPair) throw new UsageError(`axes.${name}.${kind} takes two numbers, [LOW, HIGH], not ${shown(given)}.`);
  if (low >= high) {
    throw new UsageError(`axes.${name}.${kind} goes from ${low} to ${high}: the first is to be the lower one.`);
  }
  if (isLog && low <= 0) throw new UsageError(`axes.${name}.log begins at ${low}: what goes by factors is above 0.`);
  return [low, high];
}

/** What axes come to: a table of values by their names. */
export type Point = Readonly<Record<string, Setting>>;

/** How many combinations the values of axes have; those of a range without steps are not counted. */
export function combinationsOf(axes: readonly Axis[]): number {
  return axes.reduce((count, { values }) => count * (values?.length ?? 1), 1);
}

/** Every combination of the values of axes, the last of which changes first. Throws a {@linkcode UsageError} for a range without steps. */
export function gridOf(axes: readonly Axis[]): Point[] {
  const endless = axes.find(({ values }) => values === null);
  if (endless) {
    throw new UsageError(`axes.${endless.name} has no steps, which a grid needs: give steps, or search: random.`);
  }
  return axes.reduce<Point[]>(
    (points, { name, values }) => points.flatMap((point) => values!.map((value) => ({ ...point, [name]: value }))),
    [{}],
  );
}

/** So many points, whose values are drawn apart from each other. More of them begin with the same. */
export function drawnFrom(axes: readonly Axis[], count: number, random: HostRandom): Point[] {
  return Array.from({ length: count }, () => Object.fromEntries(axes.map((axis) => [axis.name, axis.draw(random)])));
}
