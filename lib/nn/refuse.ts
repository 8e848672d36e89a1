/** What layers refuse, in a sentence: inputs of other sizes. */

import { PlumblineError } from "../graph/error.ts";
import { describe } from "../graph/types.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Throws unless the last axes of `x` have the sizes that `layer` takes, before its numbers are taken for other rows.
 *
 * @throws PlumblineError G301
 */
export function checkInput(layer: string, sizes: Readonly<Record<string, number>>, x: Tensor): void {
  const wanted = Object.entries(sizes);
  const found = x.shape.slice(-wanted.length);
  if (found.length === wanted.length && wanted.every(([, size], i) => size === found[i])) return;
  const list = wanted.map(([name, size]) => `${size} (its ${name})`).join(", ");
  const axes = wanted.length === 1 ? "last axis has size" : `last ${wanted.length} axes have sizes`;
  throw new PlumblineError({
    code: "G301",
    message: `${layer} takes inputs whose ${axes} ${list}; it was given ${describe(x.node)}.`,
    made: [x.node],
  });
}
