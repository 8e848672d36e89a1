/**
 * A `where` whose condition is one number takes all of one side and nothing of the other. Where the sides are much work, which
 * nothing else needs, it becomes ONNX If: what is not taken is not computed. So a loop whose steps keep what one of them has found
 * costs the steps up to there.
 */

import { type Node, type NodeOf, topological } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import { type Builder, declare, type Value } from "./builder.ts";
import type { OnnxGraph } from "./proto.ts";
import type { Lower } from "./scan.ts";
import { workOf } from "./work.ts";

type Where = NodeOf<"where"> & Node;

/** Work of the sides from which a choice pays: it costs as much as some small operations. */
const worthAChoice = 2 ** 20;

/** Several `where` that one number decides. */
export interface Choice {
  readonly condition: Node;
  /** In the order of the graph; nothing before the last of them uses one. */
  readonly members: readonly Where[];
  /** What their sides need of the rest of the graph. */
  readonly inputs: readonly Node[];
}

/** The node of one number that `condition` repeats; null if it is of several. */
function oneNumber(condition: Node): Node | null {
  let node = condition;
  while (node.op === "expand" || node.op === "reshape") node = node.inputs[0]!;
  return sizeOf(node.shape) === 1 ? node : null;
}

/** The `where` of each number that decides some: together until something uses one of them. */
function groupsOf(order: readonly Node[], known: (node: Node) => boolean): [condition: Node, members: Where[]][] {
  const groups: [condition: Node, members: Where[]][] = [];
  const open = new Map<Node, Where[]>();
  const conditions = new Map<Node, Node>();
  for (const node of order) {
    if (known(node)) continue;
    for (const x of node.inputs) if (conditions.has(x)) open.delete(conditions.get(x)!);
    const condition = node.op === "where" ? oneNumber(node.inputs[0]!) : null;
    if (!condition) continue;
    let members = open.get(condition);
    if (!members) {
      open.set(condition, members = []);
      groups.push([condition, members]);
    }
    members.push(node as Where);
    conditions.set(node, condition);
  }
  return groups;
}

/** What nothing but the sides of `members` needs, and what that needs of the rest. `users` counts who uses a node. */
function sidesOf(members: readonly Where[], users: ReadonlyMap<Node, number>, known: (node: Node) => boolean) {
  const left = new Map<Node, number>();
  const inside = new Set<Node>();
  const stack: Node[] = members.flatMap((x) => x.inputs.slice(1));
  for (let node = stack.pop(); node; node = stack.pop()) {
    const others = (left.get(node) ?? users.get(node)!) - 1;
    left.set(node, others);
    if (others > 0 || known(node)) continue;
    inside.add(node);
    stack.push(...node.inputs);
  }
  // A loop that something else needs too is computed there, with all that is taken of it.
  for (const node of inside) if (node.op === "output" && !inside.has(node.inputs[0]!)) inside.delete(node);
  return { inside, inputs: [...left.keys()].filter((x) => !inside.has(x) && x.op !== "scan" && !known(x)) };
}

/** The choices among `order` that pay. `users` counts who uses a node. */
export function choicesOf(
  order: readonly Node[],
  users: ReadonlyMap<Node, number>,
  known: (node: Node) => boolean,
): Choice[] {
  return groupsOf(order, known).flatMap(([condition, members]) => {
    const { inside, inputs } = sidesOf(members, users, known);
    return workOf(inside).total < worthAChoice ? [] : [{ condition, members, inputs }];
  });
}

/** How often each node is used by others, or wanted: that is twice, so that nobody takes it for his own. */
export function usersOf(
  order: readonly Node[],
  outputs: readonly Node[],
  known: (node: Node) => boolean,
): Map<Node, number> {
  const users = new Map<Node, number>();
  const use = (node: Node, by: number): unknown => users.set(node, (users.get(node) ?? 0) + by);
  for (const node of order) if (!known(node)) { for (const x of node.inputs) use(x, 1); }
  for (const node of outputs) use(node, 2);
  return users;
}

/** Whether a graph has choices, those in bodies of its loops apart. */
export function hasChoices(outputs: readonly Node[]): boolean {
  const order = topological(outputs);
  const known = (x: Node): boolean => x.op === "input";
  return choicesOf(order, usersOf(order, outputs, known), known).length > 0;
}

/** Emits the choice of `condition` for `members`, from the values outside; gives the value of each. `lower` emits the sides. */
export function emitChoice(
  b: Builder,
  condition: Node,
  members: readonly Node[],
  outer: ReadonlyMap<Node, Value>,
  lower: Lower,
): Value[] {
  const side = (input: 1 | 2): OnnxGraph => {
    const inner = b.child();
    const results = members.map((x) => x.inputs[input]!);
    const names = inner.outputs(results, lower(inner, results, outer));
    return inner.finish(inner.fresh("side"), [], results.map((x, i) => declare(names[i]!, x)));
  };
  const outputs = members.map(() => b.fresh("v"));
  const decides = b.materialize(outer.get(condition)!, []).name;
  b.append("If", [decides], outputs, { then_branch: side(1), else_branch: side(2) });
  return members.map(({ dtype, shape }, i) => ({ name: outputs[i]!, dtype, shape }));
}
