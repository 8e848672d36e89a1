/** A failed step run again elsewhere: its arguments and its state from the numbers that were saved. */

import { PlumblineError } from "../graph/error.ts";
import { describe, sameShape, type SavedTensor, type TypedArray } from "../graph/types.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { assignAll, type Variable } from "../tensor/variable.ts";

/** The paths of the tensors of a tree, in the order of `leaves`: `0/observation`. */
export function pathsOf(tree: Tree | number, prefix: string): string[] {
  if (typeof tree === "number" || "node" in tree) return [prefix];
  return Object.entries(tree as { readonly [key: string]: Tree }).flatMap(([key, x]) => pathsOf(x, `${prefix}/${key}`));
}

/** The arguments of a step from its saved values. */
export function savedArguments(saved: Readonly<Record<string, SavedTensor>>): Tree[] {
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
export function restoreState(saved: Readonly<Record<string, SavedTensor>>, roots: readonly Variable[]): void {
  assignAll(roots.map((variable, i) => {
    const name = stateName(i, variable);
    const value = saved[name];
    if (!value || value.dtype !== variable.dtype || !sameShape(value.shape, variable.shape)) {
      throw new PlumblineError({
        code: "G203",
        message: `the saved step has no \`${name}\` ${describe(variable.node)}: it was saved by another program.`,
        help: "make the program with the configuration of the run that failed.",
      });
    }
    return [variable, fromData(value.data.slice() as TypedArray, value.dtype, value.shape)];
  }));
}

/** What a variable of a step's state is called in a saved step. */
export function stateName(index: number, variable: Variable): string {
  return `state/${index}/${variable.name}`;
}
