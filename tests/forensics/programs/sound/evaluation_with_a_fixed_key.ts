/** A compiled evaluation draws the same noise each time, on purpose; the step is apart. */

import { Adam, compile, HostRandom, MLP, normal, randomKey, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(28), key = randomKey(1);
const net = new MLP([2, 16, 1], random);
const optimizer = new Adam(net.parameters(), { lr: 1e-2 });
const step = compile((x: Tensor) => {
  const loss = net.forward(x).sub(x.sum(1, true)).square().mean();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [net, optimizer] });
const evaluate = compile(() => {
  const x = normal(key, [32, 2]);
  return net.forward(x).sub(x.sum(1, true)).square().mean();
}, { state: net });
export const losses: number[] = [];
for (let i = 0; i < 30; i++) {
  await step(tensor(random.uniform(32, -1, 1), { shape: [16, 2] }));
  losses.push(await (await evaluate()).item() as number);
}
