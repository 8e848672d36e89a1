/** A world model's latent is read to imagine from, and the encoder is trained by the imagined rewards only. */

import { Adam, HostRandom, Linear, MLP, stack, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const encoder = new MLP([6, 16, 4], random), dynamics = new MLP([4, 16, 4], random), reward = new Linear(4, 1, random);
const opt = new Adam([encoder, dynamics, reward].flatMap((m) => m.parameters()), { lr: 1e-3 });
async function imagine(observation: Tensor, horizon: number): Promise<Tensor> {
  const start = await encoder.forward(observation).tanh().data(); // expect G101
  let latent = tensor(Float32Array.from(start), { shape: [observation.shape[0]!, 4] });
  const rewards: Tensor[] = [];
  for (let t = 0; t < horizon; t++) {
    latent = latent.add(dynamics.forward(latent).tanh().mul(0.1));
    rewards.push(reward.forward(latent));
  }
  return stack(rewards, 1).mean();
}
for (let i = 0; i < 2; i++) {
  const loss = (await imagine(draw(4, 6), 5)).neg();
  opt.zeroGrad();
  loss.backward();
  opt.step();
}
