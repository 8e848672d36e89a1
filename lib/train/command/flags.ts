/** Command lines by tables of options: `node:util` parseArgs, and a sentence for whatever cannot be understood. */

import { parseArgs } from "node:util";
import { oneLine } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";
import { secondsOf } from "./duration.ts";
import { nearest } from "./nearest.ts";
import { fits, flagOf, limitsOf, notThis, type Option, rangeOf, type Table } from "../../systems/option.ts";

/** What the arguments of a command say; nothing is filled in. */
export interface Arguments {
  /** By the names of the table. An option that may be given several times has a list. Numbers are not yet checked. */
  readonly values: Readonly<Record<string, unknown>>;
  /** What is not a flag. */
  readonly positionals: readonly string[];
}

/** Reads the arguments of `deno task <command>`. Throws a {@linkcode UsageError} at the first that cannot be understood. */
export function readArguments(command: string, table: Table, args: readonly string[]): Arguments {
  const options = new Map(
    Object.entries(table).flatMap((row) => namesOf(...row).map((flag) => [flag.slice(2), row] as const)),
  );
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      [...options].map(([flag, [, option]]) => [flag, { type: isBare(option) ? "boolean" : "string" }]),
    ),
  });
  const values: Record<string, unknown> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      positionals.push(ofOneLine(`an argument of ${command}`, token.value));
      continue;
    }
    const [name, option] = options.get(token.rawName === "-h" ? "help" : token.name) ??
      unknownFlag(command, token.rawName, table);
    const value = valueOf(token, option);
    if (isMany(option)) values[name] = [...values[name] as unknown[] ?? [], ...value as unknown[]];
    else if (name in values) throw new UsageError(`${token.rawName} is given twice.`);
    else values[name] = value;
  }
  return { values, positionals };
}

/** The flags of an option: a toggle has one to say no. */
function namesOf(name: string, option: Option): string[] {
  const flag = flagOf(name);
  return option.kind === "toggle" ? [flag, flag.replace("--", "--no-")] : [flag];
}

/** A setting as it is given on a command line. */
export function flagText(name: string, value: unknown): string {
  if (value === null) return `no ${flagOf(name)}`;
  return typeof value === "boolean" ? flagOf(name).replace("--", value ? "--" : "--no-") : `${flagOf(name)} ${value}`;
}

/** What needs no quotes: a backslash parts folders on Windows, and elsewhere takes the meaning of what follows. */
const plainWord = Deno.build.os === "windows" ? /^[\w./:@%+,\\-]+$/ : /^[\w./:@%+,-]+$/;

/** `text` as one word of a command that is typed into a shell. */
export function shellWord(text: string): string {
  return plainWord.test(text) ? text : quoted(text);
}

/** The same, whatever it holds: nothing in it is executed. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Whether its flags take no value. */
function isBare({ kind }: Option): boolean {
  return kind === "switch" || kind === "toggle";
}

function isMany(option: Option): boolean {
  return option.kind === "integer" && option.many === true;
}

interface Given {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function valueOf({ rawName, value, inlineValue }: Given, option: Option): unknown {
  if (isBare(option)) {
    if (value !== undefined) throw new UsageError(bareText(rawName, value, option));
    return option.kind === "switch" || !rawName.startsWith("--no-");
  }
  if (value === undefined || value === "" || (!inlineValue && value.startsWith("--"))) {
    throw new UsageError(`${rawName} has no value: it takes ${rangeOf(option)}.`);
  }
  if (option.kind === "duration") {
    const seconds = secondsOf(value);
    if (seconds === null) throw new UsageError(`${rawName} takes ${rangeOf(option)}, not ${value}.`);
    return seconds;
  }
  if (option.kind === "path") return ofOneLine(rawName, value);
  if (option.kind === "text" || option.kind === "choice") return value;
  return isMany(option) ? value.split(",").map(numberOf) : numberOf(value);
}

/** A path or a name, which messages repeat as it is: with a line break it could say what the command does not. */
function ofOneLine(what: string, text: string): string {
  if (!/[\n\r\u2028\u2029]/.test(text)) return text;
  throw new UsageError(`${what} has a line break: ${oneLine(text)}. Rename what is called so.`);
}

/** The values of a table: what was given, else the default; null, or false for a switch, where there is none. */
export function valuesOf(table: Table, given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const initial = (option: Option) => "initial" in option ? option.initial : option.kind === "switch" ? false : null;
  const entries = Object.entries(table).map(([name, option]) => [name, name in given ? given[name] : initial(option)]);
  return Object.fromEntries(entries);
}

/** What is said to a value of a flag that takes none: where it says no, which flag does. */
function bareText(rawName: string, value: string, { kind }: Option): string {
  const no = kind === "toggle" && !rawName.startsWith("--no-") && /^(false|no|off|0)$/i.test(value);
  return `${rawName} takes no value: ${no ? `give ${rawName.replace("--", "--no-")}` : `leave "=${value}" out`}.`;
}

/** A decimal number, or the text for the schema to refuse. */
function numberOf(value: string): number | string {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : value;
}

/** Throws a {@linkcode UsageError} unless `value` is one that the option `name` takes. */
export function checkOption(name: string, option: Option, value: unknown): void {
  if (!fits(option, value)) throw new UsageError(`${flagOf(name)} takes ${rangeOf(option)}, ${notThis(option, value)}`);
}

function unknownFlag(command: string, flag: string, table: Table): never {
  const close = nearest(flag, table);
  throw new UsageError(
    `${flag} is no flag of ${command}: ${close === null ? "see --help." : `did you mean ${flagOf(close)}?`}`,
  );
}

const placeholders = {
  integer: "N",
  number: "X",
  duration: "TIME",
  choice: "NAME",
  path: "PATH",
  text: "TEXT",
  toggle: "",
  switch: "",
};

/** Flags that are longer do not move what is said of the others to the right. */
const widest = 28;

/** The lines of `--help` for tables of options by their headings. */
export function optionLines(groups: Readonly<Record<string, Table>>): string[] {
  const left = (name: string, option: Option) => `  ${flagOf(name)} ${placeholders[option.kind]}`.trimEnd();
  const rows = Object.values(groups).flatMap((table) => Object.entries(table));
  const lengths = rows.map(([name, option]) => left(name, option).length);
  const width = Math.max(...lengths.filter((length) => length <= widest)) + 3;
  const line = (name: string, option: Option) => `${left(name, option)}   `.padEnd(width) + explain(option);
  return Object.entries(groups).flatMap(([title, table]) => [
    "",
    title,
    ...Object.entries(table).map(([name, option]) => line(name, option)),
  ]);
}

function explain(option: Option): string {
  const initial = "initial" in option && option.initial !== null ? ` [${option.initial}]` : "";
  switch (option.kind) {
    case "choice":
      return `${option.help}${option.values.length > 0 ? ` (${option.values.join(", ")})` : ""}${initial}`;
    case "integer":
    case "number":
      return `${option.help} (${limitsOf(option).replace(/^from /, "")})${initial}`;
    default:
      return `${option.help}${initial}`;
  }
}
