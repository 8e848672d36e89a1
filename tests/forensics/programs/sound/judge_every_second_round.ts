/** The discriminator learns in every second round only; its step is called in each. */

import { Adam, Generator, HostRandom, MLP, type Tensor } from "../../../../mod.ts";

const random = new HostRandom(3), generator = new Generator(3);
const artist = new MLP([2, 16, 1], random), judge = new MLP([1, 16, 1], random);
const artistOptimizer = new Adam(artist.parameters(), { lr: 1e-2 }),
  judgeOptimizer = new Adam(judge.parameters(), { lr: 1e-2 });
export const losses: number[] = [];
const isReal = (logit: Tensor): Tensor => logit.neg().softplus().mean(),
  isFake = (logit: Tensor): Tensor => logit.softplus().mean();
for (let i = 0; i < 28; i++) {
  const fake = artist.forward(generator.normal([64, 2]));
  losses.push(Math.abs(3 - (await fake.mean().item() as number)));
  judgeOptimizer.zeroGrad();
  if (i % 2 === 1) {
    isReal(judge.forward(generator.normal([64, 1]).mul(0.3).add(3))).add(isFake(judge.forward(fake.detach("given"))))
      .backward();
  }
  judgeOptimizer.step();
  artistOptimizer.zeroGrad();
  const again = artist.forward(generator.normal([64, 2]));
  isReal(judge.forward(again)).backward();
  artistOptimizer.step();
}
