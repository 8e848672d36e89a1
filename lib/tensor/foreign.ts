/**
 * What is silently nothing in JavaScript: reading what a tensor has not (`x.nansum`, `x[0]`, `x.length`) and writing to what it has
 * (`w.data = v`, `w[0] = 0`, `x.shape[0] = 7`). Accessors on the prototype, and shapes that refuse, make sentences of it; an
 * operation costs nothing more.
 */

import { PlumblineError } from "../graph/error.ts";
import { sentencesOf, spelledAsInPython } from "../forensics/pytorch/names.ts";
import type { Node } from "../graph/node.ts";
import { callerSite } from "../graph/site.ts";
import { describe } from "../graph/types.ts";

interface HasNode {
  readonly node: Node;
}

const learns = "what learns is a parameter: new Parameter(tensor, name); frozen(module) holds one still.";

/** What to write in the place of an assignment to what a tensor has. */
const instead: Readonly<Record<string, string>> = {
  shape: "reshape(), expand(), slice() and pad() make a tensor of another shape.",
  axes: "named() gives the tensor other names for its axes.",
  dtype: "cast() makes a tensor of another dtype.",
};

const byIndex = "select(axis, i) takes one entry, slice(axis, from, to) several; await data() reads the numbers.";
const writtenByIndex = "where(mask, value, tensor) makes a tensor with other entries; a variable takes it by assign().";

/** Indices up to this are refused, and as many from the end as the second number says. */
const [indices, fromTheEnd] = [1024, 16];

function refuse(x: HasNode, message: string, help: string): never {
  throw new PlumblineError({
    code: "G103",
    message: `${message} (${describe(x.node)})`,
    sites: [callerSite(), { site: x.node.site, note: "made here" }],
    help,
  });
}

/** How the tensor is called that something was assigned to: `target.weight`, or `variable`. */
function callOf(x: HasNode): string {
  return "label" in x ? String(x.label) : "variable";
}

function refuseWrite(x: HasNode, name: string): never {
  const help = instead[name] ?? `a variable takes other numbers by assign(): ${callOf(x)}.assign(other).`;
  refuse(x, `\`${name}\` of a tensor cannot be set: a tensor does not change`, help);
}

type Get = (this: HasNode) => unknown;
type Set = (this: HasNode) => never;

function define(on: object, name: string, get: Get, set: Set): void {
  Object.defineProperty(on, name, { get, set, configurable: true });
}

/** What has an answer for the names and indices that a tensor has not; behind its prototype, whose own names stay what they are. */
function foreignNames(behind: object | null, own: readonly object[]): object {
  const names: object = Object.create(behind);
  for (
    const [name, help] of [
      ...sentencesOf("Tensor", "torch", "nn.functional"),
      ...own.flatMap((x) => [...spelledAsInPython(x)]),
    ]
  ) {
    const refuseName = function (this: HasNode): never {
      refuse(this, `a tensor has no \`${name}\``, help);
    };
    define(names, name, refuseName, refuseName);
  }
  // Read it is what it was, nothing: what asks every tensor whether it learns gets its answer.
  define(names, "requiresGrad", () => undefined, function () {
    refuse(this, "a tensor has no `requiresGrad` that could be set", learns);
  });
  for (let i = -fromTheEnd; i < indices; i++) {
    define(names, String(i), function () {
      refuse(this, `a tensor has no entry [${i}]`, byIndex);
    }, function () {
      refuse(this, `[${i}] of a tensor cannot be set: a tensor does not change`, writtenByIndex);
    });
  }
  return names;
}

/** Has what tensors have by this prototype refuse to be assigned. */
function refuseWrites(prototype: HasNode): void {
  for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === "constructor") continue;
    define(prototype, name, get ?? (() => value), function () {
      refuseWrite(this, name);
    });
  }
}

/** Has tensors, whose first and last prototypes are given, refuse what would be silently nothing. */
export function refuseForeign(first: HasNode, last: HasNode): void {
  refuseWrites(first);
  refuseWrites(last);
  Object.setPrototypeOf(last, foreignNames(Object.getPrototypeOf(last), [first, last]));
}

type Inspect = (value: unknown, options: object) => string;
type List = readonly (number | string | null)[];

/** Lists that refuse to be written to, by what is in them: few, however many tensors there are. */
const guards = new Map<string, List>();
const guardsKept = 1024;

function refuseListWrite(list: List, what: "shape" | "axes"): never {
  throw new PlumblineError({
    code: "G103",
    message: `the ${what} [${
      list.map((x) => x ?? "null").join(", ")
    }] of a tensor cannot be set: a tensor does not change`,
    sites: [callerSite()],
    help: instead[what],
  });
}

function guard<T extends List>(list: T, what: "shape" | "axes"): T {
  const set = (): never => refuseListWrite(list, what);
  const guarded: unknown[] = new Array(list.length);
  list.forEach((value, i) => Object.defineProperty(guarded, i, { get: () => value, set, enumerable: true }));
  for (const name of ["push", "pop", "shift", "unshift", "splice"]) {
    Object.defineProperty(guarded, name, { value: set });
  }
  // As a person sees it: not as accessors.
  const show = (inspect: Inspect, options: object): string => inspect([...list], options);
  const showInNode = (_: number, options: object, inspect: Inspect): string => inspect([...list], options);
  Object.defineProperty(guarded, Symbol.for("Deno.customInspect"), { value: show });
  Object.defineProperty(guarded, Symbol.for("nodejs.util.inspect.custom"), { value: showInNode });
  return Object.freeze(guarded) as unknown as T;
}

/** `list`, the shape or the names of axes of a tensor, for the user: who writes to it gets a sentence. */
export function guardedList<T extends List>(list: T, what: "shape" | "axes"): T {
  const key = `${what} ${list.length} ${what === "axes" ? JSON.stringify(list) : list}`;
  let found = guards.get(key);
  if (!found) {
    guards.set(key, found = guard([...list] as unknown as T, what));
    if (guards.size > guardsKept) guards.delete(guards.keys().next().value!);
  }
  return found as T;
}
