/** A compressor: the code is cast to whole numbers, without a straight-through estimator. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(14);
const analysis = new MLP([8, 16, 4], random);
const synthesis = new MLP([4, 16, 8], random);
const optimizer = new Adam([...analysis.parameters(), ...synthesis.parameters()], { lr: 1e-3 });
const signals = tensor(random.uniform(80, -2, 2), { shape: [10, 8] });

for (let i = 0; i < 5; i++) {
  const code = analysis.forward(signals).mul(4);
  const symbols = code.cast("int32"); // expect G101
  const restored = synthesis.forward(symbols.cast("float32").mul(0.25));
  const loss = restored.sub(signals).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
