/** A graph as a program of WGSL kernels. */

import type { DType } from "../../graph/types.ts";
import type { Graph } from "../engine.ts";
import { planArena } from "../fused/plan.ts";
import { buildProgram as buildFused, describeKernel, type KernelPlan } from "../fused/program.ts";
import type { Target } from "../fused/target.ts";
import { emitCumsum, emitMap, emitReduce, type Emitted, gridOf } from "./emit.ts";
import type { Dispatch, Instruction } from "./kernel.ts";
import { emitMatmul } from "./matmul.ts";
import { Module } from "./wgsl.ts";

/** What a device allows. */
export interface Limits {
  /** Storage buffers in one kernel. */
  readonly bindings: number;
  readonly bindingBytes: number;
  readonly bufferBytes: number;
}

/** A compiled graph as data. */
export interface Program {
  readonly instructions: readonly Instruction[];
  /** Sizes of the arena's buffers in bytes. */
  readonly arena: readonly number[];
  /** The most steps of any scan. */
  readonly steps: number;
}

/** A GPU: a kernel costs about 5 us, which is as long as millions of additions take there. */
const gpu: Omit<Target, "mostBindings"> = {
  launch: 1 << 22,
  traffic: 8,
  mostRepeated: 64,
  // Each reduction has its own workgroup memory.
  mostItems: 6,
  mostExprs: 1000,
  // A kernel may bind few buffers: many pieces are joined a few at a time.
  mostPieces: 6,
  mostUnrolled: 8,
  isParallel: true,
  // WebGPU binds at most 8 step numbers.
  mostNested: 8,
  loopsInside: true,
  refusesOutside: false,
  timesInProduct: ({ m, n }) => [Math.ceil(n / 64), Math.ceil(m / 64)],
  isThin: ({ m, n, k }) => Math.min(m, n) <= 4 || m * n <= 64 || k <= 8,
};

/** Compiles a graph. Throws a sentence if it does not fit the device. */
export function buildProgram(graph: Graph, limits: Limits): Program {
  const { instructions, allocations, steps } = buildFused(graph, {
    target: { ...gpu, mostBindings: limits.bindings },
    write: (plan) => writeKernel(plan, limits),
    checkRoom: ({ dtype, shape }, bytes) => {
      if (bytes > limits.bindingBytes) throw new Error(tooLarge(dtype, shape, bytes, limits.bindingBytes));
    },
  });
  return { instructions, arena: planArena(allocations, limits.bufferBytes), steps };
}

function writeKernel(plan: KernelPlan, limits: Limits) {
  const { draft, stores, placeOf, depth, repeat } = plan;
  const module = new Module(draft.lowering.exprs, placeOf, depth);
  const emit = { map: emitMap, reduce: emitReduce, cumsum: emitCumsum, matmul: emitMatmul }[draft.kind];
  const { wgsl, workgroups }: Emitted = repeat ? emitMap(module, draft, stores, repeat) : emit(module, draft, stores);
  const bindings = module.bindings();
  for (const { memory } of bindings) {
    if (memory.bytes > limits.bindingBytes) {
      throw new Error(tooLarge("float32", [memory.bytes / 4], memory.bytes, limits.bindingBytes));
    }
  }
  const those = (written: boolean) => bindings.filter((x) => x.written === written).map((x) => x.memory);
  const label = describeKernel(plan, those(true), those(false));
  const kernel: Dispatch = { kind: "dispatch", wgsl, bindings, depth, grid: gridOf(workgroups), label };
  return { kernel, memories: bindings.map((x) => x.memory) };
}

/** A sentence about a tensor that the device cannot bind. */
export function tooLarge(dtype: DType, shape: readonly number[], bytes: number, most: number): string {
  return `A value ${dtype} [${
    shape.join(", ")
  }] needs ${bytes} bytes on the GPU, but this adapter binds at most ${most}: ` +
    `use smaller batches, or the cpu engine.`;
}
