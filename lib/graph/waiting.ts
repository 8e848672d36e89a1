/**
 * Calls that wait for their turn find their state as it was when they were made. What is assigned meanwhile comes after them: the
 * value from before is kept for those that wait, and what they assign replaces that, not what was assigned since.
 */

import type { Node } from "./node.ts";
import { type Assigned, pending } from "./pending.ts";

const calls = new Set<WaitingCall>();

/** A call, from when it is made until it is over. */
export class WaitingCall {
  #kept: Map<Assigned, Node> | null = null;

  /** Made now, with `variables` as its state. */
  constructor(readonly variables: readonly Assigned[]) {
    calls.add(this);
  }

  /** The value of a variable for this call. */
  nodeOf(variable: Assigned): Node {
    return this.#kept?.get(variable) ?? variable.node;
  }

  /** Whether a variable was assigned since the call was made: then the call's own value for it is not the current one. */
  isBehind(variable: Assigned): boolean {
    return this.#kept?.has(variable) ?? false;
  }

  /** The call has replaced a value by `node`, though the variable was assigned since: those that wait as well go on from that. */
  replace(variable: Assigned, node: Node): void {
    const before = this.nodeOf(variable);
    for (const call of calls) if (call.#kept?.get(variable) === before) call.#kept.set(variable, node);
    pending.follow(before, node);
  }

  /** Before a variable that holds `node` is assigned. */
  keep(variable: Assigned, node: Node): void {
    if (this.isBehind(variable) || !this.variables.includes(variable)) return;
    this.#kept ??= new Map();
    this.#kept.set(variable, node);
  }

  /** The variable holds `before` again in the place of `node`. */
  takeBack(variable: Assigned, node: Node, before: Node): void {
    if (this.#kept?.get(variable) === node) this.#kept.set(variable, before);
  }

  /** It is over. */
  end(): void {
    calls.delete(this);
  }
}

// A value that is taken back is none for those either who have kept it.
pending.onTakenBack((variable, node, before) => {
  for (const call of calls) call.takeBack(variable, node, before);
});

let isForAll = false;

/** What `fn` assigns is the state of all calls that wait, too: it was asked for before they were made. */
export function assigningForAll<T>(fn: () => T): T {
  isForAll = true;
  try {
    return fn();
  } finally {
    isForAll = false;
  }
}

/** Before a variable that holds `node` is assigned by the program, not by a call. */
export function keepForWaiting(variable: Assigned, node: Node): void {
  if (pending.isRepeating || isForAll) return;
  for (const call of calls) call.keep(variable, node);
}
