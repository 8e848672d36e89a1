/** One's own model saved and read: names, mismatches, files of PyTorch, and a run that goes on bit for bit. */

import { deepStrictEqual as equal, ok, rejects, strictEqual, throws } from "node:assert/strict";
import {
  Adam,
  compile,
  crossEntropy,
  Dropout,
  Embedding,
  HostRandom,
  Linear,
  loadSafetensors,
  Module,
  MultiheadAttention,
  Parameter,
  saveSafetensors,
  Sequential,
  type Tensor,
  tensor,
  TransformerBlock,
  zeros,
} from "../../mod.ts";
import { encodeSafetensors } from "../../lib/train/files/safetensors.ts";
import { onCpu, onEachEngine } from "../engines.ts";
import { checkNumbers } from "../fixtures/pytorch.ts";

const ofPyTorch = new URL("../fixtures/pytorch/weights.safetensors", import.meta.url).pathname;

class Model extends Module {
  readonly tokenEmbedding: Embedding;
  readonly blocks: Sequential;
  readonly head: Linear;

  constructor(seed: number, dropout = 0.1) {
    super();
    const random = new HostRandom(seed);
    this.tokenEmbedding = new Embedding(7, 8, random);
    const block = () => new TransformerBlock(8, 2, random, { dimFeedforward: 16, dropout });
    this.blocks = new Sequential(block(), block());
    this.head = new Linear(8, 3, random);
  }

  override forward(x: Tensor): Tensor {
    return this.head.forward(this.blocks.forward(this.tokenEmbedding.forward(x)));
  }
}

onEachEngine("weights that PyTorch has written load by their names, and give its outputs to 1e-6", async () => {
  const file = await loadSafetensors(ofPyTorch);
  const model = new Model(0).eval() as Model;
  const { missingKeys, unexpectedKeys } = model.loadStateDict(file, { prefix: "model." });
  // PyTorch's file has no keys of random numbers, and needs none.
  equal({ missingKeys, unexpectedKeys }, { missingKeys: [], unexpectedKeys: [] });
  const result = model.forward(file["x.symbols"]!);
  checkNumbers(await result.data(), [...await file["x.result"]!.data()], 1e-6, "the result");
});

onCpu(
  "attention with keys and values of other features loads PyTorch's weights, and gives outputs and weights",
  async () => {
    const file = await loadSafetensors(ofPyTorch);
    const attention = new MultiheadAttention(8, 2, new HostRandom(0), { kdim: 3, vdim: 5, batchFirst: true });
    equal(attention.loadStateDict(file, { prefix: "attention." }), { missingKeys: [], unexpectedKeys: [] });
    const [seen, weights] = attention.forward(file["y.query"]!, file["y.key"]!, file["y.value"]!, {
      needWeights: true,
    });
    checkNumbers(await seen.data(), [...await file["y.result"]!.data()], 1e-6, "the result");
    checkNumbers(await weights.data(), [...await file["y.weights"]!.data()], 1e-6, "the weights");
  },
);

Deno.test("other dtypes of PyTorch's files become float32 and int32", async () => {
  const file = await loadSafetensors(ofPyTorch);
  const numbers = async (name: string) => [file[name]!.dtype, await file[name]!.toList()];
  equal(await numbers("x.symbols"), ["int32", [[3, 1, 4], [1, 5, 6]]]);
  equal(await numbers("x.half"), ["float32", [1.5, -0.25, 65504, 2 ** -24, Infinity]]);
  // bfloat16 has 8 bits of fraction: 3e38 is rounded to 225.5 / 128 * 2^127.
  equal(await numbers("x.brain"), ["float32", [1.5, -3, 226 / 128 * 2 ** 127]]);
  equal(await numbers("x.double"), ["float32", [Math.fround(0.1), -2.5]]);
  equal(await numbers("x.bytes"), ["int32", [0, 255]]);
  equal(await numbers("x.small"), ["int32", [-128, 127]]);
  equal(await numbers("x.short"), ["int32", [-32768, 32767]]);
  equal(await numbers("x.truths"), ["bool", [true, false]]);
});

Deno.test("names are PyTorch's; those of the program are taken too", async () => {
  const model = new Model(1);
  const names = Object.keys(model.stateDict());
  ok(names.includes("blocks.1.self_attn.in_proj_weight") && names.includes("token_embedding.weight"));
  const ours = Object.fromEntries(model.namedVariables());
  ok("blocks.1.selfAttn.inProjWeight" in ours);
  const copy = new Model(2);
  copy.loadStateDict(ours);
  equal(await copy.head.weight.toList(), await model.head.weight.toList());
  equal(await copy.blocks[1]!.parameters()[0]!.toList(), await model.blocks[1]!.parameters()[0]!.toList());
});

Deno.test("what does not fit is listed by name and shape, and nothing is loaded", async () => {
  const random = new HostRandom(0);
  const net = new Sequential(new Linear(2, 3, random), new Linear(3, 1, random));
  const before = await net[0]!.parameters()[0]!.toList();
  const state = { ...net.stateDict(), "1.weight": zeros([2, 3]), "0.weight": zeros([3, 2]), strange: zeros([4]) };
  throws(
    () => net.loadStateDict(state),
    /do not fit Sequential `net`: 13 parameters, and nothing was loaded; of another shape or dtype: `1\.weight` is float32 \[1, 3\] here and float32 \[2, 3\] there; unexpected: `strange` float32 \[4\]\./,
  );
  equal(await net[0]!.parameters()[0]!.toList(), before);
  const { "1.weight": _, ...some } = net.stateDict();
  throws(() => net.loadStateDict(some), /missing: `1\.weight` float32 \[1, 3\]\./);
  equal(net.loadStateDict(some, { strict: false }), { missingKeys: ["1.weight"], unexpectedKeys: [] });
  const optimizer = new Adam(net.parameters());
  throws(
    () => optimizer.loadStateDict({}),
    /do not fit the optimiser Adam, .*missing: `count` float32 \[\], `parameters\.lr`/,
  );
});

Deno.test("a parameter with two names is there if one of them is", () => {
  const random = new HostRandom(0);
  const table = new Embedding(5, 4, random);
  class Tied extends Module {
    readonly table = table;
    readonly head = new Linear(4, 5, random, { biasInit: null, weight: table.weight });
    override forward(x: Tensor): Tensor {
      return this.head.forward(this.table.forward(x));
    }
  }
  const net = new Tied();
  equal(Object.keys(net.stateDict()), ["table.weight", "head.weight"]);
  equal(net.loadStateDict({ "table.weight": zeros([5, 4]) }), { missingKeys: [], unexpectedKeys: [] });
  strictEqual(new Adam(net.parameters()).groups[0]!.group.size, 20);
  throws(
    () => new Linear(4, 6, random, { weight: table.weight }),
    /the weight that a Linear shares is \[6, 4\], \[out, in\], not float32 \[5, 4\]/,
  );
});

const x = tensor([[0, 1, 2, 3], [3, 2, 1, 0]], { dtype: "int32" });
const y = tensor([0, 2], { dtype: "int32" });

function learner(seed: number) {
  const model = new Model(seed, 0.2);
  const optimizer = new Adam(model.parameters(), { lr: 1e-2 });
  const step = compile(() => {
    const loss = crossEntropy(model.forward(x).mean(1), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  }, { state: [model, optimizer] });
  return { model, optimizer, step };
}

onCpu("what was saved and loaded goes on bit for bit, with dropout and moments", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  const first = learner(0);
  for (let i = 0; i < 3; i++) await first.step();
  await saveSafetensors(path, { ...first.model.stateDict("model."), ...first.optimizer.stateDict("optimizer.") });
  const expected: unknown[] = [];
  for (let i = 0; i < 3; i++) expected.push(await (await first.step()).item());

  const second = learner(1);
  const saved = await loadSafetensors(path);
  second.model.loadStateDict(saved, { prefix: "model." });
  second.optimizer.loadStateDict(saved, { prefix: "optimizer." });
  const found: unknown[] = [];
  for (let i = 0; i < 3; i++) found.push(await (await second.step()).item());
  equal(found, expected);
  await Deno.remove(path);
});

Deno.test("a file that there is not, or that is none, is told in a sentence with its path", async () => {
  await rejects(
    () => loadSafetensors("no/such.safetensors"),
    /^UsageError: no\/such\.safetensors could not be read: it does not exist\.$/,
  );
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  await Deno.writeTextFile(path, "no tensors at all");
  await rejects(() => loadSafetensors(path), /safetensors is not a safetensors file: its first 8 bytes are no length/);
  const tensors = { x: { dtype: "float32" as const, shape: [1], data: Float32Array.of(3) } };
  for (const keys of ["{bad", "null", "3", "[1]", '{"a":3}', '{"a":[1]}', '{"a":[1,2,3]}', '{"a":[-1,1e99]}']) {
    await Deno.writeFile(path, encodeSafetensors({ tensors, metadata: { random_keys: keys } }));
    await rejects(
      () => loadSafetensors(path),
      /safetensors is damaged: the "random_keys" of its metadata are not two whole numbers by name each\.$/,
      keys,
    );
  }
  await Deno.writeFile(path, encodeSafetensors({ tensors, metadata: { random_keys: '{"x":[1,2]}' } }));
  await rejects(() => loadSafetensors(path), /safetensors holds "x" twice: as a tensor, and as a random key\.$/);
  await Deno.remove(path);
  await rejects(
    () => saveSafetensors("no/such/x.safetensors", { x }),
    /^WriteError: no\/such\/x\.safetensors could not be written/,
  );
});

Deno.test("keys of random numbers are kept beside the tensors, where PyTorch does not look", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  const drop = new Dropout(0.5, new HostRandom(4));
  class Net extends Module {
    readonly drop = drop;
    readonly scale = new Parameter(tensor([1, 2]), "scale");
    override forward(x: Tensor): Tensor {
      return this.drop.forward(x.mul(this.scale));
    }
  }
  await saveSafetensors(path, new Net().stateDict());
  const bytes = await Deno.readFile(path);
  const size = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const { __metadata__: metadata, ...tensors } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
  equal(Object.keys(tensors), ["scale"]);
  strictEqual(metadata.format, "pt");
  const loaded = await loadSafetensors(path);
  equal(await loaded["drop.generator.key"]!.data(), await drop.generator.key.data());
  await Deno.remove(path);
});
