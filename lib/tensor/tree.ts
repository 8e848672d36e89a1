/** Tensors in nested arrays and objects: arguments and results of compiled functions, carried state of scans. */

import { Tensor } from "./tensor.ts";

/** A tensor, or arrays and objects of such. */
export type Tree = Tensor | readonly Tree[] | { readonly [key: string]: Tree };

/** The tensors of a tree, in a fixed order (keys as they were written). */
export function leaves(tree: Tree): Tensor[] {
  if (tree instanceof Tensor) return [tree];
  if (tree === null || typeof tree !== "object") {
    throw new TypeError(`expected a tensor or nested arrays and objects of tensors, found ${String(tree)}.`);
  }
  return Object.values(tree as { readonly [key: string]: Tree }).flatMap(leaves);
}

/** The same tree with other tensors, taken in the order of {@linkcode leaves}. */
export function rebuildTree<T extends Tree>(tree: T, tensors: Iterator<Tensor>): T {
  if ((tree as Tree) instanceof Tensor) return tensors.next().value as Tensor as T;
  if (Array.isArray(tree)) return tree.map((x) => rebuildTree(x as Tree, tensors)) as unknown as T;
  const entries = Object.entries(tree as { readonly [key: string]: Tree });
  return Object.fromEntries(entries.map(([key, x]) => [key, rebuildTree(x, tensors)])) as T;
}

/** The same tree with `fn` applied to each tensor. */
export function mapTree<T extends Tree>(tree: T, fn: (x: Tensor) => Tensor): T {
  return rebuildTree(tree, leaves(tree).map(fn).values());
}

/** The tree of `fn` applied to the tensors of two trees of the same form, pair by pair. */
export function zipTrees<T extends Tree>(a: T, b: T, fn: (x: Tensor, y: Tensor) => Tensor): T {
  const other = leaves(b);
  return rebuildTree(a, leaves(a).map((x, i) => fn(x, other[i]!)).values());
}
