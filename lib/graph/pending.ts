/** Variables that were assigned a value not computed yet: the next evaluation computes it too, so graphs do not grow. */

import type { Node } from "./node.ts";

interface Assigned {
  readonly node: Node;
  /** The value is known: forget how it was made. */
  settle(): void;
}

const assigned = new Set<Assigned>();

/** What the next evaluation has to compute beside what it was asked for. */
export const pending = {
  /** Remembers an assigned variable. */
  add(variable: Assigned): void {
    assigned.add(variable);
  },
  /** The nodes to compute. */
  nodes(): Node[] {
    return [...assigned].map((x) => x.node);
  },
  /** Gives up on a node that cannot be computed. */
  drop(node: Node): void {
    for (const x of assigned) if (x.node === node) assigned.delete(x);
  },
  /** Forgets the graphs of the variables whose value is known now. */
  settle(): void {
    for (const x of assigned) {
      if (x.node.value === null) continue;
      x.settle();
      assigned.delete(x);
    }
  },
};
