/** A controller in front of a foreign simulator, which was declared to forbid gradients. */

import { boundary, HostRandom, MLP, SGD, tensor } from "../../../../mod.ts";

const random = new HostRandom(8);
const controller = new MLP([2, 8, 1], random);
const optimizer = new SGD(controller.parameters(), { lr: 0.1 });
const engine = boundary("engine", async (torque) => {
  const [t] = await torque.data();
  return tensor([[Math.sin(t!), Math.cos(t!)]]);
}, "forbid");

const goal = tensor([[0.5, 0.5]]);
let state = tensor([[0, 1]]);
for (let t = 0; t < 3; t++) {
  const torque = controller.forward(state);
  const position = await engine(torque); // expect G108
  const loss = position.sub(goal).square().sum().add(torque.square().sum().mul(0.01));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  state = position;
}
