/** A depth network ends in a relu whose bias was initialised far below 0. */

import { HostRandom, Linear, MLP, SGD, tensor, uniformInit } from "../../../../mod.ts";

const random = new HostRandom(27);
const features = new MLP([4, 16, 16], random);
const depth = new Linear(16, 1, random, { biasInit: (r, shape) => uniformInit(0.1)(r, shape).sub(20) });
const optimizer = new SGD([...features.parameters(), ...depth.parameters()], { lr: 0.01 });
const pixels = tensor(random.uniform(64, -1, 1), { shape: [16, 4] });
const metres = tensor(random.uniform(16, 1, 5), { shape: [16, 1] });

for (let i = 0; i < 5; i++) {
  optimizer.zeroGrad();
  const raw = depth.forward(features.forward(pixels));
  const predicted = raw.relu(); // expect warning G110
  const loss = predicted.sub(metres).square().mean();
  loss.backward();
  optimizer.step();
  await loss.item();
}
