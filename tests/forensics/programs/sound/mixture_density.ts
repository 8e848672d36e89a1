/** A mixture of normal vectors, whose factors, weights and means a network says, learns the density of a ring. */

import { Adam, Categorical, HostRandom, MixtureSameFamily, MLP, MultivariateNormal, tensor } from "../../../../mod.ts";

const random = new HostRandom(52);
const net = new MLP([1, 16, 3 * 6], random);
const optimizer = new Adam(net.parameters(), { lr: 1e-2 });
const angles = random.uniform(64, 0, 2 * Math.PI);
const points = tensor([...angles].map((a) => [Math.cos(a), Math.sin(a)]));
const condition = tensor([...angles].map((a) => [Math.cos(a)]));

/** The loss of each step. */
export const losses: number[] = [];
for (let i = 0; i < 30; i++) {
  optimizer.zeroGrad();
  const said = net.forward(condition).unflatten(1, [3, 6]);
  const [logits, loc, scale, below] = said.split([1, 2, 2, 1], -1);
  const lower = scale!.softplus().add(0.1).diagEmbed().add(
    below!.diagEmbed(-1),
  );
  const density = new MixtureSameFamily(
    new Categorical(logits!.squeeze(-1)),
    new MultivariateNormal(loc!, { scaleTril: lower }),
  );
  const loss = density.logProb(points).mean().neg();
  loss.backward();
  optimizer.step();
  losses.push(Number(await loss.item()));
}
