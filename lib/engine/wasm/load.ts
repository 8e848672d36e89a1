/** A graph as a module in memory that runs, with what computes its parts. */

import type { IndexUse } from "../../graph/indices.ts";
import type { Node } from "../../graph/node.ts";
import { sizeOf, type TypedArray } from "../../graph/types.ts";
import type { Graph } from "../engine.ts";
import type { PartNode } from "../fused/part.ts";
import type { Memory, Place } from "../fused/place.ts";
import type { Heap } from "./heap.ts";
import { type Arrays, type Port, portInside, portOutside } from "./ports.ts";
import { type Layout, layOut, listLayout, type StatePlace, TooLarge, writeModule } from "./program.ts";
import { type Side, State } from "./state.ts";

/** What computes a part: reads inputs and writes outputs, in the order of its body's; null for an output that nobody takes. */
export interface OpenPart {
  compute(inputs: readonly TypedArray[], outputs: readonly (TypedArray | null)[]): void;
  /** For a listing. */
  readonly lines: readonly string[];
}

/** Makes ready what computes a part. */
export type Open = (part: PartNode) => OpenPart;

/** A module that runs, and where its values are: the numbers of their first elements. */
export interface Loaded {
  readonly start: number;
  /** Gives 0 if it went well, else which of `checks` failed, from 1. */
  readonly run: (arrays: Arrays) => number;
  /** Null where no kernel reads it, and for state. */
  readonly inputs: readonly (number | null)[];
  readonly outputs: readonly (number | null)[];
  readonly hasParts: boolean;
  /** Inputs that parts read in arrays of their own. */
  readonly direct: ReadonlySet<number>;
  readonly state: State;
  readonly places: readonly StatePlace[];
  readonly checks: readonly { readonly use: IndexUse; readonly at: number }[];
  readonly lines: readonly string[];
}

/** Writes and loads the module of a graph. Nothing of how it was made is kept. Throws {@linkcode TooLarge}. */
export function load(graph: Graph, heap: Heap, open: Open | null): Loaded {
  const layout = layOut(graph);
  const start = heap.allocate(layout.bytes);
  if (start === null) throw new TooLarge(`${layout.bytes} bytes more`);
  try {
    return loadAt(start, layout, graph, heap, open);
  } catch (error) {
    heap.free(start);
    // What is written has limits: of locals in a function, of functions, of how deep an expression is.
    throw error instanceof WebAssembly.CompileError ? new TooLarge(error.message) : error;
  }
}

/** What a kernel calls for a part. */
type Caller = (arrays: Arrays, steps: readonly number[]) => void;

// What is kept of a program is made by functions of their own, which know nothing of its graph and layout: V8 keeps all that a
// function knows for each that is made in it.

function callerOf(part: OpenPart, reads: readonly Port[], writes: readonly (Port | null)[]): Caller {
  return (arrays, steps) => {
    const written = writes.map((x) => x && x.open(arrays, steps));
    part.compute(reads.map((x) => x.open(arrays, steps)), written);
    writes.forEach((x, i) => x?.close(written[i]!, arrays, steps));
  };
}

/** What a module imports to call its parts, and what runs it: a call finds the arrays of the run that is under way. */
function linkedTo(callers: readonly Caller[]) {
  let now: Arrays | null = null;
  return {
    call: (index: number, ...steps: number[]): void => callers[index]!(now!, steps),
    running: (run: (side: Side) => number) => (arrays: Arrays): number => {
      now = arrays;
      try {
        return run(arrays.side);
      } finally {
        now = null;
      }
    },
  };
}

function loadAt(start: number, layout: Layout, graph: Graph, heap: Heap, open: Open | null): Loaded {
  const elementAt = (offset: number): number => (start + offset) / 4;
  const placed = (offsets: readonly (number | null)[]) => offsets.map((x) => x === null ? null : elementAt(x));
  const module = new WebAssembly.Module(writeModule(layout, start, heap));
  const direct = new Set<number>();
  const parts = layout.calls.map(({ plan }) => open!(plan.part));
  const callers = layout.calls.map(({ plan }, index) => {
    const portOf = (node: Node, place: Place, isRead: boolean): Port => {
      const { memory } = place;
      const first = startOf(layout, memory);
      if (first !== null) return portInside(node, place, elementAt(first), heap, isRead);
      const { kind, index } = memory as Outside;
      if (kind === "input") direct.add(index);
      return portOutside(node, place, kind, index);
    };
    const { body } = plan.part.attrs;
    const reads = body.inputs.map((node, i) => portOf(node, plan.inputs[i]!, true));
    const writes = body.outputs.map((node, i) => plan.outputs[i] ? portOf(node, plan.outputs[i], false) : null);
    return callerOf(parts[index]!, reads, writes);
  });
  const linked = linkedTo(callers);
  const { run } = new WebAssembly.Instance(module, { env: { memory: heap.memory, call: linked.call } }).exports;
  return {
    start,
    run: linked.running(run as (side: Side) => number),
    inputs: placed(layout.inputs),
    outputs: placed(layout.outputs),
    hasParts: parts.length > 0,
    direct,
    state: new State(
      heap,
      layout.state.map(({ input, start, stride }) => {
        const { dtype, shape } = graph.inputs[input]!;
        return { dtype, size: sizeOf(shape), at: [elementAt(start), elementAt(start) + stride] };
      }),
    ),
    places: layout.state,
    checks: layout.checks.map(({ use, place }) => ({ use, at: elementAt(layout.offsetOf(place.memory)) })),
    lines: listLayout(layout, ({ index }) => [...parts[index]!.lines]),
  };
}

type Outside = Exclude<Memory, { readonly kind: "arena" }>;

/** Where memory begins, in bytes, if it is in the program's: an input or output that no kernel touches is not. */
function startOf({ state, inputs, outputs, offsetOf }: Layout, memory: Memory): number | null {
  if (memory.kind !== "arena") {
    const { index, kind } = memory;
    const isState = state.some((x) => x[kind] === index);
    if (!isState && (kind === "input" ? inputs : outputs)[index] === null) return null;
  }
  return offsetOf(memory);
}
