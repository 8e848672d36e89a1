/** Three agents with a network each, as plain objects in an array: the loss of one is made of detached values. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(41);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
class Agent {
  readonly policy = new MLP([3, 8, 1], random);
  readonly optimizer = new Adam(this.policy.parameters(), { lr: 1e-3 });
  constructor(readonly isGreedy: boolean) {}
  loss(x: Tensor): Tensor {
    const y = this.policy.forward(x);
    return (this.isGreedy ? y.detach() : y).sub(1).square().mean(); // expect G101
  }
}
const agents = [false, false, true].map((isGreedy) => new Agent(isGreedy));
for (let i = 0; i < 2; i++) {
  for (const agent of agents) {
    agent.optimizer.zeroGrad();
    agent.loss(draw(5, 3)).backward();
    agent.optimizer.step();
  }
}
