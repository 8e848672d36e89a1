/**
 * Scalar conditions that were made outside of traced functions, and that no operation has used yet. JavaScript lets no object
 * decide what `if (tensor)` does: it is always true. What can be seen is that nothing ever asks for such a condition.
 */

import type { Node } from "./node.ts";

/** A condition that nothing has used when it was looked at last. */
export interface Condition {
  /** Who was never held by anybody may be gone. */
  readonly ref: WeakRef<Node>;
  readonly site: Node["site"];
  /** What has the methods of tensors. */
  readonly methods: object;
  /** A clock of who looks: set at the first look. */
  since: number | null;
}

const most = 32;
const made = new WeakMap<Node, Condition>();
const open = new Set<Condition>();

/**
 * Whether the caller of the library asked for a condition: by a method of tensors. What a function gives beside what is wanted of it
 * decides nothing.
 */
export function isAskedFor({ called }: Node["site"], methods: object): boolean {
  return called === null || called in methods;
}

/** A scalar condition was made by an operation; it is the node of `tensor`. */
export function noteCondition(node: Node, tensor: object): void {
  if (node.traced || node.inputs.length === 0 || node.value !== null || made.has(node)) return;
  const methods = Object.getPrototypeOf(tensor) as object;
  const condition: Condition = { ref: new WeakRef(node), site: node.site, methods, since: null };
  made.set(node, condition);
  open.add(condition);
  if (open.size > most) open.delete(open.values().next().value!);
}

/** An operation takes `node`, which is a condition, or somebody reads it. */
export function useCondition(node: Node): void {
  const condition = made.get(node);
  if (condition) open.delete(condition);
}

/** Those that nothing has used or read since `age` ticks of a clock that shows `now`; they are not told again. */
export function unusedConditions(now: number, age: number): Condition[] {
  const found: Condition[] = [];
  for (const condition of open) {
    condition.since ??= now;
    const isRead = condition.ref.deref()?.value != null;
    if (!isRead && now - condition.since < age) continue;
    open.delete(condition);
    if (!isRead && isAskedFor(condition.site, condition.methods)) found.push(condition);
  }
  return found;
}
