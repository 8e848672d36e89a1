/** Variables by name, for the state of a trainer: read all at once, and put back. */

import { aval, describe, sameShape, type SavedTensor, sizeOf, type TypedArray } from "../graph/types.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";
import { assignAll, type Stateful, type Variable } from "../tensor/variable.ts";

/** Named tensors. */
export type SavedState = Readonly<Record<string, SavedTensor>>;

/** The variables of `owners`: the first one of `optimizer`, which has the name `m`, is `optimizer.0.m`. */
export function namedVariables(owners: Readonly<Record<string, Stateful>>): [string, Variable][] {
  return Object.entries(owners).flatMap(([owner, x]) =>
    x.variables().map((variable, i): [string, Variable] => [`${owner}.${i}.${variable.name}`, variable])
  );
}

/** The numbers of variables. */
export async function readVariables(named: readonly [string, Variable][]): Promise<SavedState> {
  const entries = named.map(async ([name, variable]) => {
    const saved: SavedTensor = { dtype: variable.dtype, shape: variable.shape, data: await variable.data() };
    return [name, saved] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Puts numbers back into all of the variables, or into none: throws if those of one are not there, or do not fit. */
export function assignVariables(named: readonly [string, Variable][], state: SavedState): void {
  assignAll(named.map(([name, variable]) => {
    const { data, dtype, shape } = savedTensor(state, name);
    return [variable, fromData(data.slice() as TypedArray, dtype, shape)] as const;
  }));
}

/** The tensor `name` of a state. Throws a RangeError if it is not there. */
export function savedTensor(state: SavedState, name: string): SavedTensor {
  const saved = Object.hasOwn(state, name) ? state[name] : undefined;
  if (saved) return saved;
  throw new RangeError(`The saved state has no tensor \`${name}\`: it belongs to another configuration.`);
}

/** Throws a RangeError unless each tensor of `like` is in `state`, in the same form, with all of its numbers. */
export function checkSaved(state: SavedState, like: SavedState): void {
  for (const [name, { dtype, shape }] of Object.entries(like)) {
    const saved = savedTensor(state, name);
    const form = (x: Pick<SavedTensor, "dtype" | "shape">): string => describe(aval(x.dtype, x.shape));
    if (saved.dtype !== dtype || !sameShape(saved.shape, shape) || saved.data.length !== sizeOf(shape)) {
      throw new RangeError(
        `The saved state has \`${name}\` as ${form(saved)} with ${saved.data.length} numbers, here it is ${
          form({ dtype, shape })
        }: it belongs to another configuration.`,
      );
    }
  }
}

/** The numbers of a tensor that was computed, for the library: nobody is told that they were read. */
export async function numbersOf({ node: { value } }: Tensor): Promise<TypedArray> {
  return value!.host ?? await value!.read();
}
