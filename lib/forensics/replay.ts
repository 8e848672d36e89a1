/** A failed step with everything that it was given, so that it can be run again elsewhere. */

import { PlumblineError } from "../graph/error.ts";
import type { Storage } from "../graph/storage.ts";
import { type Aval, describe, type DType, sameShape, type Shape, type TypedArray } from "../graph/types.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Variable } from "../tensor/variable.ts";

/** Numbers of one tensor in host memory, row-major. */
export interface SavedValue {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TypedArray;
}

/** One value that a step was given. */
export interface StepInput extends Aval {
  readonly storage: Storage;
}

/** A step that failed. */
export interface FailedStep {
  /** The name of the compiled function. */
  readonly program: string;
  /**
   * What it was given: `argument/0/observation` for the entry `observation` of the first argument, `state/3/learner.mean`
   * for the fourth variable of its state.
   */
  readonly inputs: ReadonlyMap<string, StepInput>;
}

/** The numbers of a failed step, by name. */
export async function saveStep({ inputs }: FailedStep): Promise<Record<string, SavedValue>> {
  const saved = [...inputs].map(async ([name, { dtype, shape, storage }]): Promise<[string, SavedValue]> => {
    return [name, { dtype, shape, data: await storage.read() }];
  });
  return Object.fromEntries(await Promise.all(saved));
}

/** The paths of the tensors of a tree, in the order of `leaves`: `0/observation`. */
export function pathsOf(tree: Tree | number, prefix: string): string[] {
  if (typeof tree === "number" || "node" in tree) return [prefix];
  return Object.entries(tree as { readonly [key: string]: Tree }).flatMap(([key, x]) => pathsOf(x, `${prefix}/${key}`));
}

/** The arguments of a step from its saved values. */
export function savedArguments(saved: Readonly<Record<string, SavedValue>>): Tree[] {
  const root: { [key: string]: unknown } = {};
  for (const [name, { data, dtype, shape }] of Object.entries(saved)) {
    const [kind, ...path] = name.split("/");
    if (kind !== "argument") continue;
    let at = root;
    for (const key of path.slice(0, -1)) at = (at[key] ??= {}) as typeof root;
    at[path.at(-1)!] = fromData(data.slice() as TypedArray, dtype, shape);
  }
  return Object.values(lists(root) as { [key: string]: Tree });
}

/** Records whose keys are 0, 1, 2 ... as arrays. */
function lists(x: unknown): unknown {
  if ((x as Tensor).node !== undefined) return x;
  const entries = Object.entries(x as { [key: string]: unknown }).map(([key, y]) => [key, lists(y)] as const);
  const isList = entries.every((_, i) => String(i) in (x as object));
  return isList ? entries.map((_, i) => lists((x as { [key: string]: unknown })[i])) : Object.fromEntries(entries);
}

/** Puts the saved state into the variables of a step. Throws a {@linkcode PlumblineError} G203 if it is another step's. */
export function restoreState(saved: Readonly<Record<string, SavedValue>>, roots: readonly Variable[]): void {
  for (const [i, variable] of roots.entries()) {
    const name = stateName(i, variable);
    const value = saved[name];
    if (!value || value.dtype !== variable.dtype || !sameShape(value.shape, variable.shape)) {
      throw new PlumblineError({
        code: "G203",
        message: `the saved step has no \`${name}\` ${describe(variable.node)}: it was saved by another program.`,
        help: "make the program with the configuration of the run that failed.",
      });
    }
    variable.assign(fromData(value.data.slice() as TypedArray, value.dtype, value.shape));
  }
}

/** What a variable of a step's state is called in a saved step. */
export function stateName(index: number, variable: Variable): string {
  return `state/${index}/${variable.name}`;
}
