/** A car drives through physics that have a gradient, all in tensors; only what is left of the drive is converted, at its end. */

import { Adam, HostRandom, MLP, type Tensor, tensor, VehicleScene } from "../../../../mod.ts";

const random = new HostRandom(73);
const controller = new MLP([4, 16, 1], random);
const optimizer = new Adam(controller.parameters(), { lr: 1e-2 });

async function drive(steps: number): Promise<Tensor> {
  const scene = new VehicleScene({ model: "ks", start: { y: tensor([1, -0.5]), speed: tensor([8, 8]) }, dt: 0.2 });
  let effort = tensor(0);
  for (let t = 0; t < steps; t++) {
    const command = controller.forward(scene.car.getQpos()).tanh().mul(0.3);
    effort = effort.add(command.square().mean());
    scene.car.controlDofsPosition(command);
    scene.step();
  }
  const qpos = await scene.car.getQpos().toList() as number[][]; // expect warning G111
  return tensor(qpos).select(1, 1).square().mean().add(effort.mul(0.01));
}

for (let i = 0; i < 2; i++) {
  const loss = await drive(3);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
