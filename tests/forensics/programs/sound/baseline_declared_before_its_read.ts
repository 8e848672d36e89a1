/** A baseline that host arithmetic is to use as data: it is stopped with a reason before it is read. */

import { Adam, Categorical, HostRandom, MLP, stopGradient, tensor } from "../../../../mod.ts";

const random = new HostRandom(54);
const policy = new MLP([4, 16, 3], random), baseline = new MLP([4, 16, 1], random);
const optimizer = new Adam([...policy.parameters(), ...baseline.parameters()], { lr: 1e-2 });

export const losses: number[] = [];
for (let i = 0; i < 40; i++) {
  const states = tensor(random.uniform(128, -1, 1), { shape: [32, 4] });
  const actions = tensor(Array.from({ length: 32 }, (_, k) => k % 3), { dtype: "int32" });
  const values = await stopGradient(baseline.forward(states), "a baseline is data").data() as Float32Array;
  const advantage = tensor(values.map((v, k) => (k % 3 === 1 ? 1 : 0) - 0.1 * v));
  const loss = new Categorical(policy.forward(states)).logProb(actions).mul(advantage).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await loss.item() as number);
}
