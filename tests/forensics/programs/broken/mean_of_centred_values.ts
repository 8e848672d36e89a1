/** The mean of centred advantages is 0, and so is its gradient. */

import { Adam, compile, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const net = new MLP([4, 8, 1], random);
const opt = new Adam(net.parameters(), { lr: 1e-3 });
const step = compile((x: Tensor) => {
  const v = net.forward(x).squeeze(-1);
  const loss = v.sub(v.mean()).mean(); // expect warning G110
  opt.zeroGrad();
  loss.backward();
  opt.step();
  return loss;
}, { state: [net, opt] });
for (let i = 0; i < 2; i++) await (await step(draw(8, 4))).item();
