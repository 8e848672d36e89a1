/** A failed step with everything that it was given. */

import type { Storage } from "../../graph/storage.ts";
import type { Aval, SavedTensor, TypedArray } from "../../graph/types.ts";

/** One value that a step was given. */
export interface StepInput extends Aval {
  /**
   * Its numbers, for the library: {@linkcode readStep} gives those that a run has saved.
   *
   * @internal
   */
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
export async function saveStep({ inputs }: FailedStep): Promise<Record<string, SavedTensor>> {
  const saved = [...inputs].map(async ([name, { dtype, shape, storage }]): Promise<[string, SavedTensor]> => {
    return [name, { dtype, shape, data: (await storage.read()).slice() as TypedArray }];
  });
  return Object.fromEntries(await Promise.all(saved));
}
