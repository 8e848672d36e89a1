/** The trust network's other half: fused states go into a buffer, and the update uses what is in it. */

import { Adam, HostRandom, MLP, stack, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(32);
const fusion = new MLP([6, 16, 2], random);
const optimizer = new Adam(fusion.parameters(), { lr: 1e-3 });
const buffer: { fused: Tensor; real: Tensor }[] = [];

for (let step = 0; step < 12; step++) {
  const sensors = tensor(random.uniform(6, -1, 1));
  const fused = fusion.forward(sensors.unsqueeze(0)).squeeze(0); // expect G204
  buffer.push({ fused, real: sensors.slice(0, 0, 2) });
  if (step < 4) continue;
  const batch = buffer.slice(-4);
  const loss = stack(batch.map((x) => x.fused)).sub(stack(batch.map((x) => x.real))).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
