/** Random graphs on both engines against the oracle. */

import { deepStrictEqual as equal, ok } from "node:assert";
import type { Engine } from "../../lib/engine/engine.ts";
import type { Node } from "../../lib/graph/node.ts";
import { type OpName, primitives } from "../../lib/graph/primitives.ts";
import { simplify } from "../../lib/graph/simplify.ts";
import { Storage } from "../../lib/graph/storage.ts";
import { allocate, describe } from "../../lib/graph/types.ts";
import { onEachEngine } from "../engines.ts";
import { interpret } from "../oracle.ts";
import { type RandomGraph, randomGraph, recipeNames } from "./random_graph.ts";

const seeds = Array.from({ length: 40 }, (_, i) => i);
const size = 30;

function toStorage(node: Node, numbers: readonly number[]): Storage {
  const array = allocate(node.dtype, numbers.length);
  array.set(numbers);
  return new Storage(node.dtype, array.length, array);
}

function checkValue(node: Node, actual: ArrayLike<number>, expected: Float64Array): void {
  equal(actual.length, expected.length);
  const exact = node.dtype !== "float32";
  expected.forEach((e, i) => {
    const a = actual[i]!;
    const near = exact ? a === e : Object.is(a, e) || Math.abs(a - e) <= 1e-4 * (1 + Math.abs(e));
    ok(near, `element ${i} of ${node.op} ${describe(node)} is ${a}, not ${e}.`);
  });
}

async function check(engine: Engine, { inputs, feeds, outputs }: RandomGraph): Promise<void> {
  const expected = interpret({ inputs, outputs }, feeds);
  const program = await engine.compile({ inputs, outputs: simplify(outputs), donated: new Map() });
  const results = await program.run(inputs.map((x, i) => toStorage(x, feeds[i]!)));
  for (const [i, node] of outputs.entries()) checkValue(node, await results[i]!.read(), expected[i]!);
  program.dispose();
}

for (const seed of seeds) {
  onEachEngine(`the random graph of seed ${seed} has the oracle's values`, async (engine) => {
    await check(engine, randomGraph(seed, size));
  });
}

Deno.test("the random graphs use every primitive", () => {
  const all = (Object.keys(primitives) as OpName[]).filter((op) => op !== "output");
  equal(recipeNames.toSorted(), all.toSorted());
  const used = new Set(seeds.flatMap((seed) => randomGraph(seed, size).used));
  equal(all.filter((op) => !used.has(op)), []);
});

Deno.test("the random graphs are finite in float64", () => {
  for (const seed of seeds) {
    const graph = randomGraph(seed, size);
    interpret(graph, graph.feeds).forEach((value, i) => {
      ok(value.every(Number.isFinite), `seed ${seed}: ${graph.outputs[i]!.op}`);
    });
  }
});
