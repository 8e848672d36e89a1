/** Noise in a compiled step by a key that is an argument, drawn by HostRandom outside; minibatches in the host's order. */

import { Adam, compile, HostRandom, MLP, normal, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(32);
const net = new MLP([2, 16, 1], random);
const optimizer = new Adam(net.parameters(), { lr: 1e-2 });
const step = compile((x: Tensor, key: Tensor) => {
  const loss = net.forward(x.add(normal(key, [16, 2]).mul(0.05))).sub(x.sum(1, true)).square().mean();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [net, optimizer] });
export const losses: number[] = [];
const all = tensor(random.uniform(128, -1, 1), { shape: [64, 2] });
for (let i = 0; i < 30; i++) {
  const rows = tensor(random.permutation(64).slice(0, 16));
  losses.push(await (await step(all.take(rows, 0), random.key())).item() as number);
}
