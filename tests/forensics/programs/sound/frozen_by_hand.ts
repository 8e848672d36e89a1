/** The trunk is left alone for five steps by taking its gradients away, as one does in PyTorch. */

import { Adam, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(25);
const trunk = new MLP([2, 16, 8], random), head = new Linear(8, 1, random);
const optimizer = new Adam([...trunk.parameters(), ...head.parameters()], { lr: 1e-2 });
export const losses: number[] = [];
for (let i = 0; i < 40; i++) {
  const x = tensor(random.uniform(32, -1, 1), { shape: [16, 2] });
  const loss = head.forward(trunk.forward(x).tanh()).sub(x.sum(1, true)).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  if (i < 5) { for (const p of trunk.parameters()) p.grad = null; }
  optimizer.step();
  losses.push(await loss.item() as number);
}
