/** A pendulum is driven by a policy; the simulator is an object with methods, as they come from others. */

import { Adam, HostRandom, MLP, stack, type Tensor, tensor } from "../../../../mod.ts";

class Pendulum {
  #angle = 0.3;
  #speed = 0;
  #torque = 0;
  setTorque(torque: ArrayLike<number>): void {
    this.#torque = torque[0]!;
  }
  step(): void {
    this.#speed += 0.05 * (this.#torque - Math.sin(this.#angle));
    this.#angle += 0.05 * this.#speed;
  }
  get state(): number[] {
    return [this.#angle, this.#speed];
  }
}

const random = new HostRandom(38);
const policy = new MLP([2, 8, 1], random);
const optimizer = new Adam(policy.parameters(), { lr: 1e-3 });
for (let i = 0; i < 2; i++) {
  const pendulum = new Pendulum();
  const costs: Tensor[] = [];
  for (let t = 0; t < 5; t++) {
    const torque = policy.forward(tensor([pendulum.state])).tanh().squeeze(0);
    pendulum.setTorque(await torque.data()); // expect G101
    pendulum.step();
    costs.push(tensor(pendulum.state).square().sum());
  }
  const loss = stack(costs).mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
