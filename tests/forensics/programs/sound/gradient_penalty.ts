/** A critic of Wasserstein's kind with a gradient penalty: a gradient inside of the loss. */

import { Adam, Generator, gradients, HostRandom, MLP } from "../../../../mod.ts";

const random = new HostRandom(13);
const generator = new Generator(13);
const critic = new MLP([2, 32, 1], random);
const optimizer = new Adam(critic.parameters(), { lr: 5e-3 });
export const losses: number[] = [];

for (let i = 0; i < 40; i++) {
  const real = generator.normal([32, 2]).add(1);
  const fake = generator.normal([32, 2]).sub(1);
  const mix = generator.uniform([32, 1]);
  const between = real.mul(mix).add(fake.mul(mix.neg().add(1)));
  const [slope] = gradients(critic.forward(between).sum(), [between]);
  const penalty = slope!.square().sum(1).add(1e-12).sqrt().sub(1).square().mean();
  const loss = critic.forward(fake).mean().sub(critic.forward(real).mean()).add(penalty.mul(10));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await loss.item() as number);
}
