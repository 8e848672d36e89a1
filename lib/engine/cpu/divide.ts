/**
 * Which operations of a graph ONNX Runtime computes, in a program of WebAssembly. It begins with those that gain by themselves:
 * large products. Then operations, what hangs together, and all between two calls change sides as long as that saves time: so a
 * product takes with it what belongs to it, and what is between two products stays there rather than cost a call.
 */

import { type Node, topological } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import { hasChoices } from "../onnx/choices.ts";
import { partThreads } from "../onnx/session.ts";
import { Block, type Prices } from "./block.ts";
import { timesOf } from "./prices.ts";
import { rootOf } from "./views.ts";

/** A block with its loops. */
export interface Division {
  readonly block: Block;
  readonly levels: readonly number[];
  /** In nanoseconds. */
  readonly time: number;
  /** Of the bodies of loops. */
  readonly bodies: ReadonlyMap<Node, Division>;
}

/** What an operation has to gain by itself for a search to begin with it. */
const leastGain = 2_000;
/** Gains of less than so much do not decide what groups do: they can only save calls. */
const mostLoss = 100_000;
const mostRounds = 24;
const never = 1e15;

/** Whether the value of a node is there, for a block. */
export function isLeaf(node: Node): boolean {
  return node.op === "input" || node.op === "full" || node.op === "iota" || rootOf(node).root.op === "input";
}

/** What a division depends on beside the graph. */
export interface Conditions {
  /** What it costs WebAssembly to read a leaf. */
  leafPrice(node: Node): number;
  /** The most threads of ONNX Runtime. */
  readonly threads: number;
  /** Parts are called inside of so many loops at most. */
  readonly mostAround: number;
}

/** Divides a block that is inside of `depth` loops. */
export function divide(outputs: readonly Node[], conditions: Conditions, depth = 0): Division {
  const bodies = new Map<Node, Division>();
  const shared = partThreads(outputs, conditions.threads) > 1;
  const prices: Prices = {
    leafPrice: (node) => depth === 0 ? conditions.leafPrice(node) : 0,
    timesOf(node) {
      if (node.op !== "scan") {
        const { wasm, onnx } = timesOf(node, shared);
        return { wasm, onnx: isExcluded(node) ? never : onnx };
      }
      const { body, length } = node.attrs;
      const onnx = onnxTime(body.outputs, shared, isExcluded) * length;
      // WebAssembly would compute what is not chosen too.
      if (hasChoices(body.outputs) && onnx < never) return { wasm: never, onnx };
      const inner = divideBody(body.outputs, onnx / length, conditions, depth + 1);
      bodies.set(node, inner);
      return { wasm: inner.time * length, onnx };
    },
  };
  const block = new Block(outputs, isLeaf, prices);
  if (depth <= conditions.mostAround) improve(block);
  const levels = block.levels();
  return { block, levels, time: block.time(levels), bodies };
}

/** What parts in a loop have to save, of the time of a body that is on one way alone: a call waits for nobody but costs everybody. */
const leastSavedInLoops = 0.1;

/** The division of a body: without parts, if those do not save enough. */
function divideBody(outputs: readonly Node[], onnx: number, conditions: Conditions, depth: number): Division {
  const found = divide(outputs, conditions, depth);
  if (!hasParts(found)) return found;
  const alone = divide(outputs, { ...conditions, mostAround: -1 }, depth);
  return found.time < (1 - leastSavedInLoops) * Math.min(alone.time, onnx) ? found : alone;
}

/** Whether ONNX Runtime has something to do. */
export function hasParts({ block, bodies }: Division): boolean {
  return block.ways.includes("onnx") || [...bodies.values()].some(hasParts);
}

/** Random bits are drawn by WebAssembly, and values without elements are nobody's. */
function isExcluded(node: Node): boolean {
  return node.dtype === "uint32" || node.inputs.some((x) => x.dtype === "uint32") || sizeOf(node.shape) === 0;
}

/** How long a graph takes on ONNX Runtime, beside what a run costs. `shared`: whether that has more than one thread. */
export function onnxTime(
  outputs: readonly Node[],
  shared: boolean,
  isExcluded: (node: Node) => boolean = () => false,
): number {
  let total = 0;
  for (const node of topological(outputs)) {
    if (isExcluded(node)) return never;
    total += node.op === "scan"
      ? node.attrs.length * onnxTime(node.attrs.body.outputs, shared, isExcluded)
      : timesOf(node, shared).onnx;
  }
  return total;
}

/** How long a graph takes as WebAssembly alone, beside what a run costs. */
export function wasmTime(outputs: readonly Node[]): number {
  let total = 0;
  for (const node of topological(outputs)) {
    total += node.op === "scan" ? node.attrs.length * wasmTime(node.attrs.body.outputs) : timesOf(node, false).wasm;
  }
  return total;
}

function improve(block: Block): void {
  const places = [...block.nodes.keys()];
  const seeds = places.filter((i) => block.gain(i) > leastGain);
  if (seeds.length === 0) return;
  block.flip(seeds);
  for (let round = 0; round < mostRounds; round++) {
    const changed = improveEach(block, places);
    if (!improveGroups(block) && !changed) return;
  }
}

/** Operations one by one, from the first to the last and back. */
function improveEach(block: Block, places: readonly number[]): boolean {
  let changed = false;
  for (const i of [...places, ...places.toReversed()]) {
    if (block.changeOf(i) > -1) continue;
    block.flip([i]);
    changed = true;
  }
  return changed;
}

function improveGroups(block: Block): boolean {
  let changed = false;
  let time = block.time();
  const tried = new Set<string>();
  for (let go = true; go;) {
    go = false;
    const levels = block.levels();
    const last = levels.reduce((most, x) => Math.max(most, x), 0);
    for (const group of block.groups(levels)) {
      const way = block.ways[group[0]!];
      const level = levels[group[0]!]!;
      // What is before all calls or behind them saves none.
      if (way === "wasm" && (level === 0 || level === last)) continue;
      const loss = way === "onnx" ? block.gainOf(group) : -block.gainOf(group);
      const key = `${way}${group}`;
      if (loss > mostLoss || tried.has(key)) continue;
      tried.add(key);
      block.flip(group);
      const other = block.time();
      if (other < time - 1) {
        time = other;
        go = changed = true;
        break;
      }
      block.flip(group);
    }
  }
  return changed;
}
