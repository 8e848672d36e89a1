/** Variables by name, for the state of a trainer: read all at once, and put back. */

import type { SavedTensor, TypedArray } from "../graph/types.ts";
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

/** The tensor `name` of a state. Throws if it is not there. */
export function savedTensor(state: SavedState, name: string): SavedTensor {
  const saved = state[name];
  if (!saved) throw new Error(`The saved state has no tensor \`${name}\`: it belongs to another configuration.`);
  return saved;
}

/** The numbers of a tensor that was computed, for the library: nobody is told that they were read. */
export async function numbersOf({ node: { value } }: Tensor): Promise<TypedArray> {
  return value!.host ?? await value!.read();
}
