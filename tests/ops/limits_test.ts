/** What no memory holds, and what programs cannot count, is refused with how much it would be; what can be held costs little more. */

import assert from "node:assert/strict";
import process from "node:process";
import {
  arange,
  compile,
  eye,
  full,
  HostRandom,
  Linear,
  linspace,
  MLP,
  normal,
  ones,
  randomKey,
  scan,
  type Tensor,
  tensor,
  Variable,
  zeros,
} from "../../mod.ts";
import { freeBytes } from "../../lib/graph/memory.ts";
import { onEngine } from "../engines.ts";

const held = 2 ** 45;

const atOnce: readonly (readonly [what: string, make: () => unknown, sentence: RegExp])[] = [
  [
    "zeros()",
    () => zeros([1e9, 1e9]),
    /^error\[G301\]: zeros\(\) would make float32 \[1000000000, 1000000000\], which takes 4,000,000,000 GB/,
  ],
  ["full()", () => full([held, 2], 1), /^error\[G301\]: full\(\) would make/],
  ["normal()", () => normal(randomKey(0), [1e8, 1e8]), /^error\[G301\]: normal\(\) would make/],
  [
    "an outer product",
    () => ones([1e8, 1]).add(ones([1, 1e8])),
    /^error\[G301\]: add\(\) would make .* takes 40,000,000 GB/,
  ],
  ["expand()", () => ones([1, 1]).expand(1e9, 1e9), /^error\[G301\]: expand\(\) would make/],
  [
    "a layer",
    () => new Linear(1e6, 1e6, new HostRandom(0)),
    /^a tensor of 1,000,000,000,000 numbers would take 4,000 GB/,
  ],
  [
    "a network",
    () => new MLP([1e6, 1e7, 1], new HostRandom(0)),
    /^a tensor of 10,000,000,000,000 numbers would take 40,000 GB/,
  ],
  ["random numbers", () => new HostRandom(0).normal(1e12), /^1,000,000,000,000 random numbers would take 8,000 GB/],
  ["a permutation", () => new HostRandom(0).permutation(1e12), /^a tensor of 1,000,000,000,000 numbers/],
  ["linspace()", () => linspace(0, 1, 1e12), /^a tensor of 1,000,000,000,000 numbers would take 4,000 GB/],
  ["fractions", () => arange(0, 1e12, 0.5), /^a tensor of 2,000,000,000,000 numbers would take 8,000 GB/],
];

for (const [what, make, sentence] of atOnce) {
  Deno.test(`${what} that no memory holds is refused before it is made`, () => {
    assert.throws(
      make,
      (error: Error) => sentence.test(error.message) && /^(PlumblineError|RangeError)$/.test(error.name),
    );
  });
}

const uncounted =
  /^error\[G308\]: \w+\(\) makes \w+ \[.*\], which has [\d,]+ numbers \([\d.,]+ GB\); a program takes 2,147,483,647 at most\./;

const later: readonly (readonly [what: string, call: () => Promise<unknown>])[] = [
  // Counted with 32 bits, the sum of so many twos would be 2.
  ["a sum of more numbers than are counted", () => ones([2 ** 16, 2 ** 15]).add(tensor(1)).sum().item()],
  ["the same, compiled", () => compile((x: Tensor) => ones([2 ** 16, 2 ** 15]).add(x).sum())(1)],
  ["a matrix", () => eye(1e5).data()],
  ["a product", () => ones([2 ** 16, 4]).matmul(ones([4, 2 ** 16])).sum().item()],
  ["what a loop adds up", async () => {
    const step = (sum: Tensor): [Tensor, Tensor] => [sum.add(ones([2 ** 16, 2 ** 16]).mul(sum).mean()), sum];
    return await scan(step, tensor(1), zeros([2]))[0].item();
  }],
];

for (const [what, call] of later) {
  onEngine("cpu", `${what} is refused where it is read`, async () => {
    await assert.rejects(call, (error: Error) => uncounted.test(error.message) || assert.fail(error.message));
  });
}

onEngine("cpu", "results that take more memory than is free are refused before they are computed", async () => {
  const x = tensor([[1, 2]]);
  // Each can be counted, and half of them fill what is free.
  const rows = Math.min(2 ** 30, Math.ceil(freeBytes() / 4 / 16 / 2 ** 20) * 2 ** 20);
  const count = Math.ceil(1.5 * freeBytes() / (4 * rows));
  const parts = (x: Tensor): Tensor[] => Array.from({ length: count }, (_, i) => x.add(i).sum().expand(rows));
  await assert.rejects(
    compile(parts)(x),
    /^PlumblineError: error\[G308\]: expand\(\) makes float32 \[\d+\], which with the other results would take [\d.]+ GB, and [\d.]+ GB of memory are free\./,
  );
});

Deno.test("where a container allows less than the machine has, that is what is free", () => {
  const { constrainedMemory } = process;
  try {
    process.constrainedMemory = () => Deno.memoryUsage().rss + 2 ** 29;
    assert.ok(freeBytes() <= 2 ** 29 + 2 ** 26, `${freeBytes()} bytes`);
    assert.throws(
      () => new HostRandom(0).normal(2 ** 27),
      /^RangeError: 134,217,728 random numbers would take 1\.07 GB, and \d+ MB of memory are free\.$/,
    );
    process.constrainedMemory = () => 0;
    assert.ok(freeBytes() > 2 ** 29);
  } finally {
    process.constrainedMemory = constrainedMemory;
  }
});

onEngine("cpu", "numbers that are all equal cost the one who reads them little more than their size", async () => {
  // In a process of its own: memory is that of all tests which run beside this one.
  const program = new URL("large_numbers.ts", import.meta.url).pathname;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", program] })
    .output();
  const { used, byteLength } = JSON.parse(new TextDecoder().decode(stdout)) as { used: number; byteLength: number };
  assert.equal(code, 0);
  assert.ok(used < 1.2 * byteLength, `${used} bytes for ${byteLength}`);
  assert.deepEqual(await full([2], -0).toList(), [-0, -0]);
  assert.deepEqual([...await full([2], 7, { dtype: "int32" }).data()], [7, 7]);
});

Deno.test("what is named as state is named by compile(), whatever becomes of the list", async () => {
  const [a, b] = [new Variable(tensor(0), "a"), new Variable(tensor(0), "b")];
  const state = [a];
  const next = compile(() => a.assign(a.add(1)), { state });
  state[0] = b;
  await next();
  assert.equal(await a.item(), 1);
});
