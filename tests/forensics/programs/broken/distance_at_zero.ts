/** Contrastive learning: the distance of a pair of equal embeddings has no finite slope. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(47);
const embed = new MLP([3, 8, 2], random);
const optimizer = new Adam(embed.parameters(), { lr: 1e-3 });

for (let i = 0; i < 4; i++) {
  const left = tensor(random.uniform(15, -1, 1), { shape: [5, 3] });
  const right = i === 2 ? left : tensor(random.uniform(15, -1, 1), { shape: [5, 3] });
  const squared = embed.forward(left).sub(embed.forward(right)).square().sum(1);
  const distance = squared.sqrt(); // expect G402
  const loss = distance.mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  console.debug(await loss.item());
}
