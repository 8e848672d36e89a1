/** An autoencoder whose code is detached "to save memory": the encoder stays as it is. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(11);
const encoder = new MLP([10, 16, 2], random);
const decoder = new MLP([2, 16, 10], random);
const optimizer = new Adam([...encoder.parameters(), ...decoder.parameters()], { lr: 1e-3 });
const images = tensor(random.uniform(120), { shape: [12, 10] });

let best = Infinity;
for (let epoch = 0; epoch < 6; epoch++) {
  optimizer.zeroGrad();
  const code = encoder.forward(images).tanh();
  const decoded = decoder.forward(code.detach()); // expect G101
  const loss = decoded.sub(images).square().mean();
  loss.backward();
  optimizer.step();
  best = Math.min(best, await loss.item() as number);
}
