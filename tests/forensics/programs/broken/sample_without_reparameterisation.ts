/** A variational autoencoder that draws its code with sample() where rsample() was meant. */

import { Adam, Generator, HostRandom, Linear, MLP, Normal, tensor } from "../../../../mod.ts";

const random = new HostRandom(15);
const generator = new Generator(15);
const trunk = new MLP([6, 16, 8], random);
const mean = new Linear(8, 2, random);
const logStd = new Linear(8, 2, random);
const decoder = new MLP([2, 16, 6], random);
const optimizer = new Adam([trunk, mean, logStd, decoder].flatMap((m) => m.parameters()), { lr: 1e-3 });
const data = tensor(random.uniform(60), { shape: [10, 6] });

for (let epoch = 0; epoch < 5; epoch++) {
  const h = trunk.forward(data).tanh();
  const posterior = new Normal(mean.forward(h), logStd.forward(h).exp());
  const z = posterior.sample(generator.next()); // expect G101
  const loss = decoder.forward(z).sub(data).square().sum(1).mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
