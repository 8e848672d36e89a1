/** Pipelines by their text, and what they share: layouts and the numbers of scans' steps. */

import type { Gpu } from "./gpu.ts";
import type { Dispatch } from "./kernel.ts";

/** The most pipelines that are kept for programs to come. */
const capacity = 1024;

/** GPUShaderStage.COMPUTE and GPUBufferUsage.UNIFORM with COPY_DST: globals of browsers only. */
const compute = 0x4;
const uniformAndCopyTo = 0x40 | 0x8;

/** Bytes between two step numbers: the alignment of dynamic offsets. */
const stepStride = 256;

/** A pipeline and the layout of its buffers. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Makes and keeps pipelines. */
export class Pipelines {
  readonly #known = new Map<string, Promise<Pipeline>>();
  /** Those that are there. */
  readonly #made = new WeakMap<Promise<Pipeline>, Pipeline>();
  /** The kernels whose pipelines nobody has waited for: whether the device took them is not known. */
  readonly #unproven = new Set<string>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #stepLayouts: GPUBindGroupLayout[] = [];
  #stepGroups: GPUBindGroup[] = [];
  #stepBuffer: GPUBuffer | null = null;
  #steps = 0;

  constructor(readonly gpu: Gpu) {}

  /** The pipeline of a kernel. Kernels of equal text share one. */
  get(dispatch: Dispatch): Promise<Pipeline> {
    return this.#keep(dispatch, this.#known.get(dispatch.wgsl) ?? this.#make(dispatch));
  }

  /** The same at once. If the device refuses it, what is computed with it does not come: see {@linkcode prove}. */
  getNow(dispatch: Dispatch): Pipeline {
    const found = this.#known.get(dispatch.wgsl);
    const ready = found && this.#made.get(found);
    if (ready) return this.#keep(dispatch, found), ready;
    const { parts, layout } = this.#describe(dispatch);
    const made = { pipeline: this.gpu.device.createComputePipeline(parts), layout };
    const promise = Promise.resolve(made);
    this.#made.set(promise, made);
    this.#unproven.add(dispatch.wgsl);
    this.#keep(dispatch, promise);
    return made;
  }

  /** What was computed with those that {@linkcode getNow} has made came, or did not: then they are made anew. */
  prove(areGood: boolean): void {
    if (!areGood) { for (const wgsl of this.#unproven) this.#known.delete(wgsl); }
    this.#unproven.clear();
  }

  #keep({ wgsl }: Dispatch, found: Promise<Pipeline>): Promise<Pipeline> {
    this.#known.delete(wgsl);
    this.#known.set(wgsl, found);
    if (this.#known.size > capacity) this.#known.delete(this.#known.keys().next().value!);
    return found;
  }

  #describe({ wgsl, bindings, depth }: Dispatch) {
    const { device } = this.gpu;
    const access = bindings.map(({ memory, written }) => written || memory.kind === "arena");
    const layout = this.#layout(access);
    const bindGroupLayouts = depth === 0 ? [layout] : [layout, this.#stepLayout(depth)];
    const module = device.createShaderModule({ code: wgsl });
    const parts = {
      layout: device.createPipelineLayout({ bindGroupLayouts }),
      compute: { module, entryPoint: "main" },
    };
    return { parts, layout };
  }

  #make(dispatch: Dispatch): Promise<Pipeline> {
    const { wgsl, label } = dispatch;
    const { parts, layout } = this.#describe(dispatch);
    const promise = this.gpu.device.createComputePipelineAsync(parts).then((pipeline) => {
      const made = { pipeline, layout };
      this.#made.set(promise, made);
      return made;
    }, (error: Error) => {
      this.#known.delete(wgsl);
      throw new Error(`The GPU refused the kernel "${label}": ${error.message}\n${wgsl}`);
    });
    return promise;
  }

  #layout(access: readonly boolean[]): GPUBindGroupLayout {
    const key = access.map((written) => written ? "w" : "r").join("");
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.gpu.device.createBindGroupLayout({
        entries: access.map((written, binding) => ({
          binding,
          visibility: compute,
          buffer: { type: written ? "storage" as const : "read-only-storage" as const },
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  #stepLayout(depth: number): GPUBindGroupLayout {
    return this.#stepLayouts[depth] ??= this.gpu.device.createBindGroupLayout({
      entries: Array.from({ length: depth }, (_, binding) => ({
        binding,
        visibility: compute,
        buffer: { type: "uniform" as const, hasDynamicOffset: true },
      })),
    });
  }

  /** Where step `t`, the `count`-th of a scan, is in the buffer of steps. */
  static stepOffset(t: number, count: number): number {
    return stepStride * (2 * t + count % 2);
  }

  /** Whether {@linkcode reserveSteps} has nothing to do. */
  hasSteps(steps: number): boolean {
    return steps <= this.#steps;
  }

  /** Makes sure that scans of so many steps find their numbers: the step, and whether it is an odd one of the run. */
  reserveSteps(steps: number): void {
    if (this.hasSteps(steps)) return;
    this.gpu.guard();
    const { device } = this.gpu;
    const words = new Uint32Array(steps * 2 * stepStride / 4);
    for (let i = 0; i < 2 * steps; i++) words.set([i >> 1, i & 1], i * stepStride / 4);
    this.#stepBuffer?.destroy();
    this.#stepBuffer = device.createBuffer({ size: words.byteLength, usage: uniformAndCopyTo });
    device.queue.writeBuffer(this.#stepBuffer, 0, words);
    this.#stepGroups = [];
    this.#steps = steps;
  }

  /** The bind group of step numbers for kernels inside `depth` scans. */
  stepGroup(depth: number): GPUBindGroup {
    return this.#stepGroups[depth] ??= this.gpu.device.createBindGroup({
      layout: this.#stepLayout(depth),
      entries: Array.from({ length: depth }, (_, binding) => ({
        binding,
        resource: { buffer: this.#stepBuffer!, size: 16 },
      })),
    });
  }

  /** Bytes of the step numbers. */
  get bytes(): number {
    return this.#steps * 2 * stepStride;
  }

  /** Destroys the step numbers. */
  clear(): void {
    this.#stepBuffer?.destroy();
    this.#stepBuffer = null;
    this.#stepGroups = [];
    this.#steps = 0;
    this.#known.clear();
  }
}
