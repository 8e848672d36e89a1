/**
 * Which values go through memory. Everything else is computed inside the kernels that use it: a value whose users all sit
 * in one kernel at the same index costs nothing, others are computed again where that is cheaper than a kernel and its
 * memory traffic.
 */

import { type Node, topological } from "../../graph/node.ts";
import { primitives } from "../../graph/primitives.ts";
import { type Shape, sizeOf } from "../../graph/types.ts";
import { costly, type Target } from "./target.ts";
import { coreOf, extentOf } from "./draft.ts";

/** The longest chain of operations in one kernel: its text is made by recursion. */
const mostDeep = 150;
/** The most reshapes in a row in one kernel: with axes moved in between, each may double the length of an index. */
const mostReshapes = 3;

const alwaysHeld: ReadonlySet<Node["op"]> = new Set([
  "input",
  "output",
  "scan",
  "sum",
  "max",
  "min",
  "argmax",
  "cumsum",
  "matmul",
]);

/** One use of a value: in which context (null: one of its own) and how often it would be computed there. */
interface Use {
  readonly context: string | null;
  readonly times: number;
}

/** The nodes that are in memory when `sinks` are computed; a kernel then reads one binding fewer than it may have. */
export function chooseHeld(sinks: readonly Node[], target: Target): Set<Node> {
  const order = topological(sinks);
  const held = new Set<Node>(sinks);
  for (const node of order) {
    if (alwaysHeld.has(node.op)) held.add(node);
    if (node.op === "scan") node.inputs.forEach((x) => held.add(x));
  }
  const { undecided, uses } = contexts(order, held, target);
  const depths = new Map<Node, number>();
  const reshapes = new Map<Node, number>();
  for (const node of order) {
    const most = (of: ReadonlyMap<Node, number>): number =>
      node.inputs.reduce((n, x) => Math.max(n, held.has(x) ? 0 : of.get(x)!), 0);
    const depth = most(depths) + (node.op === "concat" ? node.inputs.length : 1);
    depths.set(node, depth);
    reshapes.set(node, most(reshapes) + Number(isRegrouping(node)));
    if (held.has(node) || node.op === "full" || node.op === "iota") continue;
    const isTooLong = depth > mostDeep || reshapes.get(node)! > mostReshapes;
    if (isTooLong || (undecided.has(node) && !worthRepeating(node, uses, held, target))) held.add(node);
  }
  // To hold a value may add one to what others read: again until all fit.
  let before = -1;
  while (held.size !== before) {
    before = held.size;
    const loads = new Map<Node, ReadonlySet<Node>>();
    for (const node of order) limitLoads(node, held, loads, target.mostBindings - 1);
  }
  return held;
}

/** Whether a node is a reshape that does more than to add or remove axes of size 1. */
function isRegrouping({ op, inputs, shape }: Node): boolean {
  const wide = (x: Shape): string => `${x.filter((n) => n !== 1)}`;
  return op === "reshape" && wide(shape) !== wide(inputs[0]!.shape);
}

/** Holds inputs of `node` until what it reads fits into one kernel. */
function limitLoads(node: Node, held: Set<Node>, loads: Map<Node, ReadonlySet<Node>>, most: number): void {
  const read = (x: Node): ReadonlySet<Node> => held.has(x) ? new Set([x]) : loads.get(x)!;
  const all = (): ReadonlySet<Node> => union(node.inputs.map(read));
  let own = all();
  while (own.size > most) {
    const widest = node.inputs.filter((x) => !held.has(x)).sort((a, b) => read(b).size - read(a).size)[0];
    if (!widest) break;
    held.add(widest);
    own = all();
  }
  loads.set(node, own);
}

/** What is in any of the sets: one of them, where that has all of it. */
function union(sets: readonly ReadonlySet<Node>[]): ReadonlySet<Node> {
  const largest = sets.reduce((a, b) => b.size > a.size ? b : a, none);
  let all: Set<Node> | null = null;
  for (const set of sets) {
    if (set === largest) continue;
    for (const x of set) if (!largest.has(x)) (all ??= new Set(largest)).add(x);
  }
  return all ?? largest;
}

const none: ReadonlySet<Node> = new Set();

/** Follows uses from the outputs down: nodes whose uses do not all share one context are undecided. */
function contexts(
  order: readonly Node[],
  held: ReadonlySet<Node>,
  target: Target,
): { undecided: Set<Node>; uses: Map<Node, Use[]> } {
  const uses = new Map<Node, Use[]>(order.map((node) => [node, []]));
  const undecided = new Set<Node>();
  const context = new Map<Node, string>();
  for (const node of [...order].reverse()) {
    const own = uses.get(node)!;
    const first = own[0]?.context ?? null;
    const shared = first !== null && own.every((x) => x.context === first);
    if (!held.has(node) && !shared && !isView(node)) undecided.add(node);
    context.set(node, held.has(node) || !shared ? `${node.id}` : first);
    const views = isView(node) && !held.has(node) ? own : [{ context: context.get(node)!, times: 0 }];
    node.inputs.forEach((x, slot) => uses.get(x)!.push(...views.map((use) => useOf(node, slot, use, target))));
  }
  return { undecided, uses };
}

/** Whether a node only says where to look: who uses it uses what it looks at. */
function isView(node: Node): boolean {
  return primitives[node.op].kind === "move" && node.op !== "concat";
}

/** The use that `user`, itself used as `use` says, makes of an input. */
function useOf(user: Node, slot: number, use: Use, { timesInProduct }: Target): Use {
  const x = user.inputs[slot]!;
  const { context } = use;
  const size = sizeOf(x.shape);
  const times = Math.max(use.times, isView(user) ? sizeOf(user.shape) : size);
  switch (user.op) {
    case "expand":
      return { context: sizeOf(user.shape) > size ? null : context, times };
    case "take":
    case "takeAlongAxis":
      return slot === 1 && user.op === "takeAlongAxis"
        ? { context, times }
        : { context: null, times: sizeOf(user.shape) };
    case "randomBits":
      return { context: null, times: sizeOf(user.shape) };
    case "matmul":
      return { context: null, times: size * timesInProduct(extentOf(user))[slot]! };
    case "permute":
    case "flip":
    case "slice":
    case "unfold":
    case "pad":
    case "concat":
      return { context: context === null ? null : `${context}/${user.id}.${slot}`, times };
    default:
      return { context, times };
  }
}

function worthRepeating(
  node: Node,
  uses: ReadonlyMap<Node, readonly Use[]>,
  held: ReadonlySet<Node>,
  { launch, traffic, mostRepeated }: Target,
): boolean {
  const perContext = new Map<string, number>();
  let times = 0;
  for (const use of uses.get(node)!) {
    if (use.context === null) times += use.times;
    else perContext.set(use.context, use.times);
  }
  for (const n of perContext.values()) times += n;
  const size = sizeOf(node.shape);
  const price = repeatedCost(node, held, mostRepeated);
  if (price > mostRepeated) return false;
  const saved = endsCore(node, size, uses, held) ? 0 : launch + traffic * (size + times);
  return (times - size) * price <= saved;
}

/** Whether `node` can be the end of the one kernel whose core it alone uses: to hold it costs nothing then. */
function endsCore(node: Node, size: number, uses: ReadonlyMap<Node, readonly Use[]>, held: ReadonlySet<Node>): boolean {
  return node.inputs.some((x) => {
    if (sizeOf(x.shape) !== size || uses.get(x)!.length !== 1) return false;
    if (held.has(x)) return coreOf(x) !== "map" && coreOf(x) !== "cumsum";
    return endsCore(x, size, uses, held);
  });
}

/** What computing `node` from values in memory costs, as far as it matters. */
function repeatedCost(node: Node, held: ReadonlySet<Node>, mostRepeated: number): number {
  let price = 0;
  const visit = (x: Node, seen: Set<Node>): void => {
    if (seen.has(x) || price > mostRepeated) return;
    seen.add(x);
    price += ownCost(x);
    for (const input of x.inputs) {
      if (held.has(input)) price++;
      // Each slice of a value computes its own elements.
      else visit(input, x.op === "slice" || x.op === "unfold" ? new Set() : seen);
    }
  };
  visit(node, new Set());
  return price;
}

function ownCost(node: Node): number {
  if (costly.has(node.op)) return node.op === "randomBits" ? 100 : 12;
  const { kind } = primitives[node.op];
  return kind === "move" || kind === "leaf" || coreOf(node) !== "map" ? 0 : 1;
}
