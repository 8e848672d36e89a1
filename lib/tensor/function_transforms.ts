/** Functions of functions beside gradients: derivatives along a direction, whole Jacobians, batches of what is written for one. */

import { rememberFunction } from "../graph/cell.ts";
import { signature } from "../graph/arguments.ts";
import { batched } from "../graph/batch.ts";
import { moveAxis } from "../graph/arrange.ts";
import { PlumblineError } from "../graph/error.ts";
import { type Node, placeholder, substitute } from "../graph/node.ts";
import { fullLike, reshape } from "../graph/ops.ts";
import { makeScan } from "../graph/scan.ts";
import { callerSite, withinCall } from "../graph/site.ts";
import { traced } from "../graph/trace.ts";
import { aval } from "../graph/types.ts";
import { keepRule } from "../grad/batch.ts";
import { vjpNodes } from "../grad/vjp.ts";
import { resolveAxis } from "./axis.ts";
import { eye } from "./creation.ts";
import * as kind from "./kinds.ts";
import { Tensor } from "./tensor.ts";
import { checkLike, pullback, resultOf } from "./transforms.ts";
import { leaves, rebuildTree, type Tree } from "./tree.ts";

const { callable, tensor } = kind;
const takesJvp = signature("jvp()", { fn: callable, x: tensor, tangent: tensor });

/**
 * The value of `fn` at `x`, and its derivative along `tangent`, which has the shape of `x` (torch.func.jvp): the derivative of a
 * vector-Jacobian product with respect to its vector, so it costs about two of them.
 *
 * @throws PlumblineError G302 if the tangent has another shape, G101 if the value does not depend on `x`.
 *
 * @example
 * ```ts
 * import { jvp, tensor } from "@plumbline/plumbline";
 *
 * const [value, slope] = jvp((x) => x.square(), tensor([1, 2]), tensor([1, 0.5]));
 * console.log(await slope.toList()); // [2, 2]
 * ```
 */
export function jvp(fn: (x: Tensor) => Tensor, x: Tensor, tangent: Tensor): [Tensor, Tensor] {
  takesJvp(arguments);
  const value = resultOf(rememberFunction(fn)(x), "jvp()");
  checkLike(x, tangent, "jvp() needs a tangent like its argument");
  const vector = placeholder(value.node);
  const [product] = pullback([value], [new Tensor(vector)], [x], {});
  const [along] = vjpNodes([product!.node], [tangent.node], [vector]);
  const none = fullLike(value.node, 0);
  // It is linear in the vector: what is left of that is not read.
  return [value, new Tensor(along ? substitute([along], new Map([[vector, none]]))[0]! : none)];
}

const takesJacobian = signature("jacobian()", { fn: callable, x: tensor });

/**
 * All derivatives of the entries of `fn(x)` with respect to those of `x`, `[..shape of the value, ..shape of x]`
 * (torch.autograd.functional.jacobian): one vector-Jacobian product for each entry of the value, in a loop that compiles once.
 *
 * @throws PlumblineError G101 if the value does not depend on `x`.
 *
 * @example
 * ```ts
 * import { grad, jacobian, tensor } from "@plumbline/plumbline";
 *
 * const cube = (x: ReturnType<typeof tensor>) => x.pow(3).sum();
 * console.log(await jacobian(grad(cube), tensor([1, 2])).toList()); // [[6, 0], [0, 12]]
 * ```
 */
export function jacobian(fn: (x: Tensor) => Tensor, x: Tensor): Tensor {
  takesJacobian(arguments);
  const value = resultOf(rememberFunction(fn)(x), "jacobian()");
  const entries = eye(value.size).reshape(value.size, ...value.shape);
  const { ys } = makeScan({
    init: [],
    xs: [entries.node],
    length: value.size,
    reverse: false,
    step: (_, [entry]) => ({
      carries: [],
      ys: pullback([value], [new Tensor(entry!)], [x], {}).map((product) => product.node),
    }),
  });
  return new Tensor(reshape(ys[0]!, [...value.shape, ...x.shape], [...value.axes, ...x.axes]));
}

/** Along which axis each argument holds its examples; null where all have the same. */
export type InAxes = number | null | readonly (number | null)[];

const takesVmap = signature("vmap()", {
  fn: callable,
  inAxes: kind.optional(kind.orNull(kind.either(kind.whole, kind.listOf(kind.orNull(kind.whole), "a list of them")))),
});

function checkSizes(nodes: readonly (Node | null)[], axes: readonly (number | null)[]): number {
  const sizes = nodes.flatMap((x, i) => x ? [x.shape[axes[i]!]!] : []);
  if (sizes.length > 0 && sizes.every((n) => n === sizes[0])) return sizes[0]!;
  throw new PlumblineError({
    code: "G304",
    message: sizes.length === 0
      ? "vmap() has no argument along which there are examples."
      : `vmap() has arguments with ${sizes.join(" and ")} examples.`,
    made: nodes.filter((x) => x !== null),
  });
}

/**
 * `fn`, which is written for one example, for a batch of them (torch.func.vmap): the results have the examples along their first
 * axis. Unless `inAxes` says otherwise so have the arguments. It costs what the same operations with one more axis cost: `fn` is
 * traced for one example, and each operation that depends on it is written for all; a product with a matrix of all examples stays
 * one product. Random numbers whose key depends on an example are refused.
 *
 * @throws PlumblineError (when called) G304 for arguments without such an axis or with different numbers of examples.
 *
 * @example
 * ```ts
 * import { grad, tensor, vmap } from "@plumbline/plumbline";
 *
 * const norm = (x: ReturnType<typeof tensor>) => x.square().sum();
 * console.log(await vmap(grad(norm))(tensor([[1, 2], [3, 4]])).toList()); // [[2, 4], [6, 8]]
 * ```
 */
export function vmap<A extends readonly Tensor[], R extends Tree>(
  fn: (...args: A) => R,
  inAxes: InAxes = 0,
): (...args: A) => R {
  takesVmap(arguments);
  const known = rememberFunction(fn);
  const takesArguments = signature("the function of vmap()", { "..args": tensor });
  return (...args) => {
    takesArguments(args);
    const given = Array.isArray(inAxes) ? inAxes as (number | null)[] : args.map(() => inAxes as number | null);
    if (given.length !== args.length) {
      throw new PlumblineError({
        code: "G304",
        message: `vmap() was told the axes of ${given.length} arguments, and its function was given ${args.length}.`,
      });
    }
    const axes = args.map((x, i) => given[i] === null ? null : resolveAxis(x.node, given[i]!));
    const size = checkSizes(args.map((x, i) => axes[i] === null ? null : x.node), axes);
    const places = new Map<Node, Node>();
    const single = args.map((x, i) => {
      if (axes[i] === null) return x;
      const first = moveAxis(x.node, axes[i]!, 0);
      const place = placeholder(aval(first.dtype, first.shape.slice(1), first.axes.slice(1)));
      places.set(place, first);
      return new Tensor(place);
    });
    const result = withinCall(
      callerSite(),
      true,
      () =>
        traced(() => checkResult(known(...single as unknown as A)), (tree) => leaves(tree).map((x) => x.node), false),
    );
    const whole = batched(leaves(result).map((x) => x.node), places, size, keepRule);
    return rebuildTree(result, whole.map((x) => new Tensor(x)).values());
  };
}

function checkResult<R extends Tree>(result: R): R {
  if (kind.tree.accepts(result)) return result;
  throw new PlumblineError({
    code: "G305",
    message: `vmap() needs a function that gives tensors; this one gives ${kind.told(result)}.`,
  });
}
