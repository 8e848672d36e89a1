/** A GAN of numbers: two optimisers, the generator's samples detached for the discriminator. */

import { Adam, Generator, HostRandom, MLP, type Tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const generator = new Generator(3);
const artist = new MLP([2, 16, 1], random);
const judge = new MLP([1, 16, 1], random, { activation: "relu" });
const artistOptimizer = new Adam(artist.parameters(), { lr: 1e-2 });
const judgeOptimizer = new Adam(judge.parameters(), { lr: 1e-2 });
export const losses: number[] = [];

const isReal = (logit: Tensor): Tensor => logit.neg().softplus().mean();
const isFake = (logit: Tensor): Tensor => logit.softplus().mean();

for (let i = 0; i < 28; i++) {
  const real = generator.normal([64, 1]).mul(0.3).add(3);
  const fake = artist.forward(generator.normal([64, 2]));
  losses.push(Math.abs(3 - (await fake.mean().item() as number)));
  const judgeLoss = isReal(judge.forward(real)).add(isFake(judge.forward(fake.detach())));
  judgeOptimizer.zeroGrad();
  judgeLoss.backward();
  judgeOptimizer.step();
  const artistLoss = isReal(judge.forward(fake));
  artistOptimizer.zeroGrad();
  artistLoss.backward();
  artistOptimizer.step();
}
