/** Values come out of one compiled function, and are regressed in another. */

import { Adam, compile, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(35);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const actor = new MLP([4, 8, 2], random), critic = new MLP([4, 8, 1], random);
const optimizer = new Adam([...actor.parameters(), ...critic.parameters()], { lr: 1e-3 });
const act = compile((s: Tensor) => {
  return { action: actor.forward(s).tanh(), value: critic.forward(s) }; // expect G101
}, { state: [actor, critic] });
const update = compile((s: Tensor, value: Tensor, target: Tensor) => {
  const loss = value.sub(target).square().mean().add(actor.forward(s).square().mean());
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [optimizer] });

for (let i = 0; i < 3; i++) {
  const s = draw(6, 4);
  const { value } = await act(s);
  await update(s, value, draw(6, 1));
}
