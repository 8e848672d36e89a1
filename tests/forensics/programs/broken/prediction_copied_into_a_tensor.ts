/** The prediction is copied into a new tensor for the main loss; only the weight penalty on it learns. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(1),
  net = new MLP([2, 8, 1], random),
  optimizer = new Adam(net.parameters(), { lr: 0.01 });
for (let i = 0; i < 3; i++) {
  const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });
  const out = net.forward(x);
  const prediction = tensor(await out.data(), { shape: [8, 1] }); // expect warning G111
  const loss = prediction.sub(x.sum(1, true)).square().mean().add(out.square().mean().mul(0.01));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
