/** gradcheck(): the gradient of a function against central differences, entry by entry. */

import { signature } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { describe } from "../graph/types.ts";
import * as kind from "./kinds.ts";
import { fromData, Tensor } from "./tensor.ts";
import { gradients, resultOf } from "./transforms.ts";

/** Settings of {@linkcode gradcheck}; the defaults suit float32. */
export interface GradcheckOptions {
  /** The step of the differences. */
  eps?: number;
  /** Allowed difference, absolute. */
  atol?: number;
  /** Allowed difference, relative to the larger of the two. */
  rtol?: number;
}

async function numbers(x: Tensor): Promise<Float32Array> {
  return Float32Array.from(await x.data());
}

const takesGradcheck = signature("gradcheck()", {
  fn: kind.callable,
  inputs: kind.tensors,
  options: kind.options<GradcheckOptions>({ eps: kind.finite, atol: kind.finite, rtol: kind.finite }),
}, ([, inputs]) => inputs instanceof Tensor ? "the inputs are given as a list: gradcheck(fn, [x])." : undefined);

/**
 * Compares the gradient of the scalar `fn(...inputs)` with central differences, for every entry of every float32 input.
 * Others, such as indices, are handed on as they are.
 *
 * @returns the largest difference.
 * @throws PlumblineError G109 naming the worst entry, if a difference exceeds `atol + rtol * size`.
 *
 * @example
 * ```ts
 * import { gradcheck, tensor } from "@plumbline/plumbline";
 *
 * await gradcheck((x) => x.tanh().sum(), [tensor([0.1, -0.5, 2])]);
 * ```
 */
export async function gradcheck(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): Promise<number> {
  takesGradcheck(arguments);
  const { eps = 1e-2, atol = 1e-3, rtol = 1e-2 } = options;
  const analytic = gradients(resultOf(fn(...inputs), "gradcheck()"), inputs, { allowUnused: true });
  let largest = 0;
  for (const [k, input] of inputs.entries()) {
    if (input.dtype !== "float32") continue;
    const found = await numbers(analytic[k]!);
    const start = await numbers(input);
    for (let i = 0; i < start.length; i++) {
      const at = async (step: number): Promise<number> => {
        const moved = start.slice();
        moved[i]! += step;
        const changed = fromData(moved, "float32", input.shape, input.axes);
        return Number(await fn(...inputs.map((x, j) => j === k ? changed : x)).item());
      };
      const numeric = (await at(eps) - await at(-eps)) / (2 * eps);
      const difference = Math.abs(numeric - found[i]!);
      const allowed = atol + rtol * Math.max(Math.abs(numeric), Math.abs(found[i]!));
      // A NaN on either side fails the comparison too.
      if (!(difference <= allowed)) {
        throw new PlumblineError({
          code: "G109",
          message: `gradcheck() found a wrong gradient: entry ${i} of input ${k} (${describe(input.node)}) is ` +
            `${found[i]}, differences give ${numeric}.`,
          help: "look for a kink or a jump near this input, a step (eps) that is too coarse, or a wrong custom rule.",
        });
      }
      largest = Math.max(largest, difference);
    }
  }
  return largest;
}
