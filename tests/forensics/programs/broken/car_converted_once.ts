/** A car drives through physics that have a gradient; the commands of the whole drive are converted once, before it. */

import { Adam, HostRandom, MLP, tensor, VehicleScene } from "../../../../mod.ts";

const random = new HostRandom(71);
const planner = new MLP([2, 16, 3], random);
const optimizer = new Adam(planner.parameters(), { lr: 1e-2 });
const wanted = tensor([[1, 0.2]]);
for (let i = 0; i < 2; i++) {
  const scene = new VehicleScene({ model: "ks", start: { speed: tensor([8]) }, dt: 0.2 });
  const plan = planner.forward(wanted).tanh().mul(0.3);
  const commands = await plan.squeeze(0).toList() as number[]; // expect G101
  for (const command of commands) {
    scene.car.controlDofsPosition(tensor([command]));
    scene.step();
  }
  const aside = scene.car.getQpos().slice(1, 1, 3).sub(wanted);
  const loss = aside.square().sum();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
