/** What a program failed at while it ran: a program may be that of other lines, where the same operations were computed before. */

import { type ErrorParts, PlumblineError } from "../graph/error.ts";
import type { Node } from "../graph/node.ts";

/** The error of a run, at a node of the graph that the program was made of. */
export class RunError extends PlumblineError {
  /** `about` says what is wrong at a node. */
  constructor(readonly origin: Node, readonly about: (node: Node) => ErrorParts) {
    super(about(origin));
  }

  /** The same error at the node of another graph. */
  at(node: Node): RunError {
    return new RunError(node, this.about);
  }
}
