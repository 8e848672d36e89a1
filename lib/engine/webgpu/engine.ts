/** The engine for GPUs: graphs become programs of WGSL kernels; a run is one compute pass and one submit. */

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import type { Engine, Executable, Graph } from "../engine.ts";
import { indexUses } from "../../graph/indices.ts";
import { Arena } from "./arena.ts";
import { Batch } from "./batch.ts";
import { Gpu } from "./gpu.ts";
import { type Dispatch, type Instruction, listing } from "./kernel.ts";
import { DeviceMemory } from "./memory.ts";
import { type Pipeline, Pipelines } from "./pipelines.ts";
import { buildProgram, type Limits, type Program, tooLarge } from "./program.ts";
import { RefusingExecutable, withExtremes } from "./refusing.ts";
import { WebgpuExecutable } from "./run.ts";

/** An engine on `device`, which must stay alive as long as it. `adapterName` is what people know the device by. */
export function createWebgpuEngine(device: GPUDevice, adapterName: string): Engine {
  return new WebgpuEngine(device, adapterName);
}

class WebgpuEngine implements Engine {
  readonly name = "webgpu";
  readonly #gpu: Gpu;
  readonly #memory: DeviceMemory;
  readonly #arena: Arena;
  readonly #pipelines: Pipelines;
  readonly #batch: Batch;
  readonly #limits: Limits;

  constructor(device: GPUDevice, readonly adapter: string) {
    this.#gpu = new Gpu(device);
    this.#memory = new DeviceMemory(this.#gpu);
    this.#arena = new Arena(this.#gpu);
    this.#pipelines = new Pipelines(this.#gpu);
    this.#batch = new Batch(this.#memory, this.#pipelines);
    const { maxStorageBuffersPerShaderStage, maxStorageBufferBindingSize, maxBufferSize } = device.limits;
    this.#limits = {
      bindings: maxStorageBuffersPerShaderStage,
      bindingBytes: Math.min(maxStorageBufferBindingSize, maxBufferSize),
      bufferBytes: maxBufferSize,
    };
  }

  async compile(graph: Graph): Promise<Executable> {
    const uses = graph.refusesOutside ? indexUses(graph.outputs) : [];
    if (uses.length > 0) return new RefusingExecutable(await this.compile(withExtremes(graph, uses)), uses);
    const { program, dispatches } = this.#prepare(graph);
    this.#gpu.guard();
    const made = dispatches.map((x) => this.#pipelines.get(x));
    const settled = this.#gpu.settle();
    // None is left behind: Dawn aborts the process when it ends while a pipeline is being made.
    await Promise.allSettled([...made, settled]);
    const pipelines = await Promise.all(made);
    await settled;
    return this.#executable(graph, program, new Map(dispatches.map((x, i) => [x, pipelines[i]!])));
  }

  compileNow(graph: Graph): Executable {
    const uses = graph.refusesOutside ? indexUses(graph.outputs) : [];
    if (uses.length > 0) return new RefusingExecutable(this.compileNow(withExtremes(graph, uses)), uses);
    const { program, dispatches } = this.#prepare(graph);
    // What it catches shows when the program is run.
    this.#batch.begin();
    return this.#executable(graph, program, new Map(dispatches.map((x) => [x, this.#pipelines.getNow(x)])));
  }

  finishNow(): boolean {
    return this.#batch.finish();
  }

  #prepare(graph: Graph): { program: Program; dispatches: readonly Dispatch[] } {
    this.#gpu.check();
    [...graph.inputs, ...graph.outputs].forEach((x) => this.#checkSize(x));
    const program = buildProgram(graph, this.#limits);
    return { program, dispatches: [...dispatchesOf(program.instructions)] };
  }

  #executable(graph: Graph, program: Program, compiled: ReadonlyMap<Dispatch, Pipeline>): Executable {
    const resources = {
      gpu: this.#gpu,
      memory: this.#memory,
      arena: this.#arena,
      batch: this.#batch,
      pipelines: this.#pipelines,
    };
    return new WebgpuExecutable(resources, graph, program, compiled, listing(program.instructions));
  }

  #checkSize({ dtype, shape }: Node): void {
    const bytes = 4 * sizeOf(shape);
    if (bytes > this.#limits.bindingBytes) throw new Error(tooLarge(dtype, shape, bytes, this.#limits.bindingBytes));
  }

  liveBytes(): Record<string, number> {
    return {
      arena: this.#arena.bytes,
      ...this.#memory.liveBytes(),
      loops: this.#batch.bytes,
      steps: this.#pipelines.bytes,
    };
  }

  dispose(): void {
    this.#batch.clear();
    this.#memory.clear();
    this.#arena.clear();
    this.#pipelines.clear();
  }
}

function* dispatchesOf(instructions: readonly Instruction[]): Generator<Dispatch> {
  for (const x of instructions) {
    if (x.kind === "dispatch") yield x;
    else yield* dispatchesOf(x.body);
  }
}
