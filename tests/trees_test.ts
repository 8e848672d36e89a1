/** Trees of tensors are matched by their keys, in whatever order an object was written. */

import { deepStrictEqual as equal, rejects, throws } from "node:assert/strict";
import { compile, HostRandom, leaves, LSTM, mapTree, PlumblineError, scan, type Tensor, tensor } from "../mod.ts";
import { zipTrees } from "../lib/tensor/tree.ts";
import { onEachEngine } from "./engines.ts";

type Motion = Record<"pos" | "vel", Tensor>;

const numbers = async ({ pos, vel }: Motion): Promise<unknown[]> => [await pos.item(), await vel.item()];

onEachEngine("a scan finds what its step returns by key, also inside of a compiled function", async () => {
  const fall = (start: Motion): Motion =>
    scan(({ pos, vel }: Motion) => [{ vel: vel.mul(0.5), pos: pos.add(vel) }, []], start, [], { length: 2 })[0];
  equal(await numbers(fall({ pos: tensor(5), vel: tensor(8) })), [17, 2]);
  equal(await numbers(await compile(fall)({ pos: tensor(5), vel: tensor(8) })), [17, 2]);
});

onEachEngine("a compiled function takes its arguments by key", async () => {
  const difference = compile(({ a, b }: Record<"a" | "b", Tensor>) => a.sub(b));
  equal(await (await difference({ a: tensor(1), b: tensor(5) })).item(), -4);
  equal(await (await difference({ b: tensor(5), a: tensor(1) })).item(), -4);
});

onEachEngine("arguments with other keys or nested otherwise are traced again, and the same are not", async () => {
  const kinds = compile((tree: Record<string, Tensor> | Tensor[]) => tensor(Object.keys(tree).includes("x") ? 1 : 2));
  const [one, two] = [tensor(1), tensor(2)];
  equal(await (await kinds({ a: one, b: two })).item(), 2);
  equal(await (await kinds({ x: one, y: two })).item(), 1);
  equal(await (await kinds([one, two])).item(), 2);
  equal(await (await kinds({ x: two, y: one })).item(), 1);
  equal(kinds.traces, [
    "first call with {a: float32 [], b: float32 []}",
    "new arguments {x: float32 [], y: float32 []}",
    "new arguments [float32 [], float32 []]",
  ]);
});

onEachEngine("an LSTM takes its state by key", async () => {
  const layer = new LSTM(2, 2, new HostRandom(0));
  const x = tensor([[[1, 2]], [[3, 4]]]);
  const [hidden, cell] = [tensor([[0.5, -0.5]]), tensor([[1, 2]])];
  const [right, swapped] = [layer.run(x, { hidden, cell }), layer.run(x, { cell, hidden })];
  equal(await swapped[0].toList(), await right[0].toList());
  equal(await swapped[1].cell.toList(), await right[1].cell.toList());
});

Deno.test("what a step must return and did not is named", () => {
  const carry = { pos: tensor(0), vel: tensor(0) };
  const stepTo = (next: unknown) => () => scan(() => [next as Motion, []], carry, [], { length: 1 });
  const refused = (found: string) => ({
    code: "G304",
    message: new RegExp(`matched by their keys, but where one is \\{ pos, vel \\}, another is ${found}`),
  });
  throws(stepTo({ pos: tensor(0) }), refused("\\{ pos \\}"));
  throws(stepTo({ pos: tensor(0), vel: tensor(0), spin: tensor(0) }), refused("\\{ pos, vel, spin \\}"));
  throws(stepTo({ pos: tensor(0), speed: tensor(0) }), refused("\\{ pos, speed \\}"));
  throws(stepTo([tensor(0), tensor(0)]), refused("an array of 2"));
  throws(stepTo({ pos: tensor(0), vel: [tensor(0)] }), { code: "G304", message: /one is one tensor.*array of 1/ });
});

Deno.test("two trees are joined by key, in the order of the first", async () => {
  const joined = zipTrees({ a: tensor(1), b: [tensor(2)] }, { b: [tensor(20)], a: tensor(10) }, (x, y) => y.sub(x));
  equal(Object.keys(mapTree(joined, (x) => x)), ["a", "b"]);
  equal([await joined.a.item(), await joined.b[0]!.item()], [9, 18]);
  await rejects(async () => await zipTrees({ a: tensor(1) } as Record<string, Tensor>, {}, (x) => x), { code: "G304" });
});

Deno.test("a tree that contains itself is refused in a sentence, wherever it is given", async () => {
  const list: unknown[] = [tensor(1)], object: Record<string, unknown> = { a: tensor(1) };
  list.push(list);
  object.b = { c: object };
  const refusal = (error: unknown): boolean =>
    error instanceof PlumblineError && /at most 64 deep: does one of these contain itself\?/.test(error.message);
  // deno-lint-ignore no-explicit-any
  for (const tree of [list, object] as any[]) {
    throws(() => leaves(tree), refusal);
    throws(() => mapTree(tree, (x) => x), refusal);
    throws(() => scan((carry: Tensor) => [carry, tree], tensor(1), [], { length: 2 }), refusal);
    await rejects(compile((x: typeof tree) => x.a ?? x[0])(tree), refusal);
    await rejects(compile(() => tree)(), refusal);
  }
});
