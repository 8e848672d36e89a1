/** A car drives through physics that have a gradient; each command is converted on its way, in helpers that call each other. */

import { Adam, HostRandom, MLP, type Tensor, tensor, VehicleScene } from "../../../../mod.ts";

const random = new HostRandom(72);
const controller = new MLP([4, 16, 1], random);
const optimizer = new Adam(controller.parameters(), { lr: 1e-2 });
const toNumbers = async (x: Tensor): Promise<number[]> => [...await x.data()]; // expect G101
const toSimulator = async (x: Tensor): Promise<Tensor> => tensor(await toNumbers(x.squeeze(1)));

async function drive(steps: number): Promise<Tensor> {
  const scene = new VehicleScene({ model: "ks", start: { y: tensor([1, -0.5]), speed: tensor([8, 8]) }, dt: 0.2 });
  for (let t = 0; t < steps; t++) {
    const command = controller.forward(scene.car.getQpos()).tanh().mul(0.3);
    scene.car.controlDofsPosition(await toSimulator(command));
    scene.step();
  }
  return scene.car.getQpos().select(1, 1).square().mean();
}

for (let i = 0; i < 2; i++) {
  const loss = await drive(3);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
