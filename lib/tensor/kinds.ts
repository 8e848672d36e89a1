/** The kinds of arguments that know of tensors, beside those of `graph/kinds.ts`. */

import { either, type Fault, instance, isThenable, type Kind, kindOf, listOf, tensorOf } from "../graph/kinds.ts";
import { HostRandom } from "./host_random.ts";
import { Tensor } from "./tensor.ts";
import { Parameter, Variable } from "./variable.ts";

export * from "../graph/kinds.ts";

/** A tensor. */
export const tensor: Kind = { ...instance("a tensor", Tensor), example: tensorOf };
/** A probability, a part of a whole. */
export const share: Kind = kindOf(
  "a number from 0 to 1",
  (x) => typeof x === "number" && x >= 0 && x <= 1,
);
/** A tensor or a number. */
export const tensorLike: Kind = kindOf("a tensor or a number", (x) => {
  return x instanceof Tensor || typeof x === "number" || typeof x === "boolean";
});
/** Several tensors. */
export const tensors: Kind = listOf(tensor, "a list of tensors");
/** A variable. */
export const variable: Kind = instance("a variable", Variable);
/** A parameter. */
const parameter: Kind = {
  ...instance("a parameter", Parameter),
  inside: (x) => {
    if (!(x instanceof Tensor)) return null;
    return { at: "", says: "a parameter", found: x, help: "what learns is made so: new Parameter(tensor)." };
  },
};
/** Several parameters. */
export const parameters: Kind = listOf(parameter, "a list of parameters");
/** Where initial weights come from. */
export const hostRandom: Kind = instance("a HostRandom, such as new HostRandom(0),", HostRandom);
/** A key of random numbers. */
export const key: Kind = {
  ...kindOf("a random key, such as randomKey(0),", (x) => x instanceof Tensor && x.dtype === "uint32"),
  inside: (x) => {
    if (typeof (x as { next?: unknown } | null)?.next !== "function") return null;
    return { at: "", says: key.says, found: x, help: "a generator has the next key: generator.next()." };
  },
};

/** What has variables: a variable, a module, an optimiser, a random generator. */
export const stateful: Kind = {
  ...kindOf(
    "a variable, module, optimiser or random generator",
    (x) => typeof (x as { variables?: unknown } | null)?.variables === "function",
  ),
  inside: (x) => {
    if (!(x instanceof Tensor)) return null;
    return { at: "", says: stateful.says, found: x, help: "make it one that can change: new Variable(tensor)." };
  },
};
/** One or several of them. */
export const state: Kind = either(stateful, listOf(stateful, "a list of them"));

/** No tree of tensors is deeper; what contains itself is. */
const deepest = 100;

const isBranch = (x: unknown): x is object =>
  typeof x === "object" && x !== null && !(x instanceof Tensor) && !ArrayBuffer.isView(x) && !isThenable(x);

function isTree(x: unknown, depth: number = deepest): boolean {
  if (x instanceof Tensor) return true;
  return isBranch(x) && depth > 0 && Object.values(x).every((value) => isTree(value, depth - 1));
}

/** The first leaf of a tree that is no tensor. */
function strange(x: unknown, depth: number): Fault | null {
  if (!isBranch(x)) return null;
  const [name, found] = Object.entries(x).find(([, value]) => !isTree(value, depth - 1)) ?? [];
  if (name === undefined) return null;
  const deeper = depth > 1 ? strange(found, depth - 1) : null;
  if (!deeper && isBranch(found)) return null;
  const at = Array.isArray(x) ? `[${name}]` : `.${name}`;
  return deeper ? { ...deeper, at: at + deeper.at } : { at, says: "a tensor", found };
}

/** Tensors in nested lists and objects, not too deep. */
export const tree: Kind = {
  ...kindOf("a tensor, or lists and objects of tensors,", (x) => isTree(x)),
  inside: (x) => strange(x, deepest),
};
