/** Sensor fusion: a small network says how far the GPS is to be trusted. Its answer is read before the fusion. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(0);
const trustNet = new MLP([2, 8, 1], random);
const positionNet = new MLP([4, 16, 2], random);
const optimizer = new Adam([...trustNet.parameters(), ...positionNet.parameters()], { lr: 1e-3 });

for (let step = 0; step < 20; step++) {
  const gps = tensor(random.uniform(2, -1, 1), { shape: [1, 2] });
  const imu = tensor(random.uniform(4, -1, 1), { shape: [1, 4] });
  const real = gps.mul(0.9);

  const trust = await trustNet.forward(gps).sigmoid().item() as number; // expect G101
  const fused = gps.mul(trust).add(positionNet.forward(imu).mul(1 - trust));
  const loss = fused.sub(real).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  if (step % 10 === 0) console.debug("loss", await loss.item());
}
