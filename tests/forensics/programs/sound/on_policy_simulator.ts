/** A simulator of the host, driven by actions that were read; the observations and rewards go into REINFORCE. */

import { Adam, Categorical, Generator, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
export const losses: number[] = [];
const pi = new MLP([2, 16, 2], random), v = new MLP([2, 16, 1], random);
const opt = new Adam([...pi.parameters(), ...v.parameters()], { lr: 1e-2 });
const keys = new Generator(7);
for (let episode = 0; episode < 25; episode++) {
  let x = random.next() - 0.5, vel = 0;
  const states: number[][] = [], actions: number[] = [], rewards: number[] = [];
  for (let t = 0; t < 12; t++) {
    states.push([x, vel]);
    const d = new Categorical(pi.forward(tensor([[x, vel]])));
    const a = await d.sample(keys.next()).item() as number;
    vel += 0.1 * (a === 1 ? 1 : -1);
    x += 0.1 * vel;
    actions.push(a);
    rewards.push(-x * x);
  }
  const returns = rewards.map((_, t) => rewards.slice(t).reduce((a, b, k) => a + b * 0.9 ** k, 0));
  const s = tensor(states), g = tensor(returns);
  const value = v.forward(s).squeeze(1);
  const lp = new Categorical(pi.forward(s)).logProb(tensor(Int32Array.from(actions)));
  const valueLoss = g.sub(value).square().mean();
  const loss = lp.mul(g.sub(value).detach()).mean().neg().add(valueLoss);
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await valueLoss.item() as number);
}
