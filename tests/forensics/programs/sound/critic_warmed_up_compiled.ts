/** Two compiled phases of one optimiser: the critic alone for ten calls, then both. */

import { Adam, compile, HostRandom, joinsLater, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(7);
const actor = joinsLater(new MLP([2, 16, 1], random)), critic = new MLP([2, 16, 1], random);
const optimizer = new Adam([...actor.parameters(), ...critic.parameters()], { lr: 1e-2 });
const state = [actor, critic, optimizer];
const warmUp = compile((s: Tensor, r: Tensor) => {
  const loss = critic.forward(s).sub(r).square().mean();
  loss.backward();
  optimizer.step();
  return loss;
}, { state });
const update = compile((s: Tensor, r: Tensor) => {
  const value = critic.forward(s);
  const loss = value.sub(r).square().mean();
  loss.sub(actor.forward(s).mul(r.sub(value.detach("baseline"))).mean().mul(0.1)).backward();
  optimizer.step();
  return loss;
}, { state });
export const losses: number[] = [];
for (let i = 0; i < 30; i++) {
  const s = tensor(random.uniform(64, -1, 1), { shape: [32, 2] });
  losses.push(await (await (i < 10 ? warmUp : update)(s, s.sum(1, true))).item() as number);
}
