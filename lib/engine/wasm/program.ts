/** A graph as a WebAssembly module: a function for each kernel, and one that goes through all of them in order. */

import type { Graph } from "../engine.ts";
import type { Aval } from "../../graph/types.ts";
import type { IndexUse } from "../../graph/indices.ts";
import type { Allocation, Loop, Memory, Place } from "../fused/place.ts";
import { aligned, planArena } from "../fused/plan.ts";
import { buildProgram, describeKernel, type KernelPlan } from "../fused/program.ts";
import type { Target } from "../fused/target.ts";
import { emitCumsum, emitMap, emitReduce } from "./emit.ts";
import { Code, ModuleWriter, type ValueType } from "./encoder.ts";
import { emitMatmul } from "./matmul.ts";
import type { Heap } from "./heap.ts";
import { Scope } from "./scope.ts";
import { type HelperName, makeHelper } from "./calls.ts";
import { Values } from "./values.ts";

/** A CPU core: a kernel is a loop, which costs what a few dozen vector operations do. */
const core: Target = {
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
  isThin: ({ n, k }) => n < 4 || k <= 2,
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

type Step = WasmKernel | WasmCheck;
type Instruction = Step | Loop<Step>;

/** A graph that is ready to be written, once it is known where its memory is. */
export interface Layout {
  readonly instructions: readonly Instruction[];
  /** Where, in its memory, each input and output begins; null where an input is not read. */
  readonly inputs: readonly (number | null)[];
  readonly outputs: readonly number[];
  /** What `run` gives counts these, from 1; 0 is a run that went well. */
  readonly checks: readonly WasmCheck[];
  /** Whether it runs once. */
  readonly brief: boolean;
  readonly bytes: number;
  readonly offsetOf: (memory: Memory) => number;
}

/** A program that does not fit. */
export class TooLarge extends Error {}

/** The most bytes of one value. */
const mostBytes = 2 ** 28;
/** The most bytes of a module. */
const mostCode = 2 ** 22;

/** Decides what the kernels of a graph are, and where its values lie. Throws {@linkcode TooLarge}. */
export function layOut(graph: Graph): Layout {
  const read = new Set<number>();
  const checks: WasmCheck[] = [];
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
    write: (plan) => {
      const loads = new Set(plan.draft.parts.flatMap((x) => x.loads.map((y) => plan.placeOf(y.node).memory)));
      const stores = new Set(plan.stores.map((x) => x.place.memory));
      for (const memory of loads) if (memory.kind === "input") read.add(memory.index);
      const label = describeKernel(plan, [...stores], [...loads]);
      return { kernel: { kind: "kernel", plan, label }, memories: [...loads, ...stores] };
    },
  });
  let bytes = 0;
  const place = (size: number): number => {
    const start = bytes;
    bytes += aligned(size);
    return start;
  };
  const sizes = (nodes: Graph["inputs"]): number[] => nodes.map((x) => 4 * x.shape.reduce((n, m) => n * m, 1));
  const inputs = sizes(graph.inputs).map((size, i) => read.has(i) ? place(size) : null);
  const outputs = sizes(graph.outputs).map(place);
  const arena = place(planArena(allocations, Infinity)[0] ?? 0);
  if (bytes > 4 * mostBytes) throw new TooLarge(`values of ${bytes} bytes`);
  const offsetOf = (memory: Memory): number =>
    memory.kind === "arena"
      ? arena + (memory as Allocation).offset
      : memory.kind === "input"
      ? inputs[memory.index]!
      : outputs[memory.index]!;
  return { instructions, inputs, outputs, checks, brief: graph.brief ?? false, bytes, offsetOf };
}

/** Writes the module, whose memory begins at `start`: it exports `run`, whose result is 0 or a check. Throws {@linkcode TooLarge}. */
export function writeModule(
  { instructions, checks, brief, offsetOf }: Layout,
  start: number,
  heap: Heap,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  const helpers = new Map<HelperName, number>();
  const need = (name: HelperName): number => {
    const index = helpers.get(name) ?? module.add(makeHelper(name, need, (bytes) => heap.constant(bytes)));
    helpers.set(name, index);
    return index;
  };
  const startOf = (memory: Memory): number => start + offsetOf(memory);
  let size = 0;
  const writeKernel = ({ plan }: WasmKernel): number => {
    const { draft, stores, placeOf, depth } = plan;
    const params = new Array<ValueType>(2 * depth).fill("i32");
    const code = new Code(params, []);
    const scope = new Scope(code);
    for (let d = 0; d < depth; d++) {
      scope.name(`$t${d}`, 2 * d);
      scope.name(`$p${d}`, 2 * d + 1);
    }
    const values = new Values(draft.lowering.exprs, placeOf, startOf, need);
    const emit = { map: emitMap, reduce: emitReduce, cumsum: emitCumsum, matmul: emitMatmul }[draft.kind];
    emit({ draft, stores, values, scope, brief });
    size += code.size;
    if (size > mostCode) throw new TooLarge(`${size} bytes of code`);
    return module.add(code);
  };
  const writeCheck = (check: WasmCheck, run: Code): void => {
    const at = startOf(check.place.memory);
    const { size } = check.use;
    run.i32(0).op("i32.load", at).i32(size).op("i32.ge_s").i32(0).op("i32.load", at + 4).i32(-size).op("i32.lt_s");
    run.op("i32.or").if(() => run.i32(1 + checks.indexOf(check)).op("return"));
  };
  const run = new Code([], ["i32"]);
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
      run.op("call", index);
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

/** The kernels, one a line, loops indented. */
export function listLayout({ instructions }: Layout): string[] {
  const list = (all: readonly Instruction[], indent: string): string[] =>
    all.flatMap((x) =>
      x.kind === "check"
        ? []
        : x.kind === "kernel"
        ? [`${indent}wasm ${x.label}`]
        : [`${indent}loop ${x.length}${x.reverse ? " reverse" : ""}`, ...list(x.body, indent + "  ")]
    );
  return list(instructions, "");
}
