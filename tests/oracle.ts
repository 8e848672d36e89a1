/**
 * The oracle: a float64 interpreter of the graph, without cleverness. Engines and derivative rules are tested against it. What
 * each primitive is, `oracle_rules.ts` says.
 */

import { type Node, type NodeOf, topological } from "../lib/graph/node.ts";
import type { OpName } from "../lib/graph/primitives.ts";
import { describe, type DType, sizeOf } from "../lib/graph/types.ts";
import { type Rule, rules, type Value } from "./oracle_rules.ts";

export { erf, threefry2x32 } from "./oracle_rules.ts";

/** Numbers for nodes. */
export type Feeds = ReadonlyMap<Node, ArrayLike<number>>;

/** How numbers are carried. */
type Round = (numbers: Float64Array, dtype: DType) => Float64Array;

const unrounded: Round = (numbers) => numbers;
/** float32 is rounded after each operation. */
const single: Round = (numbers, dtype) => dtype === "float32" ? numbers.map(Math.fround) : numbers;

/** A node to be computed: its place, and those of its inputs. */
interface Task {
  readonly node: Node;
  readonly to: Value;
  readonly from: readonly Value[];
}

function empty({ shape, dtype }: Node): Value {
  return { data: new Float64Array(0), shape, dtype };
}

/** A graph in order, with a place for the value of each node. A scan's place stays empty: its outputs have values. */
class Plan {
  readonly values: ReadonlyMap<Node, Value>;
  readonly #order: readonly Node[];
  readonly #scans = new Map<Node, Float64Array[]>();

  constructor(order: readonly Node[], readonly round: Round) {
    this.#order = order;
    this.values = new Map(order.map((x) => [x, empty(x)]));
  }

  /** What is to be computed of the nodes that are (not) `chosen`. */
  tasks(chosen: (node: Node) => boolean): Task[] {
    return this.#order.filter(chosen).map((node) => ({
      node,
      to: this.values.get(node)!,
      from: node.inputs.map((x) => this.values.get(x)!),
    }));
  }

  compute(tasks: readonly Task[]): void {
    for (const { node, to, from } of tasks) {
      if (node.op === "scan") this.#scans.set(node, runScan(node, from, this.round));
      else if (node.op === "output") this.put(node, to, this.#outputOf(node));
      else this.put(node, to, this.round(applyRule(node as NodeOf<OpName>, from), node.dtype));
    }
  }

  put(node: Node, to: Value, data: Float64Array): void {
    if (data.length !== sizeOf(node.shape)) {
      throw new Error(`the oracle has ${data.length} numbers for ${node.op} ${describe(node)}.`);
    }
    to.data = data;
  }

  #outputOf(node: NodeOf<"output">): Float64Array {
    return this.#scans.get(node.inputs[0]!)![node.attrs.index]!;
  }
}

/** A scan's body, ready to be run. */
interface Loop {
  readonly plan: Plan;
  readonly given: readonly Value[];
  readonly results: readonly Value[];
  /** What no step changes, and what each step computes. */
  readonly once: readonly Task[];
  readonly each: readonly Task[];
}

const loops = new Map<Round, WeakMap<Node, Loop>>([unrounded, single].map((round) => [round, new WeakMap()]));

function loopOf(node: NodeOf<"scan">, round: Round): Loop {
  const known = loops.get(round)!;
  let loop = known.get(node);
  if (loop) return loop;
  const { body, carries, xs } = node.attrs;
  const order = topological(body.outputs);
  const plan = new Plan(order, round);
  const place = (x: Node): Value => plan.values.get(x) ?? empty(x);
  const isGiven = new Set(body.inputs);
  const changes = new Set(body.inputs.slice(0, carries + xs));
  for (const x of order) if (x.inputs.some((y) => changes.has(y))) changes.add(x);
  loop = {
    plan,
    given: body.inputs.map(place),
    results: body.outputs.map(place),
    once: plan.tasks((x) => !isGiven.has(x) && !changes.has(x)),
    each: plan.tasks((x) => !isGiven.has(x) && changes.has(x)),
  };
  known.set(node, loop);
  return loop;
}

/** Final carries, stacked ys, then each carry as every step received it, stacked: the order of `graph/scan.ts`. */
function runScan(node: NodeOf<"scan">, inputs: readonly Value[], round: Round): Float64Array[] {
  const { body, carries: count, xs, length, reverse } = node.attrs;
  const { plan, given, results, once, each } = loopOf(node, round);
  const stacks = [...body.outputs.slice(count), ...body.inputs.slice(0, count)]
    .map((x) => new Float64Array(length * sizeOf(x.shape)));
  inputs.forEach((x, i) => given[i]!.data = x.data);
  plan.compute(once);
  for (let i = 0; i < length; i++) {
    const step = reverse ? length - 1 - i : i;
    for (let j = count; j < count + xs; j++) {
      const size = sizeOf(body.inputs[j]!.shape);
      given[j]!.data = inputs[j]!.data.subarray(step * size, (step + 1) * size);
    }
    plan.compute(each);
    const next = results.map((x) => x.data);
    [...next.slice(count), ...given.slice(0, count).map((x) => x.data)]
      .forEach((value, j) => stacks[j]!.set(value, step * value.length));
    for (let j = 0; j < count; j++) given[j]!.data = next[j]!;
  }
  return [...given.slice(0, count).map((x) => x.data), ...stacks];
}

function applyRule<K extends OpName>(node: NodeOf<K>, inputs: readonly Value[]): Float64Array {
  return (rules[node.op] as Rule<K>)(node, inputs);
}

function run(order: readonly Node[], outputs: readonly Node[], feeds: Feeds, round: Round): Float64Array[] {
  const plan = new Plan(order, round);
  for (const x of order) {
    const fed = feeds.get(x);
    if (fed) plan.put(x, plan.values.get(x)!, Float64Array.from(fed));
  }
  plan.compute(plan.tasks((x) => !feeds.has(x)));
  return outputs.map((x) => plan.values.get(x)!.data);
}

/** The values of `outputs`. Nodes in `feeds` are not computed; leaves that are not fed must carry host numbers. */
export function interpretNodes(outputs: readonly Node[], feeds: Feeds = new Map()): Float64Array[] {
  return run(topological(outputs, (node) => feeds.has(node)), outputs, feeds, unrounded);
}

/** A graph for the oracle. */
interface Closed {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
}

const feedsOf = ({ inputs }: Closed, feeds: readonly ArrayLike<number>[]): Feeds =>
  new Map(inputs.map((x, i) => [x, feeds[i]!]));

/** The values of a graph's outputs; `feeds[i]` are the numbers of `inputs[i]`. */
export function interpret(graph: Closed, feeds: readonly ArrayLike<number>[]): Float64Array[] {
  return interpretNodes(graph.outputs, feedsOf(graph, feeds));
}

/** As {@linkcode interpret}, with float32 rounded after each operation: what an engine has, to the bit, where it rounds once too. */
export function interpretSingle(graph: Closed, feeds: readonly ArrayLike<number>[]): Float64Array[] {
  return run(topological(graph.outputs), graph.outputs, feedsOf(graph, feeds), single);
}
