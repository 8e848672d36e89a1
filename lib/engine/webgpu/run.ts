/** Runs a program: binds its buffers, encodes its kernels into one compute pass, submits once. */

import { Storage } from "../../graph/storage.ts";
import { describe, sizeOf } from "../../graph/types.ts";
import type { Executable, Graph, Keep } from "../engine.ts";
import type { Arena } from "./arena.ts";
import type { Batch } from "./batch.ts";
import type { Gpu } from "./gpu.ts";
import type { Dispatch, Instruction } from "./kernel.ts";
import type { DeviceMemory, Held } from "./memory.ts";
import { type Pipeline, Pipelines } from "./pipelines.ts";
import type { Slab } from "./pool.ts";
import type { Program } from "./program.ts";

/** What the executables of an engine share. */
export interface Resources {
  readonly gpu: Gpu;
  readonly memory: DeviceMemory;
  readonly arena: Arena;
  readonly batch: Batch;
  readonly pipelines: Pipelines;
}

/** Bind groups that one kernel keeps: state in two buffers makes two, results that are read now and then a few more. */
const mostGroups = 8;
/** Those of a kernel in a loop that waits for nothing: one for each run of a batch. */
const mostGroupsNow = 160;

interface Buffers {
  readonly inputs: readonly (Slab | null)[];
  readonly outputs: readonly Slab[];
}

/** A program on a device. */
export class WebgpuExecutable implements Executable {
  readonly #used: ReadonlySet<number>;
  readonly #groups = new Map<Dispatch, Map<string, GPUBindGroup>>();

  constructor(
    readonly resources: Resources,
    readonly graph: Graph,
    readonly program: Program,
    readonly compiled: ReadonlyMap<Dispatch, Pipeline>,
    readonly lines: readonly string[],
  ) {
    const bindings = [...compiled.keys()].flatMap((x) => x.bindings.map((y) => y.memory));
    this.#used = new Set(bindings.flatMap((x) => x.kind === "input" ? [x.index] : []));
  }

  listing(): string[] {
    return [...this.lines];
  }

  dispose(): void {
    this.#groups.clear();
  }

  async run(inputs: readonly Storage[], keep?: Keep): Promise<Storage[]> {
    const { gpu, memory } = this.resources;
    this.#checkInputs(inputs);
    gpu.check();
    this.resources.batch.clear();
    const used = inputs.filter((_, i) => this.#used.has(i));
    await memory.beginRun(inputs);
    await Promise.all(used.map((x) => memory.find(x) || x.host ? null : x.read()));
    const outputs = this.#submit(inputs);
    try {
      await gpu.settle();
      await gpu.pace();
    } catch (error) {
      outputs.forEach((x) => x.release());
      throw error;
    }
    const results = outputs.map((x) => memory.own(x));
    const kept = keep?.(results);
    for (const index of this.graph.donated.values()) {
      if (!kept?.has(index)) inputs[index]!.retire().device?.release();
    }
    return results;
  }

  runNow(inputs: readonly Storage[]): Storage[] | null {
    const { gpu, arena, batch, pipelines } = this.resources;
    this.#checkInputs(inputs);
    if (gpu.hasFailed || this.graph.donated.size > 0 || inputs.some((x) => x.isGone)) return null;
    batch.begin();
    const bound = inputs.map((x, i) => this.#used.has(i) ? batch.bind(x) : null);
    if (bound.some((x, i) => x === null && this.#used.has(i))) return null;
    // What is replaced is destroyed: what is recorded must be on its way.
    if (!arena.has(this.program.arena) || !pipelines.hasSteps(this.program.steps)) batch.submit();
    arena.reserve(this.program.arena);
    pipelines.reserveSteps(this.program.steps);
    const values = this.graph.outputs.map((node) => batch.make(node.dtype, sizeOf(node.shape)));
    const groups = this.#groupsFor({ inputs: bound, outputs: values.map((x) => x.slab) }, mostGroupsNow);
    this.#encode(batch.pass, this.program.instructions, groups, []);
    return values.map((x) => new Storage(x.dtype, x.size, null, x));
  }

  #checkInputs(inputs: readonly Storage[]): void {
    const wanted = this.graph.inputs;
    if (inputs.length !== wanted.length) {
      throw new Error(`This program takes ${wanted.length} values but got ${inputs.length}.`);
    }
    wanted.forEach((node, i) => {
      const { dtype, size } = inputs[i]!;
      if (dtype === node.dtype && size === sizeOf(node.shape)) return;
      throw new Error(`Value ${i} of this program is ${describe(node)}, but it got ${size} numbers of ${dtype}.`);
    });
  }

  /** Everything up to the submit, without waiting in between: no other run can come between binding and use. */
  #submit(inputs: readonly Storage[]): Held[] {
    const { gpu, memory, arena, pipelines } = this.resources;
    memory.reader.flush();
    arena.reserve(this.program.arena);
    pipelines.reserveSteps(this.program.steps);
    const bound = inputs.map((x, i) => this.#used.has(i) ? memory.bind(x) : null);
    const held = this.graph.outputs.map((node, i) =>
      memory.make(node.dtype, sizeOf(node.shape), this.graph.donated.has(i) ? "state" : "outputs")
    );
    const buffers = { inputs: bound, outputs: held.map((x) => x.slab!) };
    const groups = this.#groupsFor(buffers, mostGroups);
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.#encode(pass, this.program.instructions, groups, []);
    pass.end();
    gpu.submit(encoder.finish());
    return held;
  }

  #encode(
    pass: GPUComputePassEncoder,
    instructions: readonly Instruction[],
    groups: ReadonlyMap<Dispatch, GPUBindGroup>,
    offsets: number[],
  ): void {
    for (const x of instructions) {
      if (x.kind === "dispatch") {
        pass.setPipeline(this.compiled.get(x)!.pipeline);
        pass.setBindGroup(0, groups.get(x)!);
        if (x.depth > 0) pass.setBindGroup(1, this.resources.pipelines.stepGroup(x.depth), offsets);
        pass.dispatchWorkgroups(...x.grid);
        continue;
      }
      for (let count = 0; count < x.length; count++) {
        const t = x.reverse ? x.length - 1 - count : count;
        this.#encode(pass, x.body, groups, [...offsets, Pipelines.stepOffset(t, count)]);
      }
    }
  }

  /** The bind group of each kernel, of which so many are kept. */
  #groupsFor(buffers: Buffers, most: number): Map<Dispatch, GPUBindGroup> {
    return new Map([...this.compiled.keys()].map((x) => [x, this.#group(x, buffers, most)]));
  }

  #group(dispatch: Dispatch, buffers: Buffers, most: number): GPUBindGroup {
    const { gpu, arena } = this.resources;
    const slabs = dispatch.bindings.map(({ memory }) =>
      memory.kind === "arena" ? null : buffers[`${memory.kind}s`][memory.index]!
    );
    const key = `${arena.version}:${slabs.map((x) => x?.id ?? "").join()}`;
    let known = this.#groups.get(dispatch);
    if (!known) this.#groups.set(dispatch, known = new Map());
    let group = known.get(key);
    if (!group) {
      gpu.guard();
      const entries = dispatch.bindings.map(({ memory }, binding) => {
        const slab = slabs[binding];
        const resource = slab || memory.kind !== "arena"
          ? { buffer: slab!.buffer }
          : { buffer: arena.buffer(memory.chunk), offset: memory.offset, size: Math.max(4, memory.bytes) };
        return { binding, resource };
      });
      group = gpu.device.createBindGroup({ layout: this.compiled.get(dispatch)!.layout, entries });
    }
    known.delete(key);
    known.set(key, group);
    while (known.size > most) known.delete(known.keys().next().value!);
    return group;
  }
}
