/** Orders of long rows: by a network of exchanges where there is no sort, and their derivatives. */

import { deepStrictEqual as equal } from "node:assert";
import { argsort, scatterAdd, takeAlongAxis } from "../../lib/graph/ops.ts";
import { PlumblineError, tensor, zeros } from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
import { compile, input, runOn } from "../engine/wasm_harness.ts";
import { Random } from "../random.ts";

/** Many equal ones, infinities and NaN. */
function numbers(count: number): Float32Array {
  const random = new Random(count);
  const strange = [NaN, Infinity, -Infinity, 0, -0];
  return Float32Array.from(
    { length: count },
    () => random.chance(0.1) ? random.pick(strange) : random.integer(-40, 40) / 4,
  );
}

/** The places in order, by JavaScript's sort, which keeps equal ones as they are. */
function placesOf(row: Float32Array, descending: boolean): number[] {
  const keys = row.map((x) => Number.isNaN(x) ? Infinity : x);
  const sign = descending ? -1 : 1;
  return [...row.keys()].sort((i, j) => keys[i] === keys[j] ? i - j : sign * (keys[i]! < keys[j]! ? -1 : 1));
}

/** Lengths that are ranked and that are exchanged. */
const lengths = [1, 2, 7, 256, 300, 513];

for (const descending of [false, true]) {
  Deno.test(`WebAssembly alone puts rows in ${descending ? "falling" : "rising"} order, and gives back what was moved`, async () => {
    for (const n of lengths) {
      const data = numbers(2 * n);
      const x = input([2, n]);
      const places = argsort(x, 1, n, descending);
      const moved = takeAlongAxis(x, places, 1);
      const back = scatterAdd(zeros([2, n]).node, places, moved, 1);
      const [found, returned] = await runOn(await compile([x], [places, back]), [x], [data]);
      const rows = [data.slice(0, n), data.slice(n)];
      equal([...found!], rows.flatMap((row) => placesOf(row, descending)), `${n}`);
      equal([...returned!].map((y) => y + 0), [...data].map((y) => y + 0), `${n}`);
    }
  });
}

onEachEngine("a row of hundreds is in the order that JavaScript's sort finds, on another axis too", async () => {
  const data = numbers(300);
  const x = tensor(data, { shape: [300, 1] });
  equal([...await x.argsort(0).data()], placesOf(data, false));
  equal([...await x.topk(5, 0).indices.data()], placesOf(data, true).slice(0, 5));
});

Deno.test("topk() of more than there are is refused, and sort() of truths", () => {
  const message = (fn: () => unknown): string => {
    try {
      fn();
    } catch (error) {
      if (error instanceof PlumblineError) return error.parts.message;
    }
    return "no error";
  };
  equal(
    message(() => tensor([1, 2]).topk(3)),
    "topk() takes at most the 2 entries that float32 [2] has along axis 0, not 3.",
  );
  equal(message(() => tensor([true]).sort()), "sort() takes float32 or int32, not bool [1].");
});
