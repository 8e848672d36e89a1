/** A graph as a WebAssembly module: a function for each kernel, and one that goes through all of them in order. */

import type { Graph } from "../engine.ts";
import type { Aval } from "../../graph/types.ts";
import type { IndexUse } from "../../graph/indices.ts";
import { add, constant, type Ix, scale, variable, zero } from "../fused/ix.ts";
import { type Allocation, type Loop, type Memory, memoryName, type Place } from "../fused/place.ts";
import { aligned, planArena } from "../fused/plan.ts";
import { buildProgram, describeKernel, type KernelPlan, type PartPlan } from "../fused/program.ts";
import type { Extent } from "../fused/draft.ts";
import type { Target } from "../fused/target.ts";
import { Code, ModuleWriter, type ValueType } from "./encoder.ts";
import type { Heap } from "./heap.ts";
import { kernelOf, sideName } from "./kernels.ts";
import { type HelperName, makeHelper } from "./calls.ts";

/** Whether a product is made as a sum of products. */
export function isThin({ n, k }: Pick<Extent, "n" | "k">): boolean {
  return n < 4 || k <= 2;
}

/** A CPU core: a kernel is a loop, which costs what a few dozen vector operations do. */
export const core: Target = {
  launch: 128,
  traffic: 2,
  mostRepeated: 64,
  mostBindings: 64,
  mostItems: 6,
  mostExprs: 600,
  mostPieces: 64,
  mostUnrolled: 8,
  isParallel: false,
  mostNested: Infinity,
  loopsInside: false,
  refusesOutside: true,
  // The first factor is asked for one number at a time, in four lanes.
  timesInProduct: ({ m, n }) => [4 * Math.ceil(n / 8), Math.ceil(m / 4)],
  isThin,
};

/** A kernel of a program. */
interface WasmKernel {
  readonly kind: "kernel";
  readonly plan: KernelPlan;
  readonly label: string;
}

/** Ends a run if indices lie outside of their axis. */
interface WasmCheck {
  readonly kind: "check";
  readonly use: IndexUse;
  readonly place: Place;
}

/** Has a part computed by who runs the program. */
export interface WasmCall {
  readonly kind: "call";
  readonly index: number;
  readonly plan: PartPlan;
}

type Step = WasmKernel | WasmCheck | WasmCall;
type Instruction = Step | Loop<Step>;

/** A graph that is ready to be written, once it is known where its memory is. */
export interface Layout {
  readonly instructions: readonly Instruction[];
  /** Where, in its memory, each input and output begins; null where no kernel reads or writes it. Not for state. */
  readonly inputs: readonly (number | null)[];
  readonly outputs: readonly (number | null)[];
  readonly state: readonly StatePlace[];
  /** What `run` gives counts these, from 1; 0 is a run that went well. */
  readonly checks: readonly WasmCheck[];
  readonly calls: readonly WasmCall[];
  /** Whether it runs once. */
  readonly brief: boolean;
  readonly bytes: number;
  readonly offsetOf: (memory: Memory) => number;
}

/** A donated input and the output that replaces it: two places that are read and written in turn. */
export interface StatePlace {
  readonly input: number;
  readonly output: number;
  /** Where, in the program's memory, the first begins, and how many elements further on the second. */
  readonly start: number;
  readonly stride: number;
}

const side = variable(sideName, 0, 1);

/** A program that does not fit. */
export class TooLarge extends Error {}

/** The most bytes of one value. */
const mostBytes = 2 ** 28;
/** The most bytes of a module. */
const mostCode = 2 ** 22;

const sizeOfNode = (x: Graph["inputs"][number]): number => x.shape.reduce((n, m) => n * m, 1);

/** Where state begins, as it is read and as it is written: the places change with the side. */
function stateBases({ inputs, donated }: Graph): (kind: "input" | "output", index: number) => Ix {
  const strides = new Map([...donated].map(([output, input]) => [output, strideOf(sizeOfNode(inputs[input]!))]));
  const outputOf = new Map([...donated].map(([output, input]) => [input, output]));
  return (kind, index) => {
    const stride = strides.get(kind === "output" ? index : outputOf.get(index) ?? -1);
    if (stride === undefined) return zero;
    return kind === "input" ? scale(side, stride) : add(constant(stride), scale(side, -stride));
  };
}

const strideOf = (size: number): number => aligned(4 * size) / 4;

/** Decides what the kernels of a graph are, and where its values lie. Throws {@linkcode TooLarge}. */
export function layOut(graph: Graph): Layout {
  /** Inputs and outputs that kernels read or write. */
  const touched = new Set<string>();
  const checks: WasmCheck[] = [];
  const calls: WasmCall[] = [];
  const { instructions, allocations } = buildProgram<Step>(graph, {
    target: core,
    checkRoom: (_: Aval, bytes) => {
      if (bytes > mostBytes) throw new TooLarge(`a value of ${bytes} bytes`);
    },
    check: (use, place) => {
      const check: WasmCheck = { kind: "check", use, place };
      checks.push(check);
      return check;
    },
    call: (plan) => {
      const call: WasmCall = { kind: "call", index: calls.length, plan };
      calls.push(call);
      return call;
    },
    write: (plan) => {
      const loads = new Set(plan.draft.parts.flatMap((x) => x.loads.map((y) => plan.placeOf(y.node).memory)));
      const stores = new Set(plan.stores.map((x) => x.place.memory));
      for (const memory of [...loads, ...stores]) if (memory.kind !== "arena") touched.add(memoryName(memory));
      const label = describeKernel(plan, [...stores], [...loads]);
      return { kernel: { kind: "kernel", plan, label }, memories: [...loads, ...stores] };
    },
  }, stateBases(graph));
  let bytes = 0;
  const place = (size: number): number => {
    const start = bytes;
    bytes += aligned(size);
    return start;
  };
  const state = [...graph.donated].flatMap(([output, input]): StatePlace[] => {
    if (!touched.has(`in${input}`) && !touched.has(`out${output}`)) return [];
    const stride = strideOf(sizeOfNode(graph.inputs[input]!));
    return [{ input, output, start: place(8 * stride), stride }];
  });
  const starts = new Map(state.flatMap(({ input, output, start }) => [[`in${input}`, start], [`out${output}`, start]]));
  const placed = (prefix: string, nodes: Graph["inputs"]): (number | null)[] =>
    nodes.map((x, i) => {
      const name = `${prefix}${i}`;
      const bytes = 4 * sizeOfNode(x);
      if (bytes > mostBytes) throw new TooLarge(`a value of ${bytes} bytes`);
      return touched.has(name) && !starts.has(name) ? place(bytes) : null;
    });
  const inputs = placed("in", graph.inputs);
  const outputs = placed("out", graph.outputs);
  const arena = place(planArena(allocations, Infinity)[0] ?? 0);
  if (bytes > 4 * mostBytes) throw new TooLarge(`values of ${bytes} bytes`);
  const offsetOf = (memory: Memory): number =>
    memory.kind === "arena"
      ? arena + (memory as Allocation).offset
      : starts.get(memoryName(memory)) ?? (memory.kind === "input" ? inputs : outputs)[memory.index]!;
  return { instructions, inputs, outputs, state, checks, calls, brief: graph.brief ?? false, bytes, offsetOf };
}

/** The loops around a call, at most: it is told their steps. */
export const mostAround = 2;

/** The type of what runs a part: its index, and for each loop around it the step and its parity. */
const callType = new Code(["i32", ...new Array<ValueType>(2 * mostAround).fill("i32")], []);

/**
 * Writes the module, whose memory begins at `start`: it exports `run`, which is told the side of the state and whose result is 0
 * or a check. Throws {@linkcode TooLarge}.
 */
export function writeModule(
  { instructions, checks, calls, brief, offsetOf }: Layout,
  start: number,
  heap: Heap,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter(calls.length === 0 ? null : callType);
  const helpers = new Map<HelperName, number>();
  const need = (name: HelperName): number => {
    const index = helpers.get(name) ?? module.add(makeHelper(name, need, (bytes) => heap.constant(bytes)));
    helpers.set(name, index);
    return index;
  };
  const startOf = (memory: Memory): number => start + offsetOf(memory);
  let size = 0;
  const writeKernel = ({ plan }: WasmKernel): number => {
    const { template, memories, helpers } = kernelOf(plan, brief);
    size += template.bytes.length;
    if (size > mostCode) throw new TooLarge(`${size} bytes of code`);
    return module.add(template.with([...memories.map(startOf), ...helpers.map(need)]));
  };
  const writeCheck = (check: WasmCheck, run: Code): void => {
    const at = startOf(check.place.memory);
    const { size } = check.use;
    run.i32(0).op("i32.load", at).i32(size).op("i32.ge_s").i32(0).op("i32.load", at + 4).i32(-size).op("i32.lt_s");
    run.op("i32.or").if(() => run.i32(1 + checks.indexOf(check)).op("return"));
  };
  const run = new Code(["i32"], ["i32"]);
  writeInstructions(instructions, run, [], { writeKernel, writeCheck });
  run.i32(0);
  module.add(run, "run");
  // Where memory is known to be, the processor need not ask.
  return module.encode(heap.pages);
}

/** `steps` are the locals of the steps of the loops around, and of their parities. */
function writeInstructions(
  instructions: readonly Instruction[],
  run: Code,
  steps: readonly number[],
  writers: {
    /** Gives the index of the kernel's function. */
    readonly writeKernel: (kernel: WasmKernel) => number;
    readonly writeCheck: (check: WasmCheck, run: Code) => void;
  },
): void {
  for (const x of instructions) {
    if (x.kind === "kernel") {
      const index = writers.writeKernel(x);
      steps.slice(0, 2 * x.plan.depth).forEach((local) => run.get(local));
      run.get(0).op("call", index);
      continue;
    }
    if (x.kind === "call") {
      run.i32(x.index);
      for (let i = 0; i < 2 * mostAround; i++) {
        if (i < 2 * x.plan.depth) run.get(steps[i]!);
        else run.i32(0);
      }
      run.op("call", 0);
      continue;
    }
    if (x.kind === "check") {
      writers.writeCheck(x, run);
      continue;
    }
    const [count, step, parity] = [run.local("i32"), run.local("i32"), run.local("i32")];
    run.times(count, 0, x.length, 1, () => {
      if (x.reverse) run.i32(x.length - 1).get(count).op("i32.sub").set(step);
      else run.get(count).set(step);
      run.get(count).i32(1).op("i32.and").set(parity);
      writeInstructions(x.body, run, [...steps, step, parity], writers);
    });
  }
}

/** The kernels, one a line, loops indented; `listPart` gives the lines of a part. */
export function listLayout({ instructions }: Layout, listPart: (call: WasmCall) => string[]): string[] {
  const list = (all: readonly Instruction[], indent: string): string[] =>
    all.flatMap((x) =>
      x.kind === "check"
        ? []
        : x.kind === "call"
        ? listPart(x).map((line) => `${indent}${line}`)
        : x.kind === "kernel"
        ? [`${indent}wasm ${x.label}`]
        : [`${indent}loop ${x.length}${x.reverse ? " reverse" : ""}`, ...list(x.body, indent + "  ")]
    );
  return list(instructions, "");
}
