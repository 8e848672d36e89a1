/** A velocity is clamped to metres per second, but predicted in millimetres. */

import { Adam, compile, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(26);
const net = new MLP([2, 16, 1], random);
const optimizer = new Adam(net.parameters(), { lr: 1e-3 });

const step = compile((x: Tensor, velocity: Tensor) => {
  const predicted = net.forward(x).add(1500);
  const safe = predicted.clamp(-5, 5); // expect warning G110
  const loss = safe.sub(velocity).abs().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [net, optimizer] });

for (let i = 0; i < 5; i++) {
  const x = tensor(random.uniform(20, -1, 1), { shape: [10, 2] });
  console.debug(await (await step(x, x.sum(1, true))).item());
}
