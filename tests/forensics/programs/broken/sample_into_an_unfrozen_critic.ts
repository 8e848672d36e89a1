/** An actor is to please a critic, but its action is a sample; nobody trains the critic in this script. */

import { Adam, Generator, HostRandom, MLP, Normal, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(33);
const keys = new Generator(33);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const actor = new MLP([4, 16, 2], random);
const critic = new MLP([2, 16, 1], random);
const optimizer = new Adam(actor.parameters(), { lr: 3e-4 });

for (let i = 0; i < 3; i++) {
  const policy = new Normal(actor.forward(draw(8, 4)), tensor(0.2).expand(8, 2));
  const action = policy.sample(keys.next()); // expect G101
  const loss = critic.forward(action.tanh()).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
