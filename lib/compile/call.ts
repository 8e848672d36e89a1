/** A call of a compiled function, as it is when it is made: it may have to wait for others, and meanwhile everything may change. */

import type { Storage } from "../graph/storage.ts";
import type { WaitingCall } from "../graph/waiting.ts";
import { full } from "../tensor/creation.ts";
import * as kind from "../tensor/kinds.ts";
import { Tensor } from "../tensor/tensor.ts";
import { formOf, mapTree, type Tree } from "../tensor/tree.ts";
import { Variable } from "../tensor/variable.ts";

/** What a compiled function takes: tensors, trees of them, or numbers. */
export type Argument = Tree | number;

/** What an argument is, for messages. */
export const argument: kind.Kind = kind.kindOf(
  "a tensor, a number, or lists and objects of tensors",
  (x) => typeof x === "number" || (typeof x === "object" && x !== null && !kind.isThenable(x)),
);

/** The arguments of a call. */
export interface Call {
  readonly tree: Tree;
  /** What the program is traced for. Keys in another order are another one: results would come in that order too. */
  readonly signature: string;
}

/** A tensor that nobody can assign. */
const asItIs = (x: Tensor): Tensor => x instanceof Variable ? new Tensor(x.node) : x;

/** The arguments as they are now. */
export function callOf(args: readonly Argument[]): Call {
  const signature = args.map((x) => typeof x === "number" ? "number" : formOf(x)).join(", ");
  return { tree: args.map((x) => typeof x === "number" ? full([], x) : mapTree(x, asItIs)), signature };
}

/** Gives a variable what a call has computed for it. What was assigned since the call was made stays. */
export function adopt(variable: Variable, storage: Storage, call: WaitingCall): void {
  if (call.isBehind(variable)) variable.adopt(storage, (node) => call.replace(variable, node));
  else variable.adopt(storage);
}
