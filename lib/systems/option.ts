/**
 * Options: the rows of the tables from which types, schemas, flags and `--help` are made. A new setting of a system or an
 * algorithm is one new row.
 */

import { shown } from "../graph/kinds.ts";
/** What all options have. */
interface Described {
  /** For `--help`. */
  readonly help: string;
  /** Names by which others know it, for who types them. */
  readonly also?: readonly string[];
  /** What the option has no part without, if there is such. */
  readonly needs?: Need;
}

/** Other settings that an option needs. */
export interface Need {
  /** As flags: `--recurrent lstm or gru`. */
  readonly says: string;
  /** Whether the settings of a run have it. */
  readonly isMet: (settings: Readonly<Record<string, unknown>>) => boolean;
}

/** A number within limits. */
export interface NumberOption<Initial extends number | null = number | null> extends Described {
  readonly kind: "integer" | "number";
  readonly min: number;
  readonly max: number;
  /** Whether `min` itself is excluded. */
  readonly aboveMin: boolean;
  /** Null: there is none unless it is given. */
  readonly initial: Initial;
  /** Whether the command line takes several: `0,1,2`, or the flag more than once. */
  readonly many?: boolean;
}

/** A time: `90s`, `20m`, `2h`, `1h30m`; its value is in seconds. */
export interface DurationOption extends Described {
  readonly kind: "duration";
}

/** One of several words. */
export interface ChoiceOption<Value extends string = string> extends Described {
  readonly kind: "choice";
  readonly values: readonly Value[];
  /** Null: the help says what it depends on. */
  readonly initial: Value | null;
  /** What is said of a value that is none of them but may be meant for one; null if nothing is known of it. */
  readonly hint?: (value: string) => string | null;
}

/** A file or folder. */
export interface PathOption extends Described {
  readonly kind: "path";
  readonly initial: string | null;
  /** What it takes beside paths. */
  readonly names?: readonly string[];
}

/** Any text. */
export interface TextOption extends Described {
  readonly kind: "text";
  readonly initial: string | null;
}

/** Yes or no: `--share-parameters`, `--no-share-parameters`. */
export interface ToggleOption extends Described {
  readonly kind: "toggle";
  readonly initial: boolean;
}

/** Given or not. */
export interface SwitchOption extends Described {
  readonly kind: "switch";
}

/** A row of the table. */
export type Option =
  | NumberOption
  | DurationOption
  | ChoiceOption
  | PathOption
  | TextOption
  | ToggleOption
  | SwitchOption;

/** Options by name. */
export type Table = Readonly<Record<string, Option>>;

/** The type of an option's value. */
export type ValueOf<O> = O extends NumberOption<number> ? number
  : O extends NumberOption ? number | null
  : O extends DurationOption ? number
  : O extends ChoiceOption<infer V> ? V
  : O extends PathOption | TextOption ? string | null
  : boolean;

/**
 * The values of a table.
 *
 * @internal
 */
export type ValuesOf<Table> = { readonly [K in keyof Table]: ValueOf<Table[K]> };

/** `row`, which others call by the names `also`. */
export function called<O extends Option>(also: readonly string[], row: O): O {
  return { ...row, also };
}

/** `row`, which has a part only where the settings of a run have what `says` names. */
export function needing<O extends Option>(says: string, isMet: Need["isMet"], row: O): O {
  return { ...row, needs: { says, isMet } };
}

/** A row of the table. */
export function integer(min: number, max: number, initial: number, help: string): NumberOption<number> {
  return { kind: "integer", min, max, aboveMin: false, initial, help };
}

/** A row of the table. */
export function real(min: number, max: number, initial: number, help: string): NumberOption<number> {
  return { kind: "number", min, max, aboveMin: false, initial, help };
}

/** A row of the table. */
export function positive(max: number, initial: number, help: string): NumberOption<number> {
  return { kind: "number", min: 0, max, aboveMin: true, initial, help };
}

/** A row of the table. */
export function choice<const V extends string>(values: readonly V[], initial: V | null, help: string): ChoiceOption<V> {
  return { kind: "choice", values, initial, help };
}

/** A row of the table. */
export function path(initial: string | null, help: string, names: readonly string[] = []): PathOption {
  return { kind: "path", initial, help, names };
}

/** A row of the table. */
export function words(initial: string | null, help: string): TextOption {
  return { kind: "text", initial, help };
}

/** A row of the table. */
export function toggle(initial: boolean, help: string): ToggleOption {
  return { kind: "toggle", initial, help };
}

/** A row of the table. */
export function flag(help: string): SwitchOption {
  return { kind: "switch", help };
}

/** The defaults of a table, of all that has one. */
export function initialOf(table: Table): Readonly<Record<string, number | string | boolean | null>> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, option]) => "initial" in option ? [[name, option.initial]] : []),
  );
}

/** `framesPerBatch` as a flag: `--frames-per-batch`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** What an option did not get: the end of a sentence, with a hint where there is one. */
export function notThis(option: Option, value: unknown): string {
  if (value === undefined) return "and is missing.";
  const hint = typeof value === "string" ? hintOf(option, value) : null;
  return `not ${shown(value)}${hint === null ? "" : `: ${hint}`}.`;
}

function hintOf(option: Option, value: string): string | null {
  if (option.kind === "choice") return option.hint?.(value) ?? null;
  return option.kind === "integer" && option.many ? "several are given as 0,1,2" : null;
}

/** Whether a number is within the limits of its option. */
export function within({ kind, min, max, aboveMin }: NumberOption, x: number): boolean {
  const whole = kind === "number" || Number.isInteger(x);
  return whole && x >= min && x <= max && !(aboveMin && x === min);
}

/** Whether a value, which is no text of a command line any more, is one that its option takes. */
export function fits(option: Option, value: unknown): boolean {
  switch (option.kind) {
    case "integer":
    case "number":
      return typeof value === "number" && within(option, value);
    case "duration":
      return typeof value === "number";
    case "choice":
      // Without values any name will do.
      return typeof value === "string" && (option.values.length === 0 || option.values.includes(value));
    case "path":
    case "text":
      return typeof value === "string";
    case "toggle":
    case "switch":
      return typeof value === "boolean";
  }
}

/** What an option takes: "a whole number from 1 to 1,000". */
export function rangeOf(option: Option): string {
  switch (option.kind) {
    case "integer":
      return `a whole number ${limitsOf(option)}`;
    case "number":
      return `a number ${limitsOf(option)}`;
    case "duration":
      return "a time such as 90s, 20m or 1h30m";
    case "choice":
      if (option.values.length === 0) return "a name";
      return option.values.length === 1 ? `"${option.values[0]}"` : `one of ${option.values.join(", ")}`;
    case "path":
      return "a path";
    case "text":
      return "a text";
    case "toggle":
    case "switch":
      return "nothing";
  }
}

/** The limits of a number: "above 0, at most 1". */
export function limitsOf({ min, max, aboveMin }: NumberOption): string {
  const [least, most] = [min, max].map((x) => x.toLocaleString("en-US"));
  return aboveMin ? `above ${least}, at most ${most}` : `from ${least} to ${most}`;
}
