/** What networks remember: from one program to the next, and before each sequence of a batch. */

import { scan } from "../tensor/scan.ts";
import { leaves, leavesLike, mapTree, namedLeaves, rebuildTree, type Tree } from "../tensor/tree.ts";
import { type Stateful, Variable } from "../tensor/variable.ts";

/** A tree that is kept. */
export class KeptTree<T extends Tree = Tree> implements Stateful {
  /** The tree as it is now: its tensors are variables. */
  readonly tree: T;

  /** Starts as `initial`; the variables are called by their paths from `name`. */
  constructor(initial: T, name: string) {
    const variables = namedLeaves(initial, name).map(([path, x]) => new Variable(x, path));
    this.tree = rebuildTree(initial, variables.values());
  }

  /** The variables. */
  variables(): Variable[] {
    return leaves(this.tree) as Variable[];
  }

  /** Keeps `values`, a tree of the same keys. */
  assign(values: T): void {
    const next = leavesLike(this.tree, values);
    this.variables().forEach((variable, i) => variable.assign(next[i]!));
  }
}

/**
 * As {@linkcode scan}, over sequences of `length` steps, which divides that of `xs`. Gives also what was remembered before
 * each of them, with a leading axis `sequence`: that of all steps would be `length` times as much.
 */
export function scanSequences<C extends { readonly memory: Tree }, X extends Tree, Y extends Tree>(
  step: (carry: C, x: X) => readonly [C, Y],
  first: C,
  xs: X,
  length: number,
): [last: C, ys: Y, memory: C["memory"]] {
  const sequences = mapTree(xs, (x) => x.reshape(-1, length, ...x.shape.slice(1)));
  const [last, { ys, memory }] = scan(
    (now: C & Tree, xs: X) => {
      const [next, ys] = scan(step, now as C & Tree, xs);
      return [next, { ys, memory: now.memory }] as const;
    },
    first as C & Tree,
    sequences,
  );
  return [last, mapTree(ys, (x) => x.flatten(0, 1)), memory];
}
