/** Gradients of random graphs: against finite differences in float64, and on both engines against the oracle. */

import { ok } from "node:assert";
import type { Engine } from "../../lib/engine/engine.ts";
import { vjpNodes } from "../../lib/grad/vjp.ts";
import type { Node } from "../../lib/graph/node.ts";
import { add, full, fullLike, mul } from "../../lib/graph/ops.ts";
import { simplify } from "../../lib/graph/simplify.ts";
import { Storage } from "../../lib/graph/storage.ts";
import { allocate } from "../../lib/graph/types.ts";
import { onEachEngine } from "../engines.ts";
import { interpret } from "../oracle.ts";
import { type Problem, problem, total } from "./random_problem.ts";

function dot(a: ArrayLike<number>, b: readonly number[]): number {
  return b.reduce((s, x, i) => s + x * a[i]!, 0);
}

/** Compares the derivative of `value` along the directions with central differences; gives the derivative's graph. */
function checkAlong(p: Problem, value: Node, what: string): Node | null {
  const wrt = [...p.directions.keys()];
  const gradients = vjpNodes([value], [fullLike(value, 1)], wrt);
  const at = (h: number): number => {
    const feeds = p.inputs.map((x, i) => p.feeds[i]!.map((v, k) => v + h * (p.directions.get(x)?.[k] ?? 0)));
    return interpret({ inputs: p.inputs, outputs: [value] }, feeds)[0]![0]!;
  };
  const numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
  const found = gradients.flatMap((g, i) => g ? [{ g, direction: p.directions.get(wrt[i]!)! }] : []);
  const values = interpret({ inputs: p.inputs, outputs: found.map((x) => x.g) }, p.feeds);
  const analytic = found.reduce((s, { direction }, i) => s + dot(values[i]!, direction), 0);
  ok(
    Math.abs(analytic - numeric) <= 1e-6 * (1 + Math.abs(numeric) * 10),
    `${what}: ${analytic} by rules, ${numeric} by differences.`,
  );
  return weighted(found);
}

function weighted(parts: readonly { g: Node; direction: readonly number[] }[]): Node | null {
  // The direction enters the second derivative as weights that alternate: any fixed ones will do.
  const sums = parts.map(({ g }, i) => mul(total(mul(g, g)), full("float32", [], i % 2 === 0 ? 0.3 : -0.2)));
  return sums.length > 0 ? sums.reduce(add) : null;
}

Deno.test("gradients of random graphs, and gradients of those, agree with finite differences", () => {
  for (let seed = 0; seed < 80; seed++) {
    const p = problem(seed);
    const second = checkAlong(p, p.loss, `seed ${seed}, first derivative`);
    if (second) checkAlong(p, second, `seed ${seed}, second derivative`);
  }
});

function toStorage(node: Node, numbers: readonly number[]): Storage {
  const array = allocate(node.dtype, numbers.length);
  array.set(numbers);
  return new Storage(node.dtype, array.length, array);
}

async function checkEngine(engine: Engine, { inputs, feeds, loss, directions }: Problem): Promise<void> {
  const gradients = vjpNodes([loss], [fullLike(loss, 1)], [...directions.keys()]).filter((g) => g !== null);
  const rounded = feeds.map((x) => x.map(Math.fround));
  const expected = interpret({ inputs, outputs: gradients }, rounded);
  const program = await engine.compile({ inputs, outputs: simplify(gradients), donated: new Map() });
  const results = await program.run(inputs.map((x, i) => toStorage(x, rounded[i]!)));
  for (const [i, value] of expected.entries()) {
    const actual = await results[i]!.read();
    const largest = value.reduce((m, x) => Math.max(m, Math.abs(x)), 1);
    value.forEach((e, k) =>
      ok(Math.abs(actual[k]! - e) <= 2e-4 * largest, `gradient ${i}[${k}]: ${actual[k]}, not ${e}.`)
    );
  }
  program.dispose();
}

for (let seed = 0; seed < 20; seed++) {
  onEachEngine(`the gradients of the random graph of seed ${seed} have the oracle's values`, async (engine) => {
    await checkEngine(engine, problem(seed));
  });
}
