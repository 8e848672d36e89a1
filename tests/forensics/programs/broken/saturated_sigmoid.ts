/** Raw pixel values (0 to 255) times 1000 go into a sigmoid: in float32 it is exactly 1. */

import { compile, HostRandom, Linear, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(29);
const gate = new Linear(4, 8, random, { biasInit: null });
const output = new Linear(8, 1, random);
const optimizer = new SGD([...gate.parameters(), ...output.parameters()], { lr: 0.1 });

const step = compile((pixels: Tensor, label: Tensor) => {
  const open = gate.forward(pixels).abs().add(200).sigmoid(); // expect warning G110
  const loss = output.forward(open).sub(label).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return { loss };
}, { state: [gate, output, optimizer] });

for (let i = 0; i < 5; i++) {
  const pixels = tensor(random.uniform(40, 0, 255), { shape: [10, 4] });
  await step(pixels, pixels.mean(1, true).div(255));
}
