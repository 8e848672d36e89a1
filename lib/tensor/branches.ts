/**
 * Choices and loops whose end depends on numbers, inside of a program: both sides of a choice are part of it, and a loop has a
 * greatest number of steps, so both have a derivative and run on either engine.
 */

import { signature } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { describe, sameShape } from "../graph/types.ts";
import { full } from "./creation.ts";
import { where } from "./functions.ts";
import * as kind from "./kinds.ts";
import { scan } from "./scan.ts";
import type { Tensor } from "./tensor.ts";
import { type Tree, zipTrees } from "./tree.ts";

/** A bool of one number, without axes. */
function checkCondition(condition: Tensor, what: string): Tensor {
  if (kind.tensor.accepts(condition) && condition.dtype === "bool" && condition.size === 1) return condition.reshape();
  const told = kind.tensor.accepts(condition) ? describe(condition.node) : kind.told(condition);
  throw new PlumblineError({
    code: "G305",
    message: `${what} needs a condition of one bool, not ${told}.`,
    help: "compare and reduce it: x.less(y).all().",
  });
}

/** `a` where the condition is true, else `b`, of the same form. */
function chosen<T extends Tree>(condition: Tensor, a: T, b: T, what: string): T {
  const strange = [a, b].find((x) => !kind.tree.accepts(x));
  if (strange !== undefined) {
    throw new PlumblineError({
      code: "G305",
      message: `${what} needs functions that give tensors; this one gives ${kind.told(strange)}.`,
    });
  }
  return zipTrees(a, b, (x, y) => {
    if (x.dtype !== y.dtype || !sameShape(x.shape, y.shape)) {
      throw new PlumblineError({
        code: "G304",
        message: `${what} gives ${describe(x.node)} on one side and ${describe(y.node)} on the other.`,
        made: [x.node, y.node],
      });
    }
    return where(condition, x, y);
  });
}

const takesCond = signature("cond()", {
  condition: kind.tensor,
  whenTrue: kind.callable,
  whenFalse: kind.callable,
  operands: kind.optional(kind.tensors),
});

/**
 * What `whenTrue` gives if the condition, one bool, is true, else what `whenFalse` gives, in the same form (torch.cond). Both are
 * part of the program. On a CPU much work that is not chosen is left out; otherwise both are computed. As with `where()`, a side
 * that is not chosen passes no number on, but a derivative of it that is infinite makes the gradient NaN.
 *
 * @throws PlumblineError G305 if the condition is not one bool, G304 if the sides differ in form.
 *
 * @example
 * ```ts
 * import { cond, tensor } from "@plumbline/plumbline";
 *
 * const x = tensor([1, -2]);
 * const y = cond(x.sum().greater(0), (x) => x.mul(2), (x) => x.neg(), [x]);
 * console.log(await y.toList()); // [-1, 2]
 * ```
 */
export function cond<A extends readonly Tensor[], T extends Tree>(
  condition: Tensor,
  whenTrue: (...operands: A) => T,
  whenFalse: (...operands: A) => T,
  operands: A = [] as unknown as A,
): T {
  takesCond(arguments);
  const scalar = checkCondition(condition, "cond()");
  return chosen(scalar, whenTrue(...operands), whenFalse(...operands), "cond()");
}

/** How long a {@linkcode whileLoop} may go on. */
export interface WhileOptions {
  /** The most steps, at least 1. */
  maxSteps: number;
}

const takesWhile = signature("whileLoop()", {
  condition: kind.callable,
  step: kind.callable,
  init: kind.tree,
  options: kind.having("{ maxSteps }", { maxSteps: kind.count(1) }, {}),
});

/**
 * `step` again and again while `condition` of what is carried is true, at most `maxSteps` times (JAX's `lax.while_loop`, with a
 * bound, and so with a derivative). It is a {@linkcode scan} of that many steps which keeps what it has once the condition is
 * false; on a CPU steps of much work are left out then.
 *
 * @returns what is carried in the end, and the steps that were taken, int32: as many as `maxSteps` if the condition may be true
 * still.
 * @throws PlumblineError G305 if the condition is not one bool, G304 if a step changes the form of what is carried.
 *
 * @example
 * ```ts
 * import { tensor, whileLoop } from "@plumbline/plumbline";
 *
 * const [x, steps] = whileLoop((x) => x.less(100), (x) => x.mul(3), tensor(1), { maxSteps: 20 });
 * console.log(await x.item(), await steps.item()); // 243 5
 * ```
 */
export function whileLoop<C extends Tree>(
  condition: (carry: C) => Tensor,
  step: (carry: C) => C,
  init: C,
  options: WhileOptions,
): [C, Tensor] {
  takesWhile(arguments);
  const start: readonly [C, Tensor, Tensor] = [
    init,
    full([], 1, { dtype: "bool" }),
    full([], 0, { dtype: "int32" }),
  ];
  const [[carry, , steps]] = scan(
    ([carry, goesOn, count]: readonly [C, Tensor, Tensor]) => {
      const goes = goesOn.and(checkCondition(condition(carry), "whileLoop()"));
      const next = chosen(goes, step(carry), carry, "whileLoop()");
      return [[next, goes, count.add(goes.cast("int32"))] as const, []];
    },
    start,
    [],
    { length: options.maxSteps },
  );
  return [carry, steps];
}
