/** Deep Q-learning whose replay buffer fills before anything is learned; the step is called anyway. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(15);
const q = new MLP([2, 16, 1], random);
const optimizer = new Adam(q.parameters(), { lr: 1e-2 });
const buffer: { s: Float32Array; r: number }[] = [];
export const losses: number[] = [];
for (let i = 0; i < 60; i++) {
  const s = random.uniform(2, -1, 1);
  buffer.push({ s, r: s[0]! - s[1]! });
  optimizer.zeroGrad();
  if (buffer.length >= 8) {
    const rows = random.permutation(buffer.length).slice(0, 8);
    const x = tensor([...rows].map((k) => [...buffer[k]!.s])), r = tensor([...rows].map((k) => [buffer[k]!.r]));
    const loss = q.forward(x).sub(r).square().mean();
    loss.backward();
    losses.push(await loss.item() as number);
  }
  optimizer.step();
}
