/** Gradients of tensors: for given tensors, of functions, along vectors, of gradients. */

import { refuseCut } from "../forensics/steps/refuse.ts";
import { signature } from "../graph/arguments.ts";
import { rememberFunction } from "../graph/cell.ts";
import { PlumblineError } from "../graph/error.ts";
import { topological } from "../graph/node.ts";
import { fullLike } from "../graph/ops.ts";
import { describe, sameShape } from "../graph/types.ts";
import { told } from "../graph/kinds.ts";
import * as kind from "./kinds.ts";
import { Tensor } from "./tensor.ts";
import { warnOfVanishing } from "../forensics/flow/vanishing.ts";
import { checkScalar } from "../forensics/steps/backward.ts";
import { vjpNodes } from "../grad/vjp.ts";
import { waysTo } from "../grad/ways.ts";

/** Settings of {@linkcode gradients}. */
export interface GradientOptions {
  /** Zeros, not an error, for a tensor that is not reached. */
  allowUnused?: boolean;
}

function refuseUnreached(output: Tensor, missing: Tensor): never {
  refuseCut(output.node, missing.node.owner);
  const isPart = waysTo([missing.node], topological([output.node])).order.includes(missing.node);
  throw new PlumblineError({
    code: "G101",
    message: isPart
      ? `gradient cut: ${describe(missing.node)} influences the result, but through operations that pass no gradient.`
      : `gradient cut: the result does not depend on ${describe(missing.node)}.`,
    sites: [output.node.site, { site: missing.node.site, note: "made here" }],
    help: "if that is meant, ask for zeros with { allowUnused: true }.",
  });
}

/** Vector-Jacobian products of tensors. */
export function pullback(
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  wrt: readonly Tensor[],
  options: GradientOptions,
): Tensor[] {
  const found = vjpNodes(outputs.map((x) => x.node), cotangents.map((x) => x.node), wrt.map((x) => x.node));
  return found.map((node, i) => {
    if (node) return new Tensor(node);
    return options.allowUnused ? new Tensor(fullLike(wrt[i]!.node, 0)) : refuseUnreached(outputs[0]!, wrt[i]!);
  });
}

const { callable, tensor } = kind;
const takesGradients = signature("gradients()", {
  loss: tensor,
  wrt: kind.tensors,
  options: kind.options<GradientOptions>({ allowUnused: kind.boolean }),
}, ([, wrt]) => wrt instanceof Tensor ? "one tensor is given as a list of one: gradients(loss, [w])." : undefined);

/**
 * The gradient of a scalar with respect to each tensor of `wrt` (torch.autograd.grad). The results are part of the graph, so
 * they can be differentiated again.
 *
 * @throws PlumblineError G305 if `loss` is not a scalar, G101 for a tensor that it does not reach.
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[], options: GradientOptions = {}): Tensor[] {
  takesGradients(arguments);
  checkScalar(loss.node, "gradients()");
  const found = pullback([loss], [new Tensor(fullLike(loss.node, 1))], wrt, options);
  warnOfVanishing(loss.node, wrt.map((x) => x.node), "the gradient");
  return found;
}

/** What a function that is differentiated gave, which must be a tensor. */
export function resultOf(result: Tensor, what: string): Tensor {
  if (result instanceof Tensor) return result;
  const isAsync = (result as unknown) instanceof Promise;
  if (isAsync) (result as Promise<unknown>).catch(() => {});
  throw new PlumblineError({
    code: "G305",
    message: `${what} needs a function that gives a tensor; this one gives ${isAsync ? "a promise" : told(result)}.`,
    help: isAsync
      ? "leave out async and await: numbers are read from what comes out of it."
      : "return the loss itself: a number, as item() reads it, has no gradient.",
  });
}

const takesGrad = signature("grad()", { fn: callable });
const takesAtGrad = signature("the function of grad()", { x: tensor, "..rest": kind.anything });

/**
 * The function that gives the gradient of a scalar function with respect to its first argument.
 *
 * @throws PlumblineError (when called) G305 if the function gives no scalar tensor, G101 if it does not depend on the argument.
 *
 * @example
 * ```ts
 * import { grad, tensor } from "@plumbline/plumbline";
 *
 * const cube = (x: ReturnType<typeof tensor>) => x.mul(x).mul(x).sum();
 * console.log(await grad(cube)(tensor([1, 2])).toList()); // [3, 12]
 * console.log(await grad((x) => grad(cube)(x).sum())(tensor([1, 2])).toList()); // [6, 12]
 * ```
 */
export function grad<A extends readonly Tensor[]>(
  fn: (x: Tensor, ...rest: A) => Tensor,
): (x: Tensor, ...rest: A) => Tensor {
  takesGrad(arguments);
  const known = rememberFunction(fn);
  return (x, ...rest) => {
    takesAtGrad([x, ...rest]);
    return gradients(resultOf(known(x, ...rest), "grad()"), [x])[0]!;
  };
}

const takesValueAndGrad = signature("valueAndGrad()", { fn: callable });
const takesAtValue = signature("the function of valueAndGrad()", { x: tensor, "..rest": kind.anything });

/** As {@linkcode grad}, with the value: `[value, gradient]`. */
export function valueAndGrad<A extends readonly Tensor[]>(
  fn: (x: Tensor, ...rest: A) => Tensor,
): (x: Tensor, ...rest: A) => [Tensor, Tensor] {
  takesValueAndGrad(arguments);
  const known = rememberFunction(fn);
  return (x, ...rest) => {
    takesAtValue([x, ...rest]);
    const value = resultOf(known(x, ...rest), "valueAndGrad()");
    return [value, gradients(value, [x])[0]!];
  };
}

/** Throws G302 unless `given` has the shape of `wanted`. */
export function checkLike(wanted: Tensor, given: Tensor, sentence: string): void {
  if (sameShape(wanted.shape, given.shape)) return;
  throw new PlumblineError({
    code: "G302",
    message: `${sentence} ${describe(wanted.node)}; it was given ${describe(given.node)}.`,
    made: [given.node],
  });
}

const takesVjp = signature("vjp()", { fn: callable, x: tensor, cotangent: tensor });

/**
 * The value of `fn` at `x`, and the vector-Jacobian product with `cotangent`, which has the shape of the value.
 *
 * @throws PlumblineError G302 if the cotangent has another shape.
 */
export function vjp(fn: (x: Tensor) => Tensor, x: Tensor, cotangent: Tensor): [Tensor, Tensor] {
  takesVjp(arguments);
  const value = resultOf(rememberFunction(fn)(x), "vjp()");
  checkLike(value, cotangent, "vjp() needs a cotangent like the result");
  return [value, pullback([value], [cotangent], [x], {})[0]!];
}

const takesHvp = signature("hvp()", { fn: callable, x: tensor, vector: tensor });

/**
 * The product of the Hessian of a scalar function at `x` with `vector`, which has the shape of `x` (Pearlmutter 1994), by
 * differentiating the gradient.
 *
 * @throws PlumblineError G302 if the vector has another shape.
 */
export function hvp(fn: (x: Tensor) => Tensor, x: Tensor, vector: Tensor): Tensor {
  takesHvp(arguments);
  checkLike(x, vector, "hvp() needs a vector like its argument");
  const [first] = gradients(resultOf(rememberFunction(fn)(x), "hvp()"), [x]);
  return gradients(first!.mul(vector.detach("the vector of a product")).sum(), [x], { allowUnused: true })[0]!;
}
