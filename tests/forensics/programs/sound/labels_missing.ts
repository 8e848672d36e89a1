/** Two heads with labels of their own; most batches have no labels of depth. */

import { AdamW, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(11);
const trunk = new MLP([2, 16, 8], random), segment = new Linear(8, 1, random), depth = new Linear(8, 1, random);
const optimizer = new AdamW([trunk, segment, depth].flatMap((x) => x.parameters()), { lr: 1e-2 });
export const losses: number[] = [];
for (let i = 0; i < 40; i++) {
  const x = tensor(random.uniform(32, -1, 1), { shape: [16, 2] });
  const h = trunk.forward(x).tanh();
  let loss = segment.forward(h).sub(x.sum(1, true)).square().mean();
  losses.push(await loss.item() as number);
  if (i % 2 === 1) loss = loss.add(depth.forward(h).sub(x.slice(1, 0, 1)).square().mean());
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
