/** Positions by an outer product of as many positions as frequencies, a loss of the hardest examples, ranks that are looked at only. */

import { Adam, arange, concat, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(51);
const [length, size] = [8, 16];
const frequencies = arange(0, size, 2).mul(-Math.log(10_000) / size).exp();
const angles = arange(length).unsqueeze(1).mul(frequencies);
const positions = concat([angles.sin(), angles.cos()], 1);

const net = new MLP([size, 16, 1], random);
const optimizer = new Adam(net.parameters(), { lr: 1e-2 });
const target = tensor(random.uniform(length, -1, 1), { shape: [length, 1] });

/** The loss of each step. */
export const losses: number[] = [];
for (let i = 0; i < 30; i++) {
  optimizer.zeroGrad();
  const errors = net.forward(positions).sub(target).square().squeeze(-1);
  const { values, indices } = errors.topk(4);
  const loss = values.mean();
  loss.backward();
  optimizer.step();
  await indices.toList();
  losses.push(Number(await errors.mean().item()));
}
