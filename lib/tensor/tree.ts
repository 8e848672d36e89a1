/**
 * Tensors in nested arrays and objects: arguments and results of compiled functions, carried state of scans. Two trees belong
 * together key by key; in which order an object's keys were written means nothing.
 */

import { PlumblineError } from "../graph/error.ts";
import { signature } from "../graph/arguments.ts";
import { anything, callable, isStrayPromise, isThenable, told } from "../graph/kinds.ts";
import { describe } from "../graph/types.ts";
import { Tensor } from "./tensor.ts";

/** A tensor, or arrays and objects of such. */
export type Tree = Tensor | readonly Tree[] | { readonly [key: string]: Tree };

type Branch = { readonly [key: string]: Tree };

/** What holds others without being a list or having members: a Map, a generator. */
function isClosed(tree: object): boolean {
  const prototype = Object.getPrototypeOf(tree);
  return prototype !== Object.prototype && prototype !== null && !Array.isArray(tree) && Object.keys(tree).length === 0;
}

/** Trees that are deeper hold themselves. */
const deepest = 64;

function branch(tree: Tree, depth = 0): Branch {
  if (depth > deepest) {
    throw new PlumblineError({
      code: "G310",
      message: `tensors are given in lists and objects at most ${deepest} deep: does one of these contain itself?`,
    });
  }
  if (tree !== null && typeof tree === "object" && !isThenable(tree) && !isClosed(tree)) return tree as Branch;
  const awaits = isStrayPromise(tree);
  throw new PlumblineError({
    code: awaits ? "G311" : "G310",
    message: `tensors are given alone or in lists and objects; among them is ${told(tree)}.`,
    help: awaits
      ? "`await` is missing before what gives it."
      : typeof tree === "number" || typeof tree === "boolean"
      ? `make a tensor of it: tensor(${tree}).`
      : "bring what holds tensors into a list or an object.",
  });
}

const takesLeaves = signature("leaves()", { tree: anything });

/** The tensors of a tree, in a fixed order (keys as they were written). */
export function leaves(tree: Tree): Tensor[] {
  takesLeaves(arguments);
  const found: Tensor[] = [];
  collect(tree, 0, found);
  return found;
}

function collect(tree: Tree, depth: number, into: Tensor[]): void {
  if (tree instanceof Tensor) into.push(tree);
  else for (const x of Object.values(branch(tree, depth))) collect(x, depth + 1, into);
}

/** The tensors of a tree in the order of {@linkcode leaves}, with their paths from `name`: `memory.hidden`. */
export function namedLeaves(tree: Tree, name: string, depth = 0): [path: string, tensor: Tensor][] {
  if (tree instanceof Tensor) return [[name, tree]];
  return Object.entries(branch(tree, depth)).flatMap(([key, x]) => namedLeaves(x, `${name}.${key}`, depth + 1));
}

/**
 * The tensors of a tree in the order of {@linkcode leaves} of `like`, whose keys it must have.
 *
 * @throws PlumblineError G304 if it has others.
 */
export function leavesLike(like: Tree, tree: Tree): Tensor[] {
  if (tree instanceof Tensor && like instanceof Tensor) return [tree];
  if (!haveSameKeys(tree, like)) {
    throw new PlumblineError({
      code: "G304",
      message: `trees of tensors are matched by their keys, but where one is ${outline(like)}, another is ${
        outline(tree)
      }.`,
    });
  }
  return Object.entries(branch(like)).flatMap(([key, x]) => leavesLike(x, branch(tree)[key]!));
}

function haveSameKeys(a: Tree, b: Tree): boolean {
  if (a instanceof Tensor || b instanceof Tensor || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(branch(b));
  return keys.length === Object.keys(branch(a)).length && keys.every((key) => Object.hasOwn(a, key));
}

/** A few words for a tree without what lies deeper. */
function outline(tree: Tree): string {
  if (tree instanceof Tensor) return "one tensor";
  if (typeof tree !== "object" || tree === null) return told(tree);
  return Array.isArray(tree) ? `an array of ${tree.length}` : `{ ${Object.keys(tree).join(", ")} }`;
}

/** The form of a tree with the dtypes, shapes and axis names of its tensors, as text: `{pos: float32 [2], vel: float32 [2]}`. */
export function formOf(tree: Tree, depth = 0): string {
  if (tree instanceof Tensor) return describe(tree.node);
  const entries = Object.entries(branch(tree, depth)).map(([key, x]) => [key, formOf(x, depth + 1)] as const);
  if (Array.isArray(tree)) return `[${entries.map(([, form]) => form).join(", ")}]`;
  return `{${entries.map(([key, form]) => `${key}: ${form}`).join(", ")}}`;
}

/** The same tree with other tensors, taken in the order of {@linkcode leaves}. */
export function rebuildTree<T extends Tree>(tree: T, tensors: Iterator<Tensor>): T {
  if ((tree as Tree) instanceof Tensor) return tensors.next().value as Tensor as T;
  if (Array.isArray(tree)) return tree.map((x) => rebuildTree(x as Tree, tensors)) as unknown as T;
  const entries = Object.entries(tree as Branch);
  return Object.fromEntries(entries.map(([key, x]) => [key, rebuildTree(x, tensors)])) as T;
}

const takesMap = signature("mapTree()", { tree: anything, fn: callable });

/** The same tree with `fn` applied to each tensor. */
export function mapTree<T extends Tree>(tree: T, fn: (x: Tensor) => Tensor): T {
  takesMap(arguments);
  return rebuildTree(tree, leaves(tree).map(fn).values());
}

/**
 * The tree of `fn` applied to the tensors of two trees, those of the same keys together.
 *
 * @throws PlumblineError G304 if the trees have other keys.
 */
export function zipTrees<T extends Tree>(a: T, b: T, fn: (x: Tensor, y: Tensor) => Tensor): T {
  const other = leavesLike(a, b);
  return rebuildTree(a, leaves(a).map((x, i) => fn(x, other[i]!)).values());
}
