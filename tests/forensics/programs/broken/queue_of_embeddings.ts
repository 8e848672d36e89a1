/** A queue of keys (MoCo) in one Float32Array, filled with set(); the keys' encoder is to learn by it. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const query = new MLP([4, 8, 3], random), key = new MLP([4, 8, 3], random);
const opt = new Adam([...query.parameters(), ...key.parameters()], { lr: 1e-3 });
const queue = new Float32Array(8 * 3);
for (let i = 0; i < 3; i++) {
  const x = draw(4, 4);
  queue.set(await key.forward(x).data(), (i % 2) * 12); // expect G101
  const logits = query.forward(x).matmul(tensor(queue.slice(), { shape: [8, 3] }).transpose());
  const loss = logits.logSoftmax(-1).select(-1, 0).mean().neg();
  opt.zeroGrad();
  loss.backward();
  opt.step();
}
