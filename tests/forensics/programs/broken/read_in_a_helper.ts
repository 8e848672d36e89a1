/** Numbers are read by a helper, which many lines call: one of them lets the gate lose its gradient. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(31);
const number = async (t: Tensor): Promise<number> => await t.item() as number; // expect G101
const gate = new MLP([3, 8, 1], random);
const net = new MLP([3, 8, 1], random);
const optimizer = new Adam([...gate.parameters(), ...net.parameters()], { lr: 1e-3 });

async function lossOf(x: Tensor): Promise<Tensor> {
  const open = await number(gate.forward(x).sigmoid().mean());
  return net.forward(x).mul(open).sub(1).square().mean();
}

for (let i = 0; i < 3; i++) {
  const loss = await lossOf(tensor(random.uniform(12, -1, 1), { shape: [4, 3] }));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  console.debug("loss", await number(loss));
}
