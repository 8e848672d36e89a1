/**
 * The name that the user knows a thing by which was made at some place, read from the text around it: `pi` of
 * `const pi = new MLP(..)`, `agents[1]` of `Array.from({ length: 2 }, () => new MLP(..))`, `agent.trustNet` of a field of a class
 * of which `const agent = new Agent()` made one. What is not certain is not told.
 */

import { type Frame, isConstructor, isOutside } from "./frames.ts";

/** The text around a place: up to it, and from it on, with some lines before and after its own. */
export interface TextAt {
  readonly before: string;
  readonly after: string;
}

/** Where the value of an expression ends up. */
interface Use {
  /** `field`: of what is being constructed; `returned`: to who called the function. */
  readonly kind: "variable" | "field" | "returned";
  /** Its name there, and the entry of it that the value is: `nets.actor`, `agents[1]`, `[1]`. */
  readonly path: string;
  /** Of what is returned the name in the function. */
  readonly name?: string;
}

/** Around an expression. */
interface Context {
  /** Which part of its value is meant: `.trustNet`. */
  readonly part: string;
  /** Whether a name that is assigned is that of a field. */
  readonly inConstructor: boolean;
  /** The same, of the function that runs the one that the expression is in for each entry of a list. */
  readonly isListOfField: boolean;
  /** Whether a function of the user was called that may return it. */
  readonly isInFunction: boolean;
}

/** The entry of a list that is told by how many were made before. */
const counted = "[*]";

const closing: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** The innermost bracket that is open at the end of a text. */
interface Enclosure {
  readonly outer: string;
  readonly opener: string;
  /** The commas between the bracket and the end. */
  readonly commas: number;
}

function enclosure(text: string): Enclosure | null {
  const open: string[] = [];
  let commas = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    const c = text[i]!;
    if (closing[c]) open.push(closing[c]);
    else if ("([{".includes(c)) {
      if (open.length === 0) return { outer: text.slice(0, i).trimEnd(), opener: c, commas };
      if (open.pop() !== c) return null;
    } else if (open.length === 0) {
      if (c === ";") return null;
      if (c === ",") commas++;
    }
  }
  return null;
}

/** The expression that ends `text`: names, dots, and what is in brackets. */
export function lastExpression(text: string): string {
  const open: string[] = [];
  for (let i = text.length - 1; i >= 0; i--) {
    const c = text[i]!;
    if (closing[c]) open.push(closing[c]);
    else if ("([{".includes(c)) {
      if (open.pop() !== c) return text.slice(i + 1);
    } else if (open.length === 0 && !/[\w$.!?#]/.test(c) && !/^\s*\??\./.test(text.slice(i))) return text.slice(i + 1);
  }
  return text;
}

const annotation = /(?:\s*[?!]?:\s*[\w$.]+(?:<[^=;]*>)?(?:\[\])*)?\s*$/.source;
const target = /((?:this\.)?#?[\w$]+(?:\.#?[\w$]+)*)/.source;
const patterns = {
  array: /\b(?:const|let|var)\s+\[([^\]]*)\]\s*$/,
  record: /\b(?:const|let|var)\s+\{([^}]*)\}\s*$/,
  variable: new RegExp(`\\b(?:const|let|var)\\s+([\\w$]+)${annotation}`),
  element: new RegExp(`${target}\\[\\s*(?:"(\\w+)"|(\\d+)|[^\\]]*)\\s*\\]\\s*$`),
  name: new RegExp(`${target}${annotation}`),
};

function named(name: string, path: string, { inConstructor }: Context): Use {
  const isField = name.startsWith("this.") || inConstructor;
  return { kind: isField ? "field" : "variable", path: name.replace(/^this\./, "") + path };
}

/** What stands left of the `=` behind `text`, where `path` is what is meant of that which is assigned. */
function assigned(text: string, path: string, context: Context): Use | null {
  const [, list] = patterns.array.exec(text) ?? [];
  if (list !== undefined) {
    const [, index, rest] = /^\[(\d+)\](.*)$/.exec(path) ?? [];
    const [, name] = /^\s*([\w$]+)/.exec(list.split(",")[Number(index)] ?? "") ?? [];
    return name === undefined ? null : { kind: "variable", path: name + rest };
  }
  const [, record] = patterns.record.exec(text) ?? [];
  if (record !== undefined) {
    const [, key, rest] = /^\.([\w$]+)(.*)$/.exec(path) ?? [];
    const [, name] = new RegExp(`(?:^|,)\\s*${key}\\s*:\\s*([\\w$]+)`).exec(record) ?? [];
    return key === undefined ? null : { kind: "variable", path: (name ?? key) + rest };
  }
  const [, variable] = patterns.variable.exec(text) ?? [];
  if (variable !== undefined) return { kind: "variable", path: variable + path };
  const [, owner, key, index] = patterns.element.exec(text) ?? [];
  if (owner !== undefined) return named(owner, (key ? `.${key}` : index ? `[${index}]` : counted) + path, context);
  const [, name] = patterns.name.exec(text) ?? [];
  return name === undefined ? null : named(name, path, context);
}

/** Where the value of the expression ends up that begins behind `text`, as the entry `path` of what it is in. */
function useOf(text: string, path: string, context: Context): Use | null {
  const before = text.trimEnd().replace(/\bawait$/, "").trimEnd();
  if (/\breturn$/.test(before)) return { kind: "returned", path: path + context.part };
  if (before.endsWith("=>")) return ofArrow(before.slice(0, -2).trimEnd(), path, context);
  if (/[^=!<>+\-*/%&|^?]=$|(?:\?\?|\|\|)=$/.test(before)) {
    return assigned(before.replace(/(?:\?\?|\|\|)?=$/, ""), path + context.part, context);
  }
  const around = enclosure(before);
  if (!around) return null;
  const { outer, opener, commas } = around;
  if (opener === "[") return useOf(outer, `[${commas}]${path}`, context);
  if (opener === "{") {
    const [, key] = /[{,]\s*["']?([\w$]+)["']?\s*:$/.exec(before) ?? [];
    return key === undefined ? null : useOf(outer, `.${key}${path}`, context);
  }
  const called = lastExpression(outer);
  const rest = outer.slice(0, outer.length - called.length).trimEnd();
  if (called === "Promise.all") return useOf(rest, path, context);
  const [, list] = /^(.*?)\.push$/.exec(called) ?? [];
  if (list !== undefined) return named(list, counted + path + context.part, context);
  // A function that gives what it was given, as frozen() does.
  return commas > 0 || path !== "" || /\bnew$/.test(rest) ? null : useOf(rest, path, context);
}

/** Where the value of a function ends up whose parameters end `text`: in a list, if it is called for each entry of one. */
function ofArrow(text: string, path: string, context: Context): Use | null {
  const parameters = text.endsWith(")") ? enclosure(text.slice(0, -1))?.outer : text.replace(/[\w$]+$/, "").trimEnd();
  if (parameters === undefined) return null;
  const before = parameters.replace(/\basync$/, "").trimEnd();
  const around = /[(,]$/.test(before) ? enclosure(before) : null;
  const called = around?.opener === "(" ? lastExpression(around.outer) : "";
  if (!/\.map$|^Array\.from$/.test(called)) return { kind: "returned", path: path + context.part };
  const rest = around!.outer.slice(0, around!.outer.length - called.length).trimEnd().replace(/\bnew$/, "");
  return useOf(rest, counted + path, { ...context, inConstructor: context.isListOfField });
}

/** What a function that goes on with `after` returns of its variable `name`: `.actor` of `return { actor, critic }`. */
function returned(after: string, name: string): string | null {
  let depth = 0;
  for (let i = 0; i < after.length && depth >= 0; i++) {
    if ("([{".includes(after[i]!)) depth++;
    if (")]}".includes(after[i]!)) depth--;
    const [, value] = depth === 0 ? /^\breturn\s+([^;]*)/.exec(after.slice(i)) ?? [] : [];
    if (value === undefined || /[\w$.]/.test(after[i - 1] ?? "")) continue;
    const [, opener, entries] = /^([[{])([^[\]{}()]*)[\]}]\s*$/.exec(value) ?? [];
    if (entries === undefined) return value.trim() === name ? "" : null;
    for (const [k, entry] of entries.split(",").entries()) {
      const [, key, of = key] = /^\s*([\w$]+)(?:\s*:\s*([\w$]+))?\s*$/.exec(entry) ?? [];
      if (of === name) return opener === "{" ? `.${key}` : `[${k}]`;
    }
    return null;
  }
  return null;
}

/** Where the value of the expression goes that begins, or is called, at a frame. */
function useAt(text: TextAt, isCall: boolean, context: Context): Use | null {
  const receiver = text.before.endsWith(".") ? lastExpression(text.before) : "";
  const before = text.before.slice(0, text.before.length - receiver.length);
  // A function that is run for each entry of a list.
  const isList = isCall && (/^map\(/.test(text.after) || (receiver === "Array." && /^from\(/.test(text.after)));
  const use = useOf(before, isList ? counted : "", context);
  const [, name, rest] = /^([\w$]+)(.*)$/s.exec(use?.path ?? "") ?? [];
  if (use?.kind !== "variable" || name === undefined || !context.isInFunction) return use;
  const given = returned(text.after, name);
  return given === null ? use : { kind: "returned", path: given + rest, name: use.path };
}

/** Whether `after` begins with a call whose result is not kept, but used: `new Linear(..).forward(x)`. */
function isUsedAtOnce(after: string): boolean {
  const [head] = /^(?:new\s+)?[\w$.]+\s*\(/.exec(after) ?? [];
  let depth = 0;
  for (let i = (head?.length ?? 0) - 1; i >= 0 && i < after.length; i++) {
    if ("([{".includes(after[i]!)) depth++;
    if (")]}".includes(after[i]!) && --depth === 0) return /^\s*\??\./.test(after.slice(i + 1));
  }
  return false;
}

/**
 * The name of what was made at the innermost of the user's `frames`, `count` others of the same kind before it: through the
 * constructors whose fields it is in, and the functions that return it. `null` if there is none.
 */
export function givenName(
  frames: readonly Frame[],
  textAt: (index: number) => TextAt | null,
  count: number,
): string | null {
  const outside = frames.flatMap((frame, index) => isOutside(frame) ? [{ frame, index }] : []);
  let [path, name]: [string, string | null] = ["", null];
  let kind: Use["kind"] | null = null;
  for (const [i, { frame, index }] of outside.entries()) {
    const text = textAt(index);
    const inConstructor = isConstructor(frame);
    // The constructors of the classes that its own extends.
    if (kind !== "returned" && inConstructor && !/^new\b/.test(text?.after ?? "")) continue;
    // `new Linear(..).forward(x)`: what goes on from here is something else.
    if (kind === null && text && isUsedAtOnce(text.after)) break;
    const next = outside[i + 1]?.frame;
    const use: Use | null = text && useAt(text, kind === "returned", {
      part: path === "" || /^[[.]/.test(path) ? path : `.${path}`,
      inConstructor,
      isListOfField: next !== undefined && isConstructor(next),
      isInFunction: next !== undefined && !inConstructor,
    });
    if (!use) break;
    ({ kind, path } = use);
    name = use.name ?? (kind === "variable" ? path : null);
    if (kind === "variable") break;
  }
  // Which entry of which list it is cannot be told where there are lists of lists.
  const isOne = name?.split(counted).length === 2;
  return name === null ? null : name.replace(/^\./, "").replaceAll(counted, isOne ? `[${count}]` : "[..]");
}

const counts = new Map<string, number>();

/** How many things were made by the same calls in this turn of the event loop: which entry of a list one of them is. */
export function countMade(stack: string): number {
  if (counts.size === 0) queueMicrotask(() => counts.clear());
  const count = counts.get(stack) ?? 0;
  counts.set(stack, count + 1);
  return count;
}
