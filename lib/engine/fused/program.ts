/**
 * A graph as a program: blocks of kernels, a loop for every scan, a place in memory for every value that needs one.
 *
 * A scan's carry lives in one range with several slots. Without a history there are two, read and written in turn; where
 * the history is wanted there is one for each step and one more, so that the history is the range itself. A scan whose
 * body is one element-wise kernel is a loop inside of that kernel.
 */

import { type Node, type NodeOf, topological } from "../../graph/node.ts";
import { type Aval, sizeOf } from "../../graph/types.ts";
import type { IndexUse } from "../../graph/indices.ts";
import type { Graph } from "../engine.ts";
import type { Draft } from "./draft.ts";
import { chooseHeld } from "./fuse.ts";
import { groupUnits, type Unit } from "./group.ts";
import { add, constant, type Ix, scale, variable, zero } from "./ix.ts";
import { type Allocation, type Loop, type Memory, memoryName, type Place, type PlaceOf, type Stores } from "./place.ts";
import { isPart, type PartNode } from "./part.ts";
import { type Check, copyOf, prepareChecked, type PreparedScan, storable } from "./prepare.ts";
import type { Target } from "./target.ts";

/** A scan that runs inside of its kernel: its step is called `t` and the number of its loop. */
export interface Repeat {
  readonly depth: number;
  readonly length: number;
  readonly reverse: boolean;
}

/** A kernel of a program, to be written in the language of a machine. */
export interface KernelPlan {
  readonly draft: Draft;
  readonly stores: Stores;
  readonly placeOf: PlaceOf;
  /** How many scans it is inside of: steps are the variables t0, t1 ... and their parities p0, p1 ... */
  readonly depth: number;
  readonly repeat: Repeat | null;
}

/** A part that something else computes: where it finds what its body is given, and puts what the body gives. */
export interface PartPlan {
  readonly part: PartNode;
  readonly inputs: readonly Place[];
  /** Null where nobody takes an output. */
  readonly outputs: readonly (Place | null)[];
  /** As that of a kernel. */
  readonly depth: number;
}

/** A machine and its language: `K` is a kernel written in it. */
export interface Backend<K> {
  readonly target: Target;
  /** Writes a kernel; `memories` are those that it reads or writes. */
  write(plan: KernelPlan): { readonly kernel: K; readonly memories: readonly Memory[] };
  /** Writes what ends a run if an index lies outside of its axis: the largest and the smallest are at `place`. */
  check?(use: IndexUse, place: Place): K;
  /** Writes the call of a part, on a machine that has any. */
  call?(plan: PartPlan): K;
  /** Throws a sentence if a value of so many bytes has no room. */
  checkRoom(value: Aval, bytes: number): void;
}

/** A compiled graph as data. */
export interface Program<K> {
  readonly instructions: readonly (K | Loop<K>)[];
  /** The ranges of the arena, which have no places yet. */
  readonly allocations: readonly Allocation[];
  /** The most steps of any scan. */
  readonly steps: number;
}

/** A node whose value goes to a place. `stable` places keep it for other kernels to read. */
interface Sink {
  readonly node: Node;
  readonly place: Place;
  readonly stable: boolean;
}

/**
 * Compiles a graph. Throws a sentence if it does not fit the machine. `baseOf` tells where in its memory an input or an output
 * begins, where that is not its start.
 */
export function buildProgram<K>(
  graph: Graph,
  backend: Backend<K>,
  baseOf: (kind: "input" | "output", index: number) => Ix = () => zero,
): Program<K> {
  const builder = new Builder(backend);
  const places = new Map<Node, Place>();
  const placeOf = (kind: "input" | "output", index: number, node: Node): Place => ({
    memory: outside(kind, index, node),
    base: baseOf(kind, index),
  });
  graph.inputs.forEach((node, index) => places.set(node, placeOf("input", index, node)));
  const { outputs, checks } = prepareChecked(graph.outputs, backend.target);
  const sinks = outputs.map((node, index): Sink => ({ node, place: placeOf("output", index, node), stable: true }));
  const instructions = builder.block(sinks, checks, places, 0);
  return { instructions, allocations: builder.allocations, steps: builder.steps };
}

function outside(kind: "input" | "output", index: number, node: Node): Memory {
  return { kind, index, bytes: 4 * sizeOf(node.shape) };
}

/** Whether a node is a scan's stacked result, which its steps can write anywhere. */
function isStacked(node: Node): boolean {
  const [scan] = node.inputs;
  if (node.op !== "output" || scan?.op !== "scan") return false;
  return node.attrs.index >= scan.attrs.carries && node.attrs.index < scan.attrs.body.outputs.length;
}

function at(place: Place, offset: Ix): Place {
  return { memory: place.memory, base: add(place.base, offset) };
}

class Builder<K> {
  readonly allocations: Allocation[] = [];
  steps = 0;
  /** Kernels so far, loops unrolled once: the clock of lifetimes. */
  #clock = 0;

  constructor(readonly backend: Backend<K>) {}

  /** The instructions that put every sink in its place. `places` are those of the block's inputs; others are added. */
  block(
    wanted: readonly Sink[],
    checks: readonly Check[],
    places: Map<Node, Place>,
    depth: number,
  ): (K | Loop<K>)[] {
    const looks = this.#looks(checks);
    return this.#emit(this.#group([...wanted, ...looks.map((x) => x.sink)], places, depth), looks, places, depth);
  }

  /** Makes room for the extremes of indices. */
  #looks(checks: readonly Check[]): Look[] {
    return checks.map(({ use, extremes }) => {
      const place: Place = { memory: this.#allocate(extremes, 2), base: zero };
      return { use, sink: { node: extremes, place, stable: true } };
    });
  }

  /** Decides which kernels a block has, and where their values go. */
  #group(wanted: readonly Sink[], places: Map<Node, Place>, depth: number): Block {
    const { sinks, roots } = this.#takeOver(wanted, places, depth);
    const scans = topological(roots).filter((x): x is NodeOf<"scan"> & Node => x.op === "scan");
    const loops = new Map(scans.map((node) => [node as Node, this.#openScan(node, roots, places, depth)]));
    for (const { inits } of loops.values()) sinks.push(...inits);
    const { target } = this.backend;
    const held = chooseHeld(roots, target);
    const units = groupUnits(roots, { held, sinks: new Set(sinks.map((x) => x.node)), target });
    this.#place(units, sinks, places);
    return { units, sinks, loops };
  }

  #emit(
    { units, sinks, loops }: Block,
    looks: readonly Look[],
    places: ReadonlyMap<Node, Place>,
    depth: number,
  ): (K | Loop<K>)[] {
    const kernels = units.flatMap((unit): (K | Loop<K>)[] => {
      if (unit.draft) return [this.#kernel(unit.draft, sinks, places, depth, null)];
      return this.#loop(unit.scan!, loops.get(unit.scan!)!, places, depth);
    });
    for (const { sink } of looks) this.#touch(sink.place.memory);
    return [...kernels, ...looks.map(({ use, sink }) => this.backend.check!(use, sink.place))];
  }

  /** Stacked results of a scan are written where they are wanted; leaves, its other results and repetitions are copied. */
  #takeOver(wanted: readonly Sink[], places: Map<Node, Place>, depth: number): { sinks: Sink[]; roots: Node[] } {
    const sinks: Sink[] = [];
    const seen = new Set<Node>();
    const roots = wanted.map((sink) => {
      const direct = depth === 0 && isStacked(sink.node) && !seen.has(sink.node);
      const node = direct ? sink.node : seen.has(sink.node) ? copyOf(sink.node) : storable(sink.node);
      seen.add(sink.node);
      if (direct) places.set(node, sink.place);
      else sinks.push({ ...sink, node });
      return node;
    });
    return { sinks, roots };
  }

  #allocate(node: Node, elements: number): Allocation {
    const bytes = 4 * elements;
    this.backend.checkRoom(node, bytes);
    const id = this.allocations.length;
    const allocation: Allocation = { kind: "arena", id, bytes, first: Infinity, last: -1, chunk: 0, offset: 0 };
    this.allocations.push(allocation);
    return allocation;
  }

  #touch(memory: Memory): void {
    if (memory.kind !== "arena") return;
    memory.first = Math.min(memory.first, this.#clock);
    memory.last = Math.max(memory.last, this.#clock);
  }

  /** Finds a place for each value that another unit reads. */
  #place(units: readonly Unit[], sinks: readonly Sink[], places: Map<Node, Place>): void {
    for (const { node, place, stable } of sinks) if (stable && !places.has(node)) places.set(node, place);
    // Initial carries are written where the scan looks for them: to it they are not values to be read.
    const read = new Set(units.flatMap(({ reads, scan }) => scan ? scan.inputs.slice(scan.attrs.carries) : [...reads]));
    for (const { draft } of units) {
      for (const node of draft?.members ?? []) {
        if (!read.has(node) || places.has(node)) continue;
        places.set(node, { memory: this.#allocate(node, sizeOf(node.shape)), base: zero });
      }
    }
  }

  #kernel(
    draft: Draft,
    sinks: readonly Sink[],
    places: ReadonlyMap<Node, Place>,
    depth: number,
    repeat: Repeat | null,
  ): K {
    const stores: Stores = draft.parts.flatMap((part) => {
      const targets = new Map<string, Place>();
      const own = places.get(part.node);
      for (const place of [...(own ? [own] : []), ...sinks.filter((x) => x.node === part.node).map((x) => x.place)]) {
        targets.set(`${memoryName(place.memory)}+${place.base.key}`, place);
      }
      return [...targets.values()].map((place) => ({ part, place }));
    });
    const { kernel, memories } = this.backend.write({
      draft,
      stores,
      placeOf: (node) => places.get(node)!,
      depth,
      repeat,
    });
    memories.forEach((memory) => this.#touch(memory));
    this.#clock++;
    return kernel;
  }

  /** Makes room for a scan's carries and results, and says where its initial carries go. */
  #openScan(node: NodeOf<"scan"> & Node, roots: readonly Node[], places: Map<Node, Place>, depth: number): OpenScan {
    if (isPart(node)) return this.#openPart(node, roots, places);
    const { mostNested } = this.backend.target;
    if (depth === mostNested) throw new Error(`The WebGPU engine runs scans nested up to ${mostNested} deep.`);
    const { body, carries, length, reverse } = node.attrs;
    this.steps = Math.max(this.steps, length);
    const outputs = topological(roots).filter((x): x is NodeOf<"output"> => x.op === "output" && x.inputs[0] === node);
    const taken = new Map(outputs.map((x) => [x.attrs.index, x]));
    const results = body.outputs.length;
    const step = variable(`t${depth}`, 0, Math.max(0, length - 1));
    const parity = variable(`p${depth}`, 0, 1);
    const next: Sink[] = [];
    const inits: Sink[] = [];
    const inner = new Map<Node, Place>();
    for (let c = 0; c < carries; c++) {
      const size = sizeOf(body.inputs[c]!.shape);
      const history = taken.get(results + c);
      const slots = carrySlots(history !== undefined, length, reverse, step, parity);
      const range: Place = { memory: this.#allocate(body.inputs[c]!, slots.count * size), base: zero };
      const slot = (ix: Ix): Place => at(range, scale(ix, size));
      inits.push({ node: node.inputs[c]!, place: slot(constant(slots.first)), stable: false });
      next.push({ node: body.outputs[c]!, place: slot(slots.write), stable: true });
      inner.set(body.inputs[c]!, slot(slots.read));
      if (history) places.set(history, slot(constant(slots.history)));
      const final = taken.get(c);
      if (final) places.set(final, slot(constant(slots.last)));
    }
    for (let y = carries; y < results; y++) {
      const result = taken.get(y);
      if (!result) continue;
      const size = sizeOf(body.outputs[y]!.shape);
      if (!places.has(result)) places.set(result, { memory: this.#allocate(result, length * size), base: zero });
      next.push({ node: body.outputs[y]!, place: at(places.get(result)!, scale(step, size)), stable: true });
    }
    return { inits, next, inner, step };
  }

  /** Makes room for what is taken of a part. */
  #openPart(node: PartNode, roots: readonly Node[], places: Map<Node, Place>): OpenScan {
    const results: Place[] = [];
    for (const x of topological(roots)) {
      if (x.op !== "output" || x.inputs[0] !== node as Node) continue;
      if (!places.has(x)) places.set(x, { memory: this.#allocate(x, sizeOf(x.shape)), base: zero });
      results[x.attrs.index] = places.get(x)!;
    }
    return { inits: [], next: [], inner: new Map(), step: zero, results };
  }

  #call(node: PartNode, { results }: OpenScan, places: ReadonlyMap<Node, Place>, depth: number): K {
    const { body, sources } = node.attrs;
    const inputs = sources.map(({ input, offset }) => at(places.get(node.inputs[input]!)!, constant(offset)));
    const outputs = body.outputs.map((_, i) => results![i] ?? null);
    for (const x of [...inputs, ...outputs]) if (x) this.#touch(x.memory);
    this.#clock++;
    return this.backend.call!({ part: node, inputs, outputs, depth });
  }

  #loop(node: NodeOf<"scan"> & Node, open: OpenScan, places: ReadonlyMap<Node, Place>, depth: number): (K | Loop<K>)[] {
    const { body, carries, xs, length, reverse } = node.attrs;
    if (length === 0) return [];
    if (isPart(node)) return [this.#call(node, open, places, depth)];
    const inner = new Map(open.inner);
    body.inputs.forEach((input, i) => {
      const outer = places.get(node.inputs[i]!);
      if (i < carries || !outer) return;
      inner.set(input, i < carries + xs ? at(outer, scale(open.step, sizeOf(input.shape))) : outer);
    });
    const from = this.#clock;
    const before = this.allocations.length;
    const looks = this.#looks((node.attrs as PreparedScan).checks);
    const block = this.#group([...open.next, ...looks.map((x) => x.sink)], inner, depth + 1);
    const alone = this.backend.target.loopsInside ? ownElementsOnly(block, body.inputs.slice(0, carries)) : null;
    if (alone) return [this.#kernel(alone, block.sinks, inner, depth, { depth, length, reverse })];
    const instructions = this.#emit(block, looks, inner, depth + 1);
    // What a step reads or writes outside of itself lives as long as the whole loop.
    for (const x of this.allocations.slice(0, before)) {
      if (x.last < from) continue;
      x.first = Math.min(x.first, from);
      x.last = Math.max(x.last, this.#clock - 1);
    }
    return instructions.length === 0 ? [] : [{ kind: "loop", length, reverse, body: instructions }];
  }
}

/** Indices that a block looks at when all else is done. */
interface Look {
  readonly use: IndexUse;
  readonly sink: Sink;
}

/** A block before its kernels are written. */
interface Block {
  readonly units: readonly Unit[];
  readonly sinks: readonly Sink[];
  readonly loops: ReadonlyMap<Node, OpenScan>;
}

/**
 * The one element-wise kernel of a scan's body, if each of its threads reads of the carries only the element that it
 * writes itself: then the loop can run inside of the kernel.
 */
function ownElementsOnly({ units }: Block, carries: readonly Node[]): Draft | null {
  const [only] = units;
  if (units.length !== 1 || only?.draft?.kind !== "map") return null;
  const { draft } = only;
  const own = draft.parts.every(({ loads }) =>
    loads.every(({ node, ix }) => !carries.includes(node) || ix.key === draft.lowering.outer.key)
  );
  return own ? draft : null;
}

interface OpenScan {
  readonly inits: readonly Sink[];
  /** Where the body's outputs go. */
  readonly next: readonly Sink[];
  /** Where the body's carries are read. */
  readonly inner: ReadonlyMap<Node, Place>;
  readonly step: Ix;
  /** Of a part: where its outputs go. */
  readonly results?: readonly Place[];
}

/** Which slots of a carry's range hold what. */
function carrySlots(history: boolean, length: number, reverse: boolean, step: Ix, parity: Ix): {
  count: number;
  first: number;
  last: number;
  history: number;
  read: Ix;
  write: Ix;
} {
  if (!history) {
    const other = add(constant(1), scale(parity, -1));
    return { count: 2, first: 0, last: length % 2, history: 0, read: parity, write: other };
  }
  const after = add(step, constant(1));
  return reverse
    ? { count: length + 1, first: length, last: 0, history: 1, read: after, write: step }
    : { count: length + 1, first: 0, last: length, history: 0, read: step, write: after };
}

/** One line for a listing: what a kernel computes, in which memory. */
export function describeKernel(
  { draft, repeat }: KernelPlan,
  written: readonly Memory[],
  read: readonly Memory[],
): string {
  const names = (memories: readonly Memory[]): string => memories.map(memoryName).join(", ");
  const [first] = draft.parts;
  const ops = draft.parts.map((x) => x.node.op).join(" ");
  const inner = draft.product ? ` k ${draft.product.extent.k}` : draft.kind === "map" ? "" : ` of ${draft.length}`;
  const steps = repeat ? ` ${repeat.length} steps${repeat.reverse ? " reverse" : ""}` : "";
  return `${draft.kind} [${first!.node.shape.join(", ")}]${inner}${steps}: ${names(written)} <- ${
    names(read)
  } (${ops})`;
}
