/** An autoencoder whose code is copied for the decoder, and kept small where it is alive: the encoder learns to be small. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(2), encoder = new MLP([4, 8, 2], random), decoder = new MLP([2, 8, 4], random);
const optimizer = new Adam([...encoder.parameters(), ...decoder.parameters()], { lr: 0.01 });
for (let i = 0; i < 3; i++) {
  const x = tensor(random.uniform(32, -1, 1), { shape: [8, 4] });
  const code = encoder.forward(x);
  const copy = tensor(await code.data(), { shape: [8, 2] }); // expect warning G111
  const loss = decoder.forward(copy).sub(x).square().mean().add(code.square().mean().mul(0.01));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
