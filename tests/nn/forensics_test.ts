/** A cut behind each layer is named with its line; layers that drop, mask or look up raise no false alarm. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { onCpu } from "../engines.ts";
import { runText } from "../forensics/programs.ts";

interface Layer {
  /** How it is made. */
  readonly layer: string;
  /** What `x`, the output of the layer before it, `[6, 4, 8]`, goes through; gives `[.., 8]` or another shape. */
  readonly call: string;
}

const image = (call: string): string => `${call.replace("x", "x.reshape(6, 2, 4, 4)")}.reshape(6, -1)`;

const layers: Readonly<Record<string, Layer>> = {
  Dropout: { layer: "new p.Dropout(0.2, random)", call: "layer.forward(x)" },
  Sequential: { layer: "new p.Sequential(new p.Linear(8, 8, random), new p.GELU())", call: "layer.forward(x)" },
  RMSNorm: { layer: "new p.RMSNorm(8)", call: "layer.forward(x)" },
  GroupNorm: { layer: "new p.GroupNorm(2, 4)", call: "layer.forward(x)" },
  BatchNorm: { layer: "new p.BatchNorm(4)", call: "layer.forward(x)" },
  Conv2d: { layer: "new p.Conv2d(2, 3, 3, random, { padding: 1 })", call: image("layer.forward(x)") },
  Conv1d: { layer: "new p.Conv1d(4, 4, 3, random, { padding: 1 })", call: "layer.forward(x)" },
  MaxPool2d: { layer: "new p.MaxPool2d(2)", call: image("layer.forward(x)") },
  AvgPool2d: { layer: "new p.AvgPool2d(3, { stride: 1, padding: 1 })", call: image("layer.forward(x)") },
  AdaptiveAvgPool2d: { layer: "new p.AdaptiveAvgPool2d([2, 3])", call: image("layer.forward(x)") },
  AdaptiveMaxPool2d: { layer: "new p.AdaptiveMaxPool2d(3)", call: image("layer.forward(x)") },
  "GRU with dropout": { layer: "new p.GRU(8, 8, random, { numLayers: 2, dropout: 0.2 })", call: "layer.forward(x)" },
  GRU: { layer: "new p.GRU(8, 4, random, { bidirectional: true, numLayers: 2 })", call: "layer.forward(x)" },
  LSTM: { layer: "new p.LSTM(8, 8, random, { batchFirst: true })", call: "layer.forward(x)" },
  scaledDotProductAttention: {
    layer: "new p.Linear(8, 8, random)",
    call: "p.scaledDotProductAttention(layer.forward(x), x, x, { isCausal: true })",
  },
  MultiheadAttention: {
    layer: "new p.MultiheadAttention(8, 2, random, { batchFirst: true, dropout: 0.1 })",
    call: "layer.forward(x, x, x, { keyPaddingMask: padding })",
  },
  "MultiheadAttention with weights": {
    layer: "new p.MultiheadAttention(8, 2, random, { batchFirst: true, kdim: 4 })",
    call: "p.concat(layer.forward(x, x.slice(2, 0, 4), x, { needWeights: true }), 2)",
  },
  TransformerBlock: { layer: "new p.TransformerBlock(8, 2, random)", call: "layer.forward(x, { isCausal: true })" },
  rotaryPositions: { layer: "new p.Linear(8, 8, random)", call: "p.rotaryPositions(layer.forward(x))" },
};

/** A network of an embedding, a linear layer, the layer and a head, trained for some steps; `.detach()` stands in for `CUT`. */
function program({ layer, call }: Layer, cut: string): string {
  return `import * as p from "../../../../mod.ts";
const random = new p.HostRandom(0);
const table = new p.Embedding(11, 8, random, { paddingIdx: 0 });
const before = new p.Linear(8, 8, random);
const layer = ${layer};
const padding = p.arange(4).unsqueeze(0).greater(p.tensor([[1], [2], [3], [3], [3], [3]]));
const symbols = p.tensor(Int32Array.from({ length: 24 }, (_, i) => (5 * i) % 9), { shape: [6, 4], dtype: "int32" });
const size = through(p.zeros([6, 4, 8])).shape.at(-1)!;
const head = new p.Linear(size, 3, random);
const optimizer = new p.AdamW([table, before, layer, head].flatMap((x) => x.parameters()), { lr: 1e-2 });
export const losses: number[] = [];
function through(x: p.Tensor): p.Tensor {
  return ${call};
}
for (let i = 0; i < 3; i++) {
  const x = before.forward(table.forward(symbols));
  const h = through(x)${cut};
  const y = head.forward(h).reshape(-1, 3);
  const classes = p.arange(y.shape[0]!).remainder(3).cast("int32");
  const loss = p.crossEntropy(y, classes.where(classes.notEqual(1), -100), { labelSmoothing: 0.1 });
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await loss.item() as number);
}
`;
}

/** The line of the cut, from 1. */
const cutLine = 17;

for (const [name, layer] of Object.entries(layers)) {
  onCpu(`a cut behind ${name} is named with its line, and without one nothing is said`, async () => {
    const { outcomes } = await runText(program(layer, ".detach()"));
    equal(outcomes.map(({ code, line }) => ({ code, line })).slice(0, 1), [{ code: "G101", line: cutLine }]);
    const sound = await runText(program(layer, ""));
    equal(sound.outcomes.map((x) => `${x.code} ${x.line}: ${x.message}`), []);
    const losses = sound.exports.losses as number[];
    ok(losses.length === 3 && losses.at(-1)! < losses[0]!, `${losses}`);
  });
}

onCpu("in a compiled step a cut behind a block and a frozen table are told apart", async () => {
  const text = (cut: string): string =>
    `import * as p from "../../../../mod.ts";
const random = new p.HostRandom(0);
const table = p.frozen(new p.Embedding(9, 8, random));
const block = new p.TransformerBlock(8, 2, random, { dropout: 0.1, rotary: {} });
const head = new p.Linear(8, 9, random, { biasInit: null });
const optimizer = new p.Adam([table, block, head].flatMap((x) => x.parameters()), { lr: 1e-2 });
const step = p.compile((x: p.Tensor) => {
  const h = block.forward(table.forward(x), { isCausal: true })${cut};
  const loss = p.crossEntropy(head.forward(h).reshape(-1, 9), x.reshape(-1));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [table, block, head, optimizer] });
const x = p.tensor(Int32Array.from({ length: 12 }, (_, i) => (5 * i) % 9), { shape: [3, 4] });
for (let i = 0; i < 4; i++) await step(x);
`;
  const { outcomes } = await runText(text(".detach()"));
  equal(outcomes.map(({ code, line }) => ({ code, line })), [{ code: "G101", line: 8 }]);
  equal((await runText(text(""))).outcomes.map((x) => `${x.code}: ${x.message}`), []);
});
