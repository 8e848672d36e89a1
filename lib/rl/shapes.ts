/** What losses and advantages ask of their tensors: the axes that they document, all of the same sizes. */

import { PlumblineError } from "../graph/error.ts";
import { describe, type DType, sameShape, type Shape } from "../graph/types.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The sizes of axes by their names, in order. */
export type AxisSizes = Readonly<Record<string, number>>;

/** The axes of `x` by the names that a call gives them; their sizes are those of all other tensors of the call. */
export function axesOf(call: string, name: string, x: Tensor, names: readonly string[]): AxisSizes {
  if (x.rank !== names.length) {
    refuse(call, name, x, `[${names.join(", ")}]`, helpFor(x, names, x.shape.slice(0, names.length)));
  }
  return Object.fromEntries(names.map((axis, i) => [axis, x.shape[i]!]));
}

/** Throws unless each of `tensors` has these axes and is of one of the dtypes. */
export function checkAxes(
  call: string,
  tensors: Readonly<Record<string, Tensor | undefined>>,
  sizes: AxisSizes,
  dtypes: readonly DType[] = ["float32"],
): void {
  const wanted = Object.values(sizes);
  const told = `[${Object.entries(sizes).map(([axis, n]) => `${axis} ${n}`).join(", ")}]`;
  for (const [name, x] of Object.entries(tensors)) {
    if (!x || (sameShape(x.shape, wanted) && dtypes.includes(x.dtype))) continue;
    const isShape = !sameShape(x.shape, wanted);
    const help = isShape ? helpFor(x, Object.keys(sizes), wanted) : `convert it: ${name}.cast("${dtypes[0]}").`;
    refuse(call, name, x, isShape ? told : dtypes.join(" or "), help);
  }
}

function refuse(call: string, name: string, x: Tensor, wanted: string, help: string | undefined): never {
  throw new PlumblineError({
    code: "G302",
    message: `${call} takes \`${name}\` as ${wanted}; it was given ${describe(x.node)}.`,
    ...(help ? { help } : {}),
  });
}

/** What an axis too few or too many, at the end, needs. */
function helpFor(x: Tensor, names: readonly string[], sizes: Shape): string | undefined {
  const last = names.at(-1)!;
  const { shape } = x;
  if (shape.length === names.length - 1 && shape.every((n, i) => n === sizes[i])) {
    return `the axis \`${last}\` is missing: where there is one, unsqueeze(-1); where all have the same, expand it too.`;
  }
  if (shape.length === names.length + 1 && shape.at(-1) === 1) return "one axis is too many: squeeze(-1).";
  return undefined;
}
