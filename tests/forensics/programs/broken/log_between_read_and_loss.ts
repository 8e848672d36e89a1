/** Two reads of one net: a gate by host arithmetic of a vector, and a log. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const gate = new MLP([3, 8, 4], random), net = new MLP([3, 8, 4], random);
const opt = new Adam([...gate.parameters(), ...net.parameters()], { lr: 1e-3 });
for (let i = 0; i < 2; i++) {
  const x = draw(1, 3);
  const open = (await gate.forward(x).data()).map((v) => 1 / (1 + Math.exp(-v))); // expect warning G101
  console.debug("gate", await gate.forward(x).mean().item());
  const loss = net.forward(x).mul(tensor(open as Float32Array, { shape: [1, 4] })).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
}
