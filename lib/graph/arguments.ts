/**
 * What a public call takes, declared once: the names and kinds of its parameters. Other arguments are refused in a sentence at
 * the user's line, before anything is computed with them.
 */

import { type ErrorParts, PlumblineError } from "./error.ts";
import { brief, type Fault, isStrayPromise, type Kind, told, withArticle } from "./kinds.ts";

/** The parameters of a call by name, in order. A name that begins with dots takes all arguments that are left. */
export type Parameters = Readonly<Record<string, Kind>>;

/** Throws a {@linkcode PlumblineError} (G310) unless the arguments are of the kinds that the call takes. */
export type Signature = (given: ArrayLike<unknown>) => void;

/** What to write in the place of the arguments, if that is known. */
export type Advice = (given: readonly unknown[]) => string | undefined;

interface Declared {
  /** The call as it is written: `mean()`, `new Linear()`. */
  readonly called: string;
  readonly names: readonly string[];
  readonly kinds: readonly Kind[];
  readonly rest: { readonly name: string; readonly kind: Kind } | null;
  readonly advice: Advice;
}

function refuse(message: string, help: string | undefined, code: "G310" | "G311" = "G310"): never {
  const parts: ErrorParts = { code, message, ...(help ? { help } : {}) };
  throw new PlumblineError(parts);
}

/** `mean(axis?, keepDim?)`. */
function usageOf({ called, names, kinds, rest }: Declared): string {
  const parts = names.map((name, i) => kinds[i]!.accepts(undefined) ? `${name}?` : name);
  return `${called.replace(/\(\)$/, "")}(${[...parts, ...(rest ? [`..${rest.name}`] : [])].join(", ")})`;
}

function refuseSurplus(declared: Declared, given: readonly unknown[]): never {
  const { called, names, advice } = declared;
  const takes = names.length === 0 ? "no arguments" : `${names.length} at most`;
  const usage = names.length === 0 ? "" : `, ${usageOf(declared)}`;
  refuse(
    `${called} takes ${takes}${usage}; it was given ${given.length}: ${told(given[names.length])} has no place.`,
    advice(given),
  );
}

function refusePromise(declared: Declared, name: string): never {
  refuse(
    `${declared.called} was given a promise as \`${name}\`: \`await\` is missing.`,
    "write await before what gives it: x.mul(await y.item()).",
    "G311",
  );
}

function refuseArgument(
  declared: Declared,
  name: string,
  kind: Kind,
  found: unknown,
  given: readonly unknown[],
): never {
  const { called, advice } = declared;
  if (isStrayPromise(found)) refusePromise(declared, name);
  const inside = kind.inside?.(found) ?? null;
  if (inside && isStrayPromise(inside.found)) refusePromise(declared, name + inside.at);
  if (inside?.sentence) {
    const deeper = inside.at === "" ? "" : `, at \`${name}${inside.at}\`,`;
    refuse(`${called}${deeper} ${inside.sentence}`, inside.help ?? advice(given));
  }
  const fault: Fault = inside ?? { at: "", says: kind.says, found };
  const place = name + fault.at;
  const option = inside || !declared.names.includes(name) ? undefined : kind.example?.(found);
  const example = inside
    ? undefined
    : option
    ? withOption(declared, name, option, given)
    : byName(declared, found, given);
  const usage = called.endsWith("()") ? `it is called so: ${usageOf(declared)}` : undefined;
  const message = fault.found === undefined
    ? `${called} needs \`${place}\`, ${fault.says.replace(/,$/, "")}.`
    : `${called} takes ${fault.says} as \`${place}\`, not ${told(fault.found)}.`;
  refuse(
    message,
    advice(given) ?? fault.help ?? (example ? `write it so: ${example}` : usage),
  );
}

/** What was given as a program writes it, or the name that stands for it. */
function asWritten(given: unknown, name: string): string {
  return brief(given) ?? name;
}

/** The call as it was made, but for `option` in the place of `name`. */
function withOption({ called, names }: Declared, name: string, option: string, given: readonly unknown[]): string {
  const before = names.slice(0, names.indexOf(name)).map((other, i) => asWritten(given[i], other));
  return `${called.replace(/\(\)$/, "")}(${[...before, option].join(", ")})`;
}

/** Where an object names parameters that are given by position. */
function byName({ called, names }: Declared, found: unknown, given: readonly unknown[]): string | undefined {
  if (typeof found !== "object" || found === null) return undefined;
  const known = Object.keys(found).filter((key) => names.includes(key));
  if (known.length === 0) return undefined;
  const values = names.slice(0, names.indexOf(known.at(-1)!) + 1).map((name, i) => {
    return asWritten(known.includes(name) ? (found as Record<string, unknown>)[name] : given[i], name);
  });
  return `${called.replace(/\(\)$/, "")}(${values.join(", ")})`;
}

/** As Array.prototype.map() and its like call a function: with the entry, its index and the array. */
export function isFromList(given: ArrayLike<unknown>): boolean {
  const [entry, index, list] = Array.from(given);
  return given.length === 3 && Array.isArray(list) && typeof index === "number" && list[index] === entry;
}

/** Throws G310 for `new` of a class whose objects are made by a function of its own. */
export function refuseNew(name: string, instead: string): never {
  refuse(`new ${name}() is the library's own.`, `make one so: ${instead}.`);
}

/** Declares what `called` takes. A function of one argument may be handed to `map()`. */
export function signature(called: string, parameters: Parameters, advice: Advice = () => undefined): Signature {
  const entries = Object.entries(parameters);
  const last = entries.at(-1);
  const rest = last?.[0].startsWith("..") ? { name: last[0].slice(2), kind: last[1] } : null;
  const fixed = rest ? entries.slice(0, -1) : entries;
  const declared: Declared = {
    called,
    names: fixed.map(([name]) => name),
    kinds: fixed.map(([, kind]) => kind),
    rest,
    advice,
  };
  const { kinds } = declared;
  return (given) => {
    for (let i = 0; i < kinds.length; i++) {
      if (!kinds[i]!.accepts(given[i])) {
        refuseArgument(declared, declared.names[i]!, kinds[i]!, given[i], Array.from(given));
      }
    }
    if (given.length <= kinds.length) return;
    if (rest) {
      for (let i = kinds.length; i < given.length; i++) {
        if (rest.kind.accepts(given[i])) continue;
        refuseArgument(declared, `${rest.name}[${i - kinds.length}]`, rest.kind, given[i], Array.from(given));
      }
    } else if (kinds.length !== 1 || !isFromList(given)) refuseSurplus(declared, Array.from(given));
  };
}

/** Signatures of methods by their names; a method of a class that is not named takes nothing. */
export type Methods = Readonly<Record<string, Parameters | readonly [Parameters, Advice]>>;

interface Class {
  readonly name: string;
  readonly prototype: object;
}

/** Methods that the library calls, and conversions, which say what they refuse themselves. */
const free: readonly string[] = ["constructor", "toString", "toJSON", "valueOf"];

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** What a method is called on: the name of its class, and whether something is one. */
interface Receiver {
  readonly name: string;
  readonly isOne: (x: unknown) => boolean;
}

/** Throws G310 for a method that has lost what it is of, as `const { sum } = x` and `map(layer.forward)` lose it. */
export function refuseReceiver(called: string, { name }: { readonly name: string }, found: unknown): never {
  const on = found === undefined ? "on nothing" : `on ${told(found)}, which is none`;
  refuse(
    `${called}() is a method of ${withArticle(name)}, and was called ${on}.`,
    `keep both together: (x) => object.${called}(x), and not object.${called} alone. A Proxy or a copy is not the object.`,
  );
}

/**
 * `method` after a check of its arguments. It keeps its name, which messages read from the stack. Those of none and of one argument,
 * which are most that a trace calls, make no list of what they are given.
 */
function checkedMethod(
  name: string,
  method: Method,
  check: Signature,
  parameters: Parameters,
  receiver: Receiver,
): Method {
  const { isOne } = receiver;
  const [first, ...others] = Object.entries(parameters);
  const methods: Record<string, Method> = first === undefined
    ? {
      [name](this: unknown): unknown {
        if (!isOne(this)) refuseReceiver(name, receiver, this);
        if (arguments.length > 0) check(arguments);
        return method.call(this);
      },
    }
    : others.length === 0 && !first[0].startsWith("..")
    ? {
      [name](this: unknown, x: unknown): unknown {
        if (!isOne(this)) refuseReceiver(name, receiver, this);
        if (arguments.length > 1 || !first[1].accepts(x)) check(arguments);
        return method.call(this, x);
      },
    }
    : {
      [name](this: unknown, ...given: unknown[]): unknown {
        if (!isOne(this)) refuseReceiver(name, receiver, this);
        check(given);
        return method.apply(this, given);
      },
    };
  return methods[name]!;
}

/**
 * From now on the methods of a class refuse what they do not take: those of the table other arguments, all others any. Methods
 * named in `internal` are the library's own. `isOne`: whether something has these methods, if its class does not tell.
 */
export function takeOnly(
  of: Class,
  methods: Methods,
  internal: readonly string[] = [],
  isOne: (x: unknown) => boolean = (x) => Object.prototype.isPrototypeOf.call(of.prototype, x as object),
): void {
  for (const name of Object.getOwnPropertyNames(of.prototype)) {
    const { value, ...property } = Object.getOwnPropertyDescriptor(of.prototype, name)!;
    if (typeof value !== "function" || free.includes(name) || internal.includes(name)) continue;
    if (value.length > 0 && !Object.hasOwn(methods, name)) throw new Error(`say what ${of.name}.${name}() takes.`);
    const declared = Object.hasOwn(methods, name) ? methods[name]! : {};
    const [parameters, advice] = Array.isArray(declared) ? declared as [Parameters, Advice] : [declared as Parameters];
    const checked = checkedMethod(name, value as Method, signature(`${name}()`, parameters, advice), parameters, {
      name: of.name,
      isOne,
    });
    Object.defineProperty(checked, "length", { value: value.length });
    Object.defineProperty(of.prototype, name, { ...property, value: checked, writable: true });
  }
  const missing = Object.keys(methods).find((name) => !Object.hasOwn(of.prototype, name));
  if (missing !== undefined) throw new Error(`${of.name} has no method ${missing} to check the arguments of.`);
}
