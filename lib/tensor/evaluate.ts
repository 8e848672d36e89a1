/**
 * Uncompiled use: the values of nodes, now. The graph is brought to a canonical form whose text is a key, so that a loop of
 * the same steps compiles once; numbers written in the source are fed, not compiled in, but for those inside of a scan's step.
 */

import { assignedSinks, leafName, locateAmong, refuseBad } from "../forensics/nonfinite/error.ts";
import { locate } from "../forensics/nonfinite/locate.ts";
import { caught, screen, type Sink, sinksBeside } from "../forensics/nonfinite/sinks.ts";
import { interruptible } from "../graph/interrupt.ts";
import { attributeText, constant, type Node, substitute, topological } from "../graph/node.ts";
import { expand } from "../graph/ops.ts";
import { simplify } from "../graph/simplify.ts";
import { withSite } from "../graph/site.ts";
import { refuseGone } from "../graph/pending.ts";
import { Storage } from "../graph/storage.ts";
import { aval } from "../graph/types.ts";
import type { Engine, Executable, Graph } from "../engine/engine.ts";
import { refuseTooLarge } from "../engine/limits.ts";
import { RunError } from "../engine/run_error.ts";
import { currentEngine, openEngine } from "../engine/select.ts";
import { isTurnDue, turn } from "../engine/turn.ts";
import { carriedInto } from "./carried.ts";

/** What computes a graph, and those like it. */
interface Program {
  readonly executable: Executable;
  /** The operations of the graph that it was made of, those of loops too, and their lines. */
  readonly order: readonly Pick<Node, "op" | "site">[];
}

const capacity = 128;
const scalarsKept = 256;
const caches = new WeakMap<Engine, Map<string, Program>>();
/** Leaves for the numbers of the source, which are the same in every step. */
const scalars = new Map<number, Node>();
let last: Promise<unknown> = Promise.resolve();
/** Tasks that are not done. */
let tasks = 0;

/** The text of a graph, the same for graphs that differ in their leaves' numbers only. */
function canonicalText(outputs: readonly Node[], leaves: readonly Node[]): string {
  const index = new Map<Node, number>(leaves.map((x, i) => [x, i]));
  const lines = leaves.map((x) => `${x.dtype}[${x.shape}]`);
  for (const node of topological(outputs)) {
    if (index.has(node)) continue;
    index.set(node, index.size);
    const attrs = node.op === "scan"
      ? { ...node.attrs, body: canonicalText(node.attrs.body.outputs, node.attrs.body.inputs) }
      : node.attrs;
    lines.push(
      `${node.op}(${node.inputs.map((x) => index.get(x))})${node.dtype}[${node.shape}]${attributeText(attrs)}`,
    );
  }
  return `${lines.join(";")}->${outputs.map((x) => index.get(x))}`;
}

function scalar(value: number): Node {
  const found = scalars.get(value) ??
    constant(aval("float32", []), new Storage("float32", 1, new Float32Array([value])));
  scalars.delete(value);
  scalars.set(value, found);
  if (scalars.size > scalarsKept) scalars.delete(scalars.keys().next().value!);
  return found;
}

const isComputed = (x: Node): boolean => x.value !== null;

/** Cuts the graph where values are known, and makes inputs of them and of the source's numbers. */
function close(
  outputs: readonly Node[],
  isKnown: (x: Node) => boolean,
): { outputs: Node[]; leaves: Node[]; given: Node[] } {
  const replaced = new Map<Node, Node>();
  for (const node of topological(outputs, isKnown)) {
    if (isKnown(node)) {
      if (node.op !== "input") replaced.set(node, withSite(node.site, () => constant(node, node.value)));
    } else if (node.op === "full" && node.dtype === "float32" && ![0, 1, -1].includes(node.attrs.value)) {
      replaced.set(node, expand(scalar(node.attrs.value), node.shape, node.axes));
    }
  }
  const closed = simplify(substitute(outputs, replaced));
  const leaves = topological(closed).filter((x) => x.op === "input");
  // What is not known yet is asked of the node itself, when it is.
  const given = new Map([...replaced].flatMap(([node, leaf]) => leaf.value === null ? [[leaf, node]] : []));
  return { outputs: closed, leaves, given: leaves.map((x) => given.get(x) ?? x) };
}

/** A graph that is to be run. */
interface Closed {
  readonly outputs: readonly Node[];
  readonly leaves: readonly Node[];
}

/** What is to be computed: graphs with the same key are the same, but for the numbers of their leaves. */
export interface Plan {
  readonly key: string;
  readonly graph: Closed;
  /** In the order of the graph's leaves. */
  readonly leaves: readonly Node[];
  /** Whose values its outputs are; a screen of the sinks is the last one. */
  readonly nodes: readonly Node[];
  readonly sinks: readonly Sink[];
}

/** How nodes whose values are missing are to be computed, and others `along` with them, when there are the values that `isKnown` says. */
export function planFor(wanted: readonly Node[], along: readonly Node[] = [], isKnown = isComputed): Plan {
  const noted = sinksBeside(wanted, isKnown);
  const sinks = [...assignedSinks(wanted), ...noted];
  const nodes = [...new Set([...wanted, ...along, ...noted.map((x) => x.node)])];
  const { given, ...graph } = close(sinks.length === 0 ? nodes : [...nodes, screen(sinks)], isKnown);
  return { key: canonicalText(graph.outputs, graph.leaves), graph, leaves: given, nodes, sinks };
}

function cacheOf(engine: Engine): Map<string, Program> {
  let cache = caches.get(engine);
  if (!cache) caches.set(engine, cache = new Map());
  return cache;
}

/** What is compiled for a closed graph. */
function graphOf({ outputs, leaves }: Closed, engine: Engine): Graph {
  refuseTooLarge(outputs, engine.name === "cpu");
  return { inputs: leaves, outputs, donated: new Map(), refusesOutside: true, brief: true };
}

async function programFor(engine: Engine, key: string, graph: Closed): Promise<Program> {
  const found = cacheOf(engine).get(key);
  const executable = found?.executable ?? await engine.compile(graphOf(graph, engine));
  return kept(engine, key, found ?? { executable, order: placesOf(graph.outputs) });
}

/** The program is the last to be forgotten. */
function kept(engine: Engine, key: string, found: Program): Program {
  const cache = cacheOf(engine);
  cache.delete(key);
  cache.set(key, found);
  if (cache.size > capacity) {
    const [oldest, program] = cache.entries().next().value!;
    cache.delete(oldest);
    program.executable.dispose();
  }
  return found;
}

/** All nodes behind `outputs`, those of loops too, in an order that is the same for graphs with the same text. */
function orderOf(outputs: readonly Node[]): Node[] {
  return topological(outputs).flatMap((x) => x.op === "scan" ? [...orderOf(x.attrs.body.outputs), x] : [x]);
}

/** How a program is told from later on: how nodes were made may be forgotten. */
const placesOf = (outputs: readonly Node[]): Program["order"] => orderOf(outputs).map(({ op, site }) => ({ op, site }));

/** Runs a program for `outputs`. What it fails at is told by their lines: it may have been made of others. */
async function runFor(program: Program, outputs: readonly Node[], given: readonly Storage[]): Promise<Storage[]> {
  try {
    return await program.executable.run(given);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const { op, site } = error.origin;
    const at = program.order.findIndex((x) => x.op === op && x.site === site);
    throw at < 0 ? error : error.at(orderOf(outputs)[at]!);
  }
}

/** Runs a plan: all of its nodes have values then or, if one is refused or bad, none. */
export async function run({ key, graph, leaves, nodes, sinks }: Plan): Promise<void> {
  leaves.forEach((x) => refuseGone(x, graph.outputs));
  const engine = await currentEngine();
  const program = await programFor(engine, key, graph);
  const given = leaves.map((x) => x.value!);
  const values = await runFor(program, graph.outputs, given);
  const valueOf = new Map(nodes.map((x, i) => [x, values[i]!]));
  if (sinks.length > 0) {
    await refuseBad(sinks, values.at(-1)!, valueOf, (bad) => {
      // How a node was made may be forgotten: then the graph that was run tells where to look.
      if (bad.every((x) => x.inputs.length > 0)) return locateAmong(bad);
      const nameOf = (x: Node): string => leafName(leaves[graph.leaves.indexOf(x)] ?? x);
      const replay = { engine, inputs: graph.leaves, values: given, nameOf };
      return locate(replay, bad.map((x) => graph.outputs[nodes.indexOf(x)]!));
    });
  }
  for (const [node, value] of valueOf) node.value = value;
}

function programNow(engine: Engine, key: string, graph: Closed): Program | null {
  const found = cacheOf(engine).get(key);
  if (found) return found;
  try {
    const executable = engine.compileNow?.(graphOf(graph, engine)) ?? null;
    return executable && { executable, order: placesOf(graph.outputs) };
  } catch {
    // It fails once more where it is awaited, and is told there.
    return null;
  }
}

/** What was begun of a plan. */
interface Begun {
  readonly plan: Plan;
  readonly program: Program;
  readonly values: readonly Storage[];
}

function beginNow(engine: Engine, plan: Plan): Begun | null {
  if (plan.leaves.some((x) => x.value === null)) return null;
  const program = programNow(engine, plan.key, plan.graph);
  const values = program && kept(engine, plan.key, program).executable.runNow?.(plan.leaves.map((x) => x.value!));
  if (!values) return null;
  // Later plans are built on them.
  plan.nodes.forEach((x, i) => x.value = values[i]!);
  return { plan, program, values };
}

function isInOrder({ plan: { sinks }, program: { executable }, values }: Begun): boolean {
  const screened = sinks.length === 0 ? null : values.at(-1)!.hostIfAny;
  const isGood = sinks.length === 0 || (screened !== null && caught(sinks, screened).length === 0);
  return isGood && !executable.refuses?.(values);
}

/** As {@linkcode run}, at once, for plans that follow each other: how many of the first were computed. Of the others nothing was done. */
export function runNow(plans: readonly Plan[]): number {
  const engine = openEngine();
  if (!engine) return 0;
  const begun: Begun[] = [];
  for (const plan of plans) {
    const next = beginNow(engine, plan);
    if (next) begun.push(next);
    // Where nothing is to be waited for, nothing is computed in vain.
    if (!next || (!engine.finishNow && !isInOrder(next))) break;
  }
  const isDone = engine.finishNow?.() ?? true;
  if (!isDone) begun.forEach(({ plan, program }) => dropped(engine, plan.key, program));
  const bad = isDone ? begun.findIndex((x) => !isInOrder(x)) : 0;
  const good = bad < 0 ? begun.length : bad;
  for (const { plan } of begun.slice(good)) plan.nodes.forEach((x) => x.value = null);
  return good;
}

function dropped(engine: Engine, key: string, program: Program): void {
  cacheOf(engine).delete(key);
  program.executable.dispose();
}

/** Whether plans that follow each other are better computed many at a time by {@linkcode runNow}: each time is waited for. */
export function isBetterTogether(): boolean {
  return openEngine()?.finishNow !== undefined;
}

/** Computes values inside a task of {@linkcode enqueue}; all of them or, if one is refused or bad, none. */
export async function evaluateNow(nodes: readonly Node[]): Promise<void> {
  const missing = [...new Set(nodes)].filter((x) => x.value === null);
  if (missing.length > 0) await run(planFor(missing, carriedInto(missing, isComputed)));
}

/** Runs `task` when everything asked for before is done: programs of one engine do not overlap. */
export function inOrder<T>(task: () => Promise<T>): Promise<T> {
  tasks++;
  const result = last.then(() => isTurnDue() ? turn().then(task) : task());
  last = result.then(done, done);
  return result;
}

function done(): void {
  tasks--;
}

/** Whether nothing is under way or waits for its turn, but for so many tasks. */
export function isIdle(but = 0): boolean {
  return tasks === but;
}

/** As {@linkcode inOrder}, for a call of the user, which may be interrupted before it begins. */
export function enqueue<T>(task: () => Promise<T>): Promise<T> {
  return inOrder(interruptible(task));
}
