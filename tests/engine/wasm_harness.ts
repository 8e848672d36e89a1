/** Graphs that run as WebAssembly, whatever that costs, beside the oracle. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { createCpuEngine } from "../../lib/engine/cpu/engine.ts";
import type { Engine, Executable, Graph } from "../../lib/engine/engine.ts";
import { type Node, placeholder } from "../../lib/graph/node.ts";
import { Storage } from "../../lib/graph/storage.ts";
import { allocate, aval, describe, type DType, type Shape, sizeOf, type TypedArray } from "../../lib/graph/types.ts";
import { interpret } from "../oracle.ts";
import { Random } from "../random.ts";

/** An engine that makes WebAssembly of all that it can. */
export const wasm: Engine = await createCpuEngine({ lowering: "wasm" });

/** An input of a graph. */
export function input(shape: Shape, dtype: DType = "float32"): Node {
  return placeholder(aval(dtype, shape));
}

/** Numbers for an input. */
export function storage(dtype: DType, numbers: ArrayLike<number>): Storage {
  const array = allocate(dtype, numbers.length);
  array.set(numbers);
  return new Storage(dtype, array.length, array);
}

/** Compiles a graph. */
export function compile(inputs: readonly Node[], outputs: readonly Node[], engine = wasm, more: Partial<Graph> = {}) {
  return engine.compile({ inputs, outputs, donated: new Map(), ...more });
}

/** The numbers of the outputs. */
export async function runOn(program: Executable, inputs: readonly Node[], feeds: readonly ArrayLike<number>[]) {
  const results = await program.run(inputs.map((x, i) => storage(x.dtype, feeds[i]!)));
  return await Promise.all(results.map((x) => x.read()));
}

/** What an engine has to give. */
export interface Expected {
  readonly values: readonly ArrayLike<number>[];
  /** The most that a float32 may differ from it: of the larger of 1 and that number, or of 1 and the largest beside it. */
  readonly tolerance: number;
  readonly ofLargest?: boolean;
}

/** Checks values against the oracle's, and that it was WebAssembly that computed them. */
export async function agree(
  inputs: readonly Node[],
  outputs: readonly Node[],
  feeds: readonly ArrayLike<number>[],
  expected: Expected = { values: interpret({ inputs, outputs }, feeds), tolerance: 1e-4 },
  more: Partial<Graph> = {},
): Promise<void> {
  const program = await compile(inputs, outputs, wasm, more);
  try {
    ok(program.listing().every((x) => /^\s*(wasm|loop) /.test(x)), program.listing().join("\n"));
    const actual = await runOn(program, inputs, feeds);
    outputs.forEach((node, i) => assertNear(node, actual[i]!, expected.values[i]!, expected));
  } finally {
    program.dispose();
  }
}

function assertNear(
  node: Node,
  actual: TypedArray,
  expected: ArrayLike<number>,
  { tolerance, ofLargest = false }: Expected,
): void {
  equal(actual.length, expected.length);
  const largest = ofLargest ? Math.max(1, ...Array.from(expected, Math.abs)) : 1;
  actual.forEach((a, k) => {
    const e = expected[k]!;
    const near = Object.is(a, e) || a === e ||
      (node.dtype === "float32" && Math.abs(a - e) <= tolerance * Math.max(1 + Math.abs(e), largest));
    ok(near, `element ${k} of ${node.op} ${describe(node)} is ${a}, not ${e}.`);
  });
}

/** Random numbers for an input. */
export const floats = (x: Node, seed = 1): number[] => new Random(seed).floats(sizeOf(x.shape));
