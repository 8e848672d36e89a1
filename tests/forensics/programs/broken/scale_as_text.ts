/** A number goes through toFixed() and Number(). */

import { Adam, HostRandom, MLP, Parameter, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const net = new MLP([3, 8, 1], random), scale = new Parameter(tensor(0.7312), "scale");
const opt = new Adam([...net.parameters(), scale], { lr: 1e-3 });
for (let i = 0; i < 2; i++) {
  const s = Number((await scale.item() as number).toFixed(2)); // expect warning G101
  const loss = net.forward(draw(4, 3)).mul(s).sub(1).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
}
