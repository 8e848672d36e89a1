/** Small graphs on the CPU engine, checked against the oracle. */

import { deepStrictEqual as equal, ok } from "node:assert";
import type { Engine, Executable, Graph } from "../../lib/engine/engine.ts";
import { createOnnxEngine } from "../../lib/engine/onnx/engine.ts";
import { type Node, placeholder } from "../../lib/graph/node.ts";
import { Storage } from "../../lib/graph/storage.ts";
import { allocate, aval, describe, type DType, type Shape, sizeOf, type TypedArray } from "../../lib/graph/types.ts";
import { interpret } from "../oracle.ts";
import { Random } from "../random.ts";

/** The engine of these tests. */
export const engine: Engine = await createOnnxEngine();

/** An input of a graph. */
export function input(shape: Shape, dtype: DType = "float32"): Node {
  return placeholder(aval(dtype, shape));
}

/** Numbers as a storage of `dtype`. */
export function storage(dtype: DType, numbers: ArrayLike<number>): Storage {
  const array = allocate(dtype, numbers.length);
  array.set(Array.from(numbers));
  return new Storage(dtype, array.length, array);
}

/** Numbers for a node: floats in [-1, 1), small integers, bits or truths. */
export function numbersFor(node: Node, random: Random): number[] {
  const size = sizeOf(node.shape);
  switch (node.dtype) {
    case "float32":
      return random.floats(size);
    case "int32":
      return random.integers(size, -3, 3);
    case "uint32":
      return random.integers(size, 0, 0xffffffff);
    case "bool":
      return random.integers(size, 0, 1);
  }
}

/** The outputs' numbers from one run. */
export async function runOnce(
  graph: Omit<Graph, "donated">,
  feeds: readonly ArrayLike<number>[],
): Promise<TypedArray[]> {
  const program = await engine.compile({ ...graph, donated: new Map() });
  try {
    const results = await program.run(graph.inputs.map((x, i) => storage(x.dtype, feeds[i]!)));
    return await Promise.all(results.map((x) => x.read()));
  } finally {
    program.dispose();
  }
}

/** Checks the engine's values of `outputs` against the oracle's; gives the listing, for what else the test asserts. */
export async function agree(
  inputs: readonly Node[],
  outputs: readonly Node[],
  given: readonly (ArrayLike<number> | null)[] = [],
  tolerance = 2e-5,
): Promise<string[]> {
  const random = new Random(7);
  const feeds = inputs.map((x, i) => given[i] ?? numbersFor(x, random));
  const expected = interpret({ inputs, outputs }, feeds);
  const actual = await runOnce({ inputs, outputs }, feeds);
  outputs.forEach((node, i) => {
    equal(actual[i]!.length, expected[i]!.length);
    expected[i]!.forEach((e, k) => {
      const a = actual[i]![k]!;
      const near = Object.is(a, e) || a === e || Math.abs(a - e) <= tolerance * (1 + Math.abs(e));
      ok(near, `element ${k} of output ${i}, ${node.op} ${describe(node)}, is ${a}, not ${e}.`);
    });
  });
  return await listing(inputs, outputs);
}

/** The program's lines. */
export async function listing(inputs: readonly Node[], outputs: readonly Node[]): Promise<string[]> {
  const program = await compile(inputs, outputs);
  program.dispose();
  return program.listing();
}

/** Compiles; output `o` replaces input `i` for each pair of `donated`. */
export function compile(
  inputs: readonly Node[],
  outputs: readonly Node[],
  donated: readonly (readonly [number, number])[] = [],
): Promise<Executable> {
  return engine.compile({ inputs, outputs, donated: new Map(donated) });
}

/** How often an ONNX operation occurs in a listing. */
export function count(lines: readonly string[], op: string): number {
  return lines.filter((line) => line.includes(`= ${op}(`)).length;
}
