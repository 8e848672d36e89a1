/** What the tests of the WebGPU engine share: an engine whose submits are counted, graphs, and the oracle's answer. */

import assert from "node:assert/strict";
import type { Engine, Executable, Graph } from "../../lib/engine/engine.ts";
import { openDevice } from "../../lib/engine/webgpu/adapter.ts";
import { createWebgpuEngine } from "../../lib/engine/webgpu/engine.ts";
import { type Node, placeholder } from "../../lib/graph/node.ts";
import { Storage } from "../../lib/graph/storage.ts";
import { allocate, aval, describe, type DType, type Shape, type TypedArray } from "../../lib/graph/types.ts";
import { patientProbe } from "../engines.ts";
import { interpret } from "../oracle.ts";

/** An engine of its own, with its device and the number of submits so far. */
export interface CountedEngine {
  readonly engine: Engine;
  readonly device: GPUDevice;
  readonly submits: () => number;
}

/** Opens a device of its own on the software adapter. */
export async function openCounted(): Promise<CountedEngine> {
  const { device, name } = await openDevice({ software: true, probe: await patientProbe() });
  let count = 0;
  const submit = device.queue.submit.bind(device.queue);
  device.queue.submit = (commands) => {
    count++;
    submit(commands);
  };
  return { engine: createWebgpuEngine(device, name), device, submits: () => count };
}

let shared: Promise<CountedEngine> | undefined;

/** The engine that the tests of a file share. */
export function sharedEngine(): Promise<CountedEngine> {
  return shared ??= openCounted();
}

/** An input of a graph. */
export function input(shape: Shape, dtype: DType = "float32"): Node {
  return placeholder(aval(dtype, shape));
}

/** Numbers in host memory. */
export function storage(dtype: DType, numbers: ArrayLike<number>): Storage {
  const array = allocate(dtype, numbers.length);
  array.set(numbers);
  return new Storage(dtype, array.length, array);
}

/** Compiles outputs of inputs; nothing is donated unless it is said. */
export function compile(
  engine: Engine,
  inputs: readonly Node[],
  outputs: readonly Node[],
  donated: Graph["donated"] = new Map(),
): Promise<Executable> {
  return engine.compile({ inputs, outputs, donated });
}

/** The values of `outputs` for `feeds`. */
export async function evaluate(
  engine: Engine,
  inputs: readonly Node[],
  outputs: readonly Node[],
  feeds: readonly ArrayLike<number>[],
): Promise<TypedArray[]> {
  const program = await compile(engine, inputs, outputs);
  const results = await program.run(inputs.map((x, i) => storage(x.dtype, feeds[i]!)));
  return await Promise.all(results.map((x) => x.read()));
}

/** Asserts that two lists of numbers agree, relative to each number, or to a tenth of the largest: sums may cancel. */
export function assertNear(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  tolerance = 1e-5,
): void {
  assert.equal(actual.length, expected.length, what);
  const largest = Array.from(expected).reduce((most, e) => Number.isFinite(e) ? Math.max(most, Math.abs(e)) : most, 0);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    const near = Object.is(a, e) || a === e || Math.abs(a - e) <= tolerance * Math.max(Math.abs(e), largest / 10);
    assert.ok(near, `${what}: element ${i} is ${a}, not ${e}`);
  }
}

/** Asserts that the engine and the oracle agree on `outputs`. */
export async function assertOracle(
  engine: Engine,
  inputs: readonly Node[],
  outputs: readonly Node[],
  feeds: readonly ArrayLike<number>[],
  tolerance = 1e-5,
): Promise<void> {
  const values = await evaluate(engine, inputs, outputs, feeds);
  const rounded = feeds.map((x, i) => inputs[i]!.dtype === "float32" ? Float32Array.from(x) : x);
  interpret({ inputs, outputs }, rounded).forEach((expected, i) => {
    assertNear(values[i]!, expected, `output ${i}, ${outputs[i]!.op} ${describe(outputs[i]!)}`, tolerance);
  });
}
