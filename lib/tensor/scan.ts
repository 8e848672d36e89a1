/** Loops and recomputation as operations with a derivative. */

import { rememberFunction } from "../graph/cell.ts";
import { PlumblineError } from "../graph/error.ts";
import type { Node } from "../graph/node.ts";
import { makeScan } from "../graph/scan.ts";
import { Tensor } from "./tensor.ts";
import { insideScan, traced } from "./trace.ts";
import { leaves, rebuildTree, type Tree } from "./tree.ts";

/** Settings of {@linkcode scan}. */
export interface ScanOptions {
  /** The number of steps, where there are no xs to tell it. */
  length?: number;
  /** From the last entry of xs to the first; ys keep the order of xs. */
  reverse?: boolean;
}

/**
 * Runs `step` along the leading axis of `xs`, with carried state: `[carry, y] = step(carry, x)`. One operation with a
 * derivative (JAX's `lax.scan`): the step is traced once, and differentiating it recomputes each step from its carry.
 *
 * @returns the final carry, and the ys stacked along a new leading axis.
 * @throws PlumblineError G304 if lengths differ, or a step changes the shape or dtype of what is carried.
 *
 * @example
 * ```ts
 * import { scan, tensor, zeros } from "../../mod.ts";
 *
 * const [total, running] = scan((sum, x) => [sum.add(x), sum.add(x)], zeros([]), tensor([1, 2, 3]));
 * console.log(await total.item(), await running.toList()); // 6 [1, 3, 6]
 * ```
 */
export function scan<C extends Tree, X extends Tree, Y extends Tree>(
  step: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [C, Y] {
  const sequences = leaves(xs);
  const length = options.length ?? sequences[0]?.shape[0];
  if (length === undefined || sequences.some((x) => x.shape[0] !== length)) {
    const found = sequences.map((x) => x.shape[0] ?? "no axis").join(", ");
    throw new PlumblineError({
      code: "G304",
      message: `scan() needs xs of one length along their leading axis; it found ${found || "no xs and no length"}.`,
    });
  }
  const known = rememberFunction(step);
  let ys: Y | undefined;
  const result = insideScan(() =>
    makeScan({
      init: leaves(init).map((x) => x.node),
      xs: sequences.map((x) => x.node),
      length,
      reverse: options.reverse ?? false,
      step: (carries, slices) => {
        const wrap = (nodes: typeof carries) => nodes.map((node) => new Tensor(node)).values();
        const nodes = (tree: Tree): Node[] => leaves(tree).map((x) => x.node);
        // A trace of its own: a condition of the step is used by the step's results, not by those outside.
        const [carry, y] = traced(
          () => known(rebuildTree(init, wrap(carries)), rebuildTree(xs, wrap(slices))),
          ([carry, y]) => [...nodes(carry), ...nodes(y)],
        );
        ys = y;
        return { carries: nodes(carry), ys: nodes(y) };
      },
    })
  );
  const wrap = (nodes: typeof result.ys) => nodes.map((node) => new Tensor(node)).values();
  return [rebuildTree(init, wrap(result.carries)), rebuildTree(ys!, wrap(result.ys))];
}

/**
 * `fn`, whose inner values are not kept for the derivative but computed again (Chen et al. 2016): memory for time. What `fn`
 * uses from outside is differentiated too.
 */
export function checkpoint<A extends readonly Tensor[], R extends Tree>(fn: (...args: A) => R): (...args: A) => R {
  const known = rememberFunction(fn);
  return (...args) => {
    const [, results] = scan(() => [[], known(...args)], [], [], { length: 1 });
    return rebuildTree(results, leaves(results).map((x) => x.squeeze(0)).values());
  };
}
