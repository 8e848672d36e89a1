/** What people see of tensors and modules: on the console, and as the result of a notebook's cell. */

import { deepStrictEqual as equal, ok, rejects, strictEqual } from "node:assert/strict";
import { keptReads } from "../lib/forensics/reads/drops.ts";
import { numbersText } from "../lib/tensor/show.ts";
import {
  compile,
  frozen,
  HostRandom,
  Linear,
  LSTM,
  MLP,
  Parameter,
  type Tensor,
  tensor,
  Variable,
  zeros,
} from "../mod.ts";
import { onEachEngine } from "./engines.ts";
import { runCells } from "./run_cells.ts";

const floats = (numbers: number[], shape = [numbers.length]) =>
  numbersText(new Float32Array(numbers), "float32", shape);

/** What a notebook shows. */
async function shown(x: object): Promise<string> {
  const display = Symbol.for("Jupyter.display");
  return (await (x as Record<symbol, () => Promise<Record<string, string>>>)[display]!())["text/plain"]!;
}

Deno.test("numbers are written as PyTorch writes them", () => {
  strictEqual(floats([1, 2, 3]), "[1., 2., 3.]");
  strictEqual(floats([0, -0]), "[ 0., -0.]");
  strictEqual(floats([0.12345, -1.2, 3, 4], [2, 2]), "[[ 0.1235, -1.2000],\n [ 3.0000,  4.0000]]");
  strictEqual(floats([1e-5, 2]), "[1.0000e-05, 2.0000e+00]");
  strictEqual(floats([1.5, 2e9]), "[1.5000e+00, 2.0000e+09]");
  strictEqual(floats([NaN, 1, -Infinity]), "[      NaN,        1., -Infinity]");
  strictEqual(
    floats([...Array(8).keys()].map((i) => i + 0.5), [2, 2, 2]),
    "[[[0.5000, 1.5000],\n  [2.5000, 3.5000]],\n\n [[4.5000, 5.5000],\n  [6.5000, 7.5000]]]",
  );
  strictEqual(numbersText(new Int32Array([1, -20, 3]), "int32", [3]), "[  1, -20,   3]");
  strictEqual(numbersText(new Uint8Array([1, 0]), "bool", [2]), "[ true, false]");
  equal([floats([]), floats([], [2, 0]), floats([], [0, 3])], ["[]", "[[],\n []]", "[]"]);
});

Deno.test("a number alone is written with all that float32 has", () => {
  equal([0.318, 1 / 3, 2, NaN, 1e-12].map((x) => floats([x], [])), ["0.318", "0.3333333", "2", "NaN", "1e-12"]);
  strictEqual(numbersText(new Uint8Array([1]), "bool", []), "true");
});

Deno.test("long rows are broken at 80 characters, and their columns stay aligned", () => {
  const lines = floats(Array.from({ length: 30 }, (_, i) => i / 8 - 1)).split("\n");
  equal(lines.map((x) => x.length), [72, 72, 72, 54]);
});

Deno.test("of a large tensor the edges are shown, with what is to be known of the rest", () => {
  const many = Array.from({ length: 2000 }, (_, i) => i);
  many[1000] = NaN;
  strictEqual(
    floats(many),
    "[   0.,    1.,    2., ..., 1997., 1998., 1999.]\nmin 0, max 1999, mean 999.5, zeros <0.1%, NaN <0.1%",
  );
  strictEqual(
    floats(many, [20, 100]).split("\n").slice(0, 5).join("\n"),
    "[[   0.,    1.,    2., ...,   97.,   98.,   99.],\n [ 100.,  101.,  102., ...,  197.,  198.,  199.],\n" +
      " [ 200.,  201.,  202., ...,  297.,  298.,  299.],\n ...,\n [1700., 1701., 1702., ..., 1797., 1798., 1799.],",
  );
  const deep = numbersText(new Float32Array(8 ** 5).fill(0.5), "float32", [8, 8, 8, 8, 8]);
  ok(deep.match(/0\.5000/g)!.length <= 1000);
});

onEachEngine("a cell that ends in a tensor shows kind, name, dtype, shape, axes and numbers", async () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]], { axes: ["env", null] });
  strictEqual(await shown(x.add(1)), "Tensor float32 [env 2, 3]\n[[2., 3., 4.],\n [5., 6., 7.]]");
  strictEqual(await shown(x.mean()), "Tensor float32 []: 3.5");
  strictEqual(await shown(new Parameter(tensor([1, 2]), "w")), "Parameter `w` float32 [2]\n[1., 2.]");
  strictEqual(await shown(frozen(new Parameter(tensor([1]), "w"))), "Parameter `w` float32 [1], frozen\n[1.]");
  const count = new Variable(tensor(0), "count");
  const step = compile(() => count.assign(count.add(1)), { state: count });
  await step();
  strictEqual(await shown(count), "Variable `count` float32 []: 1");
});

onEachEngine("what is shown is no read: it leaves no suspect, and its memory may serve the next step", async () => {
  const w = new Parameter(tensor([0.5, 0.25]), "w");
  const y = w.square().sum();
  const before = keptReads();
  ok((await shown(y)).endsWith("0.3125"));
  strictEqual((await shown(w)).split("\n")[1], "[0.5000, 0.2500]");
  equal(keptReads(), before);
  const z = tensor([1, 2]).mul(w.detach("shown"));
  await shown(z);
  const { host, device } = z.node.value!.retire();
  ok(host !== null || device !== null);
});

onEachEngine(
  "a tensor that has no numbers is shown with the error that says why; who reads it is told as well",
  async () => {
    const w = new Parameter(tensor([-1, 2]), "w");
    const loss = w.log().sum();
    loss.backward();
    for (let i = 0; i < 2; i++) {
      ok((await shown(loss)).startsWith("Tensor float32 []\nerror[G401]: log() made NaN"), await shown(loss));
    }
    await rejects(() => loss.item(), { name: "NonFiniteError" });
    let kept: Tensor | undefined;
    await compile((x) => (kept = x.add(1)))(tensor(1));
    ok(
      (await shown(kept!)).startsWith(
        "Tensor float32 []\nerror[G102]: display was asked of float32 [] after the trace",
      ),
    );
    strictEqual(Deno.inspect(kept), "Tensor float32 []");
  },
);

Deno.test("console.log() shows the numbers of a tensor that has them, and of one among others only what it is", async () => {
  const x = tensor([1, 2]);
  strictEqual(Deno.inspect(x), "Tensor float32 [2]\n[1., 2.]");
  const y = x.add(1);
  strictEqual(Deno.inspect(y), "Tensor float32 [2]");
  await y.data();
  strictEqual(Deno.inspect(y), "Tensor float32 [2]\n[2., 3.]");
  strictEqual(Deno.inspect({ x, list: [y] }), "{ x: Tensor float32 [2], list: [ Tensor float32 [2] ] }");
});

Deno.test("a module is shown as its layers, with their parameters and how many numbers these have", async () => {
  const random = new HostRandom(0);
  const net = new MLP([18, 256, 4], random);
  strictEqual(
    await shown(net),
    "MLP `net`: 5,892 parameters\n  layers.0  Linear  weight [256, 18], bias [256]  4,864\n" +
      "  layers.1  Linear  weight [4, 256], bias [4]     1,028",
  );
  strictEqual(Deno.inspect(net), await shown(net));
  strictEqual(Deno.inspect([net]), "[ MLP `net`: 5,892 parameters ]");
  strictEqual(
    (await shown(frozen(new LSTM(2, 3, random)))).split("\n")[1],
    "  LSTM  weightInput [12, 2] frozen, weightHidden [12, 3] frozen, biasInput [12] frozen, biasHidden [12] frozen  84",
  );
  class Counted extends Linear {
    readonly seen = new Variable(zeros([], { dtype: "int32" }), "seen");
    readonly heads = [new Linear(1, 1, random), new Linear(1, 2, random)];
  }
  const counted = new Counted(2, 1, random);
  strictEqual(
    await shown(counted),
    "Counted `counted`: 9 parameters\n           Counted  weight [1, 2], bias [1], seen [] int32 state  3\n" +
      "  heads.0  Linear   weight [1, 1], bias [1]                       2\n" +
      "  heads.1  Linear   weight [2, 1], bias [2]                       4",
  );
});

Deno.test("a cell of a notebook that ends in a tensor or module shows it, and an error as a sentence", async () => {
  const { problems, cells } = await runCells([
    { source: `import { HostRandom, Linear, tensor, useDevice } from "../mod.ts"; await useDevice("cpu"); 0` },
    { source: `const x = tensor([[1, 2], [3, 4]], { axes: ["env", "agent"] }); x.mul(0.5)` },
    { source: `const net = new Linear(2, 1, new HostRandom(0)); net` },
    { source: `net.bias.mul(0).add(2)` },
    { source: `x.take(tensor([7], { dtype: "int32" }), 0)` },
    { source: `await x.sum().item()` },
  ]);
  equal(problems, []);
  const texts = cells.slice(1).map((cell: { outputs: { data: Record<string, string[]> }[] }) =>
    cell.outputs.map(({ data }) => data["text/plain"]!.join("")).join()
  );
  equal(texts.slice(0, 3), [
    "Tensor float32 [env 2, agent 2]\n[[0.5000, 1.0000],\n [1.5000, 2.0000]]",
    "Linear `net`: 3 parameters\n  Linear  weight [1, 2], bias [1]  3",
    "Tensor float32 [1]\n[2.]",
  ]);
  ok(
    /^Tensor float32 \[1, agent 2\]\nerror\[G308\]: take\(\) failed .*\nhelp: /s.test(texts[3]!) || texts[3],
    texts[3],
  );
  strictEqual(texts[4], "10");
});
