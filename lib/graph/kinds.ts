/**
 * What an argument may be: a notebook checks no types. A kind accepts values or does not, and can say in words what it takes and
 * what it was given. Kinds are put together like types: lists, alternatives, options by name.
 */

import { type Aval, describe } from "./types.ts";

/** What is wrong with a value. */
export interface Fault {
  /** Where it is in the argument: ".shape", "[2]"; empty for the argument itself. */
  readonly at: string;
  /** What belongs there. */
  readonly says: string;
  readonly found: unknown;
  /** A whole sentence in the place of "takes .. not ..", after the name of the call. */
  readonly sentence?: string;
  readonly help?: string;
}

/** One kind of value. */
export interface Kind {
  /** As a person says it, with its article: "a whole number". */
  readonly says: string;
  readonly accepts: (x: unknown) => boolean;
  /** What is wrong inside of a value that is not accepted; `null` if the value as a whole is of another kind. */
  readonly inside?: (x: unknown) => Fault | null;
  /** How to write it, if `x` was given in its place. */
  readonly example?: (x: unknown) => string | undefined;
}

/** A kind of its own. */
export function kindOf(says: string, accepts: (x: unknown) => boolean): Kind {
  return { says, accepts };
}

/** Any value, also none. */
export const anything: Kind = kindOf("anything", (x) => !isThenable(x));
/** Any number, NaN and infinities too. */
export const number: Kind = kindOf("a number", (x) => typeof x === "number");
/** A number that is neither infinite nor NaN. */
export const finite: Kind = kindOf("a finite number", Number.isFinite);
/** A whole number. */
export const whole: Kind = kindOf("a whole number", Number.isInteger);
/** True or false. */
export const boolean: Kind = kindOf("true or false", (x) => typeof x === "boolean");
/** A text. */
export const text: Kind = kindOf("a text", (x) => typeof x === "string");
/** A function. */
export const callable: Kind = kindOf("a function", (x) => typeof x === "function" && !isClass(x));
/** The size of an axis. */
const size: Kind = kindOf("a whole number of at least 0", (x) => Number.isInteger(x) && (x as number) >= 0);

/** A whole number of at least `least`. */
export function count(least: number): Kind {
  return kindOf(`a whole number of at least ${least}`, (x) => Number.isInteger(x) && (x as number) >= least);
}

/** One of some texts. */
export function oneOf(...texts: readonly string[]): Kind {
  const names = texts.map((x) => JSON.stringify(x));
  const last = names.pop()!;
  return kindOf(names.length === 0 ? last : `${names.join(", ")} or ${last}`, (x) => texts.includes(x as string));
}

/** An instance of a class. */
// deno-lint-ignore no-explicit-any
export function instance(says: string, of: abstract new (...args: any[]) => unknown): Kind {
  return kindOf(says, (x) => x instanceof of);
}

/** Any of several kinds. */
export function either(...kinds: readonly [Kind, ...Kind[]]): Kind {
  return {
    says: kinds.map((x) => x.says).join(" or "),
    accepts: (x) => kinds.some((kind) => kind.accepts(x)),
    inside: (x) => {
      for (const kind of kinds) {
        const fault = kind.inside?.(x);
        if (fault) return fault;
      }
      return null;
    },
  };
}

/** The kind, or nothing: an argument that may be left out. */
export function optional(of: Kind): Kind {
  return { ...of, accepts: (x) => x === undefined || of.accepts(x) };
}

/** The kind, or null. */
export function orNull(of: Kind): Kind {
  return { ...of, says: `${of.says} or null`, accepts: (x) => x === null || of.accepts(x) };
}

function faultAt(at: string, of: Kind, found: unknown): Fault {
  const fault = of.inside?.(found);
  return fault ? { ...fault, at: at + fault.at } : { at, says: of.says, found };
}

/** A list whose entries are of one kind; holes are refused too. */
export function listOf(of: Kind, says: string): Kind {
  const firstBad = (x: readonly unknown[]): number => {
    for (let i = 0; i < x.length; i++) if (!of.accepts(x[i])) return i;
    return -1;
  };
  return {
    says,
    accepts: (x) => Array.isArray(x) && firstBad(x) < 0,
    inside: (x) => {
      if (!Array.isArray(x)) return null;
      const at = firstBad(x);
      return at < 0 ? null : faultAt(`[${at}]`, of, x[at]);
    },
  };
}

/** The sizes of all axes. */
export const shape: Kind = listOf(size, "a list of sizes such as [2, 3]");
/** An axis: its position, or its name. */
export const axis: Kind = kindOf(
  "an axis (its position or its name)",
  (x) => Number.isInteger(x) || typeof x === "string",
);
/** One axis or several. */
export const axes: Kind = either(axis, listOf(axis, "a list of them"));
/** The name of an axis; null for none. */
export const axisName: Kind = orNull(text);
/** Names of all axes. */
export const axisNames: Kind = listOf(axisName, "a list of names");
/** An element type. */
export const dtype: Kind = oneOf("float32", "int32", "uint32", "bool");

const isObject = (x: unknown): x is Record<string, unknown> =>
  typeof x === "object" && x !== null && !Array.isArray(x) && !ArrayBuffer.isView(x) && !isThenable(x) &&
  !isTensorLike(x);

/** Whether it is of no class: what a Map or a Date holds is under no name, and would be left out without a word. */
export const isRecord = ({ constructor: made }: object): boolean =>
  typeof made !== "function" || made.name === "Object";

type Members = Readonly<Record<string, Kind>>;

function firstBadMember(members: Members, x: Record<string, unknown>): Fault | null {
  for (const key in members) {
    if (!members[key]!.accepts(x[key])) return faultAt(`.${key}`, members[key]!, x[key]);
  }
  return null;
}

/** An object that has these members. It may have any others; where `closed` is given, only those, which may be left out; see {@linkcode options}. */
export function having(
  says: string,
  members: Members,
  closed?: Members,
  hints?: Readonly<Record<string, string>>,
): Kind {
  const names = Object.keys(members);
  const others = closed && options({ ...members, ...closed }, hints);
  return {
    says,
    accepts: (x) => isObject(x) && names.every((key) => members[key]!.accepts(x[key])) && (others?.accepts(x) ?? true),
    inside: (x) => {
      if (!isObject(x)) return null;
      const unknown = others?.inside?.(x) ?? null;
      return unknown?.sentence ? unknown : firstBadMember(members, x) ?? unknown;
    },
  };
}

/**
 * Options by name: no others are taken. `hints` say what to write for options that others have. None is needed. `Options` is the
 * type that they have where types are checked.
 */
export function options<Options extends object = Members>(
  members: { readonly [K in keyof Options]-?: Kind },
  hints: Readonly<Record<string, string>> = {},
): Kind {
  const each: Members = members as Members;
  const allowed: Members = Object.fromEntries(Object.entries(each).map(([key, of]) => [key, optional(of)]));
  const names = Object.keys(each);
  const accepts = (x: unknown): boolean => {
    if (x === undefined) return true;
    if (!isObject(x) || !isRecord(x)) return false;
    for (const key in x) if (!Object.hasOwn(allowed, key) || !allowed[key]!.accepts(x[key])) return false;
    return true;
  };
  return {
    says: `options by name (${names.join(", ")})`,
    accepts,
    inside: (x) => {
      if (!isObject(x) || !isRecord(x)) return null;
      const unknown = Object.keys(x).find((key) => !Object.hasOwn(allowed, key));
      if (unknown === undefined) return firstBadMember(allowed, x);
      const like = names.find((name) => plain(name) === plain(unknown));
      const sentence = `has no option \`${unknown}\`; it has ${names.join(", ")}.`;
      const help = Object.hasOwn(hints, unknown) ? hints[unknown] : like && `did you mean \`${like}\`?`;
      return { at: "", says: "", found: x, sentence, ...(help ? { help } : {}) };
    },
    example: (x) => {
      const key = names.find((name) => each[name]!.accepts(x));
      const value = brief(x);
      return key === undefined || value === undefined ? undefined : `{ ${key}: ${value} }`;
    },
  };
}

const plain = (name: string): string => name.toLowerCase().replaceAll("_", "");

/** Whether `x` is a promise, or something that is awaited like one. */
export function isThenable(x: unknown): x is PromiseLike<unknown> {
  return typeof x === "object" && x !== null && "then" in x && typeof x.then === "function";
}

/** What makes a tensor of `x`, if that is numbers. */
export function tensorOf(x: unknown): string | undefined {
  if (ArrayBuffer.isView(x)) return "tensor(numbers)";
  const numbers = Array.isArray(x) ? x.flat(8) : [x];
  if (!numbers.every((value) => typeof value === "number" || typeof value === "boolean")) return undefined;
  const text = JSON.stringify(x);
  return `tensor(${text.length > 40 ? "numbers" : text})`;
}

/** The same of what is refused in any case: that the promise may fail too is not another error. */
export function isStrayPromise(x: unknown): x is PromiseLike<unknown> {
  if (!isThenable(x)) return false;
  // Its own then() is not called here: of what is no promise of JavaScript's nobody knows what it does.
  Promise.resolve(x).catch(() => {});
  return true;
}

function isTensorLike(x: unknown): x is { readonly node: Aval } {
  return typeof x === "object" && x !== null && "node" in x && typeof x.node === "object" && x.node !== null &&
    "dtype" in x.node && "shape" in x.node;
}

/** Whether `x` is made with `new`. */
export function isClass(x: unknown): boolean {
  return typeof x === "function" && /^class\b/.test(Function.prototype.toString.call(x));
}

/** `x` as a program writes it, if it is a number, a truth, a text or a short list of such. */
export function written(x: unknown): string | undefined {
  if (!Array.isArray(x)) return typeof x === "string" ? JSON.stringify(x) : isPlain(x) ? `${x}` : undefined;
  return x.length <= 8 && x.every(isPlain) ? `[${x.map(written).join(",")}]` : undefined;
}

const isPlain = (x: unknown): boolean => ["number", "string", "boolean"].includes(typeof x);

/** Characters that a message repeats of what it was given. */
const longestShown = 80;

/** The same if it is not too long to be repeated. */
export function brief(x: unknown): string | undefined {
  const text = written(x);
  return text !== undefined && text.length <= longestShown ? text : undefined;
}

/** The same of any value, in words where it is no such, or a long one. */
export function shown(x: unknown): string {
  return brief(x) ?? told(x);
}

/** A noun with its article, by how it is said. */
export const withArticle = (noun: string): string => `${/^[AEIO]|^[FHLMNRSX][A-Z]/.test(noun) ? "an" : "a"} ${noun}`;

/** What was given, as a person says it. */
export function told(x: unknown): string {
  if (x === undefined) return "nothing";
  if (x === null) return "null";
  switch (typeof x) {
    case "number":
    case "boolean":
      return `the ${typeof x} ${x}`;
    case "string":
      return `the text ${JSON.stringify(x.length > 40 ? `${x.slice(0, 40)}..` : x)}`;
    case "function":
      return isClass(x) ? `the class ${x.name}` : "a function";
    case "object":
      break;
    default:
      return `a value of type ${typeof x}`;
  }
  if (isThenable(x)) return "a promise";
  if (Array.isArray(x)) return "an array";
  if (isTensorLike(x)) return `the tensor ${describe(x.node)}`;
  const { name } = Object(x).constructor ?? {};
  if (typeof name === "string" && name !== "" && name !== "Object") return withArticle(name);
  const keys = Object.keys(x);
  return keys.length === 0 ? "an object" : `an object with ${keys.slice(0, 3).join(", ")}`;
}
