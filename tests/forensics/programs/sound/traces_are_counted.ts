/** A compiled step that counts and logs its traces on the host, makes a fixed projection from a seed, and remembers a table. */

import { Adam, compile, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(29);
const net = new MLP([4, 16, 1], random);
const optimizer = new Adam(net.parameters(), { lr: 1e-2 });
let traced = 0, table: Tensor | null = null;
const step = compile((x: Tensor) => {
  console.debug(`trace ${++traced} of ${new Date().toISOString()}`);
  const projection = tensor(new HostRandom(7).uniform(8, -1, 1), { shape: [2, 4] });
  table ??= tensor([[0.5], [0.25]]);
  const loss = net.forward(x.matmul(projection)).sub(x.matmul(table)).square().mean();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [net, optimizer] });
export const losses: number[] = [];
for (let i = 0; i < 30; i++) {
  losses.push(await (await step(tensor(random.uniform(32, -1, 1), { shape: [16, 2] }))).item() as number);
}
