/**
 * State by names: what a module or an optimiser holds, as a dictionary of tensors with the names that PyTorch gives them, and back.
 * All of a dictionary is checked before anything is assigned.
 */

import { PlumblineError } from "../graph/error.ts";
import { describe, sameShape } from "../graph/types.ts";
import * as kind from "./kinds.ts";
import type { Tensor } from "./tensor.ts";
import { assignAll, type Variable } from "./variable.ts";

/** Tensors by name, as {@linkcode loadSafetensors} gives and `stateDict()` shows them. */
export type StateDict = Readonly<Record<string, Tensor>>;

/** Settings of `loadStateDict()`. */
export interface LoadOptions {
  /** Whether every name has to be on both sides, as it has unless told otherwise; shapes have to be the same in any case. */
  strict?: boolean;
  /** Only names that begin with it are meant, and it is left out of them. */
  prefix?: string;
}

/** Names that were on one side only. */
export interface LoadResult {
  /** What there is here and not in the dictionary. */
  readonly missingKeys: readonly string[];
  /** What is in the dictionary and not here. */
  readonly unexpectedKeys: readonly string[];
}

/** A variable with its name in a dictionary, and its path in the program, which is taken too. */
export interface StateEntry {
  readonly key: string;
  readonly path: string;
  readonly variable: Variable;
}

const isPlain = (x: unknown): x is object => {
  return typeof x === "object" && x !== null && [Object.prototype, null].includes(Object.getPrototypeOf(x));
};

/** What `loadStateDict()` takes. */
export const loadParameters: { readonly state: kind.Kind; readonly options: kind.Kind } = {
  state: {
    says: "tensors by name, as loadSafetensors() gives them,",
    accepts: (x) => isPlain(x) && Object.values(x).every((y) => kind.tensor.accepts(y)),
    inside: (x) => {
      const [name, found] = isPlain(x) ? Object.entries(x).find(([, y]) => !kind.tensor.accepts(y)) ?? [] : [];
      return name === undefined ? null : { at: `["${name}"]`, says: "a tensor", found };
    },
  },
  options: kind.options<LoadOptions>({ strict: kind.boolean, prefix: kind.text }),
};

/** `inProjWeight` as PyTorch writes it: `in_proj_weight`. */
export function snakeCase(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

/** The dictionary of some entries. The tensors are the variables themselves, which have other values after the next step. */
export function stateDictOf(entries: readonly StateEntry[], prefix: string): Record<string, Tensor> {
  return Object.fromEntries(entries.map(({ key, variable }) => [prefix + key, variable]));
}

/** Keys of random numbers are in none of PyTorch's files: without them they stay as they are. */
const mayBeMissing = ({ variable }: StateEntry): boolean => variable.dtype === "uint32";

const mostListed = 10;

function listed(what: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > mostListed ? [`and ${lines.length - mostListed} more`] : [];
  return [`${what}: ${[...lines.slice(0, mostListed), ...more].join(", ")}`];
}

/**
 * Assigns the tensors of `state` to the variables of their names, all or none.
 *
 * @throws PlumblineError G301 that lists what is missing, unexpected, or of another shape or dtype.
 */
export function loadEntries(
  entries: readonly StateEntry[],
  state: StateDict,
  { strict = true, prefix = "" }: LoadOptions,
  owner: string,
): LoadResult {
  const given = new Map(
    Object.entries(state).flatMap(([key, x]) => key.startsWith(prefix) ? [[key.slice(prefix.length), x] as const] : []),
  );
  const loads: [Variable, Tensor][] = [];
  const taken = new Set<string>();
  const loaded = new Set<Variable>();
  const differing: string[] = [];
  for (const { key, path, variable } of entries) {
    const name = given.has(key) ? key : path;
    const value = given.get(name);
    if (!value) continue;
    taken.add(name);
    loaded.add(variable);
    if (value.dtype === variable.dtype && sameShape(value.shape, variable.shape)) loads.push([variable, value]);
    else differing.push(`\`${key}\` is ${describe(variable.node)} here and ${describe(value.node)} there`);
  }
  // A tensor with two names, as the table of an embedding that is the head's too, is there if one of them is.
  const missing = entries.filter((x) => !loaded.has(x.variable) && !mayBeMissing(x));
  const unexpected = [...given.keys()].filter((name) => !taken.has(name));
  if (differing.length > 0 || (strict && missing.length + unexpected.length > 0)) {
    const told = [
      ...listed("of another shape or dtype", differing),
      ...listed("missing", missing.map(({ key, variable }) => `\`${key}\` ${describe(variable.node)}`)),
      ...listed("unexpected", unexpected.map((name) => `\`${name}\` ${describe(given.get(name)!.node)}`)),
    ];
    throw new PlumblineError({
      code: "G301",
      message: `the tensors do not fit ${owner}, and nothing was loaded; ${told.join("; ")}.`,
      help: differing.length > 0
        ? "make it with the sizes that the saved one had."
        : "names as they are there: Object.keys(state); for a part of them: { prefix }; to load what there is: { strict: false }.",
    });
  }
  assignAll(loads);
  return { missingKeys: missing.map((x) => x.key), unexpectedKeys: unexpected };
}
