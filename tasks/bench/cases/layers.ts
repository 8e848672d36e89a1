/** Layers beside PyTorch's: two convolutions, a GRU through time, and a step of a small GPT. */

import {
  AdamW,
  compile,
  Conv2d,
  crossEntropy,
  Embedding,
  gradients,
  GRU,
  HostRandom,
  LayerNorm,
  Linear,
  Module,
  normal,
  randomInt,
  randomKey,
  ReLU,
  Sequential,
  type Tensor,
  TransformerBlock,
} from "../../../mod.ts";
import type { Run } from "../protocol.ts";

/** Two convolutions of 3 x 3, 3 to 16 to 32 channels, over 64 images of 32 x 32: forward, and the gradient of all weights. */
export async function convolutions(): Promise<Run> {
  const random = new HostRandom(0);
  const net = new Sequential(
    new Conv2d(3, 16, 3, random, { padding: 1 }),
    new ReLU(),
    new Conv2d(16, 32, 3, random, { padding: 1 }),
  );
  const x = normal(randomKey(1), [64, 3, 32, 32]);
  await x.data();
  const run = compile((x: Tensor) => {
    const loss = net.forward(x).square().mean();
    return [loss, ...gradients(loss, net.parameters())];
  }, { state: net, name: "the convolutions" });
  return async () => {
    await (await run(x))[0]!.item();
  };
}

const units = 64, steps = 100;

/** A GRU of 64 units over 100 steps, for a batch of so many sequences: forward, and the gradient of all weights. */
export async function gru(batch: number): Promise<Run> {
  const net = new GRU(units, units, new HostRandom(0));
  const x = normal(randomKey(1), [steps, batch, units]);
  await x.data();
  const run = compile((x: Tensor) => {
    const loss = net.run(x)[0].square().mean();
    return [loss, ...gradients(loss, net.parameters())];
  }, { state: net, name: "the GRU" });
  return async () => {
    await (await run(x))[0]!.item();
  };
}

const width = 128, context = 256, symbols = 65;

class GPT extends Module {
  readonly #random = new HostRandom(0);
  readonly tokens = new Embedding(symbols, width, this.#random);
  readonly positions = new Embedding(context, width, this.#random);
  readonly blocks: TransformerBlock[];
  readonly norm = new LayerNorm(width);
  readonly head = new Linear(width, symbols, this.#random, { biasInit: null, weight: this.tokens.weight });

  constructor(blocks: number) {
    super();
    this.blocks = Array.from({ length: blocks }, () => new TransformerBlock(width, 4, this.#random));
  }

  override forward(x: Tensor): Tensor {
    const start = this.tokens.forward(x).add(this.positions.weight);
    return this.head.forward(this.norm.forward(this.blocks.reduce((h, b) => b.forward(h, { isCausal: true }), start)));
  }
}

/** A training step of a GPT: 128 features, 4 heads, 4 blocks, 256 symbols of context, a batch of 16, AdamW. */
export async function gpt(): Promise<Run> {
  const net = new GPT(4);
  const optimizer = new AdamW(net.parameters(), { lr: 3e-4 });
  const [x, y] = [1, 2].map((seed) => randomInt(randomKey(seed), [16, context], 0, symbols)) as [Tensor, Tensor];
  await Promise.all([x.data(), y.data()]);
  const step = compile((x: Tensor, y: Tensor) => {
    const loss = crossEntropy(net.forward(x).reshape(-1, symbols), y.reshape(-1));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  }, { state: [net, optimizer], name: "the GPT step" });
  return async () => {
    await (await step(x, y)).item();
  };
}
