/** The errors of a car are tensors, as is the loss; the qpos that they are made of is numbers put into a tensor. */

import { Adam, HostRandom, MLP, stack, type Tensor, tensor, VehicleScene } from "../../../../mod.ts";

const random = new HostRandom(74);
const controller = new MLP([3, 16, 1], random);
const optimizer = new Adam(controller.parameters(), { lr: 1e-2 });

/** How far cars are off a straight way at 8 m/s: aside, in heading, in speed. */
function errors(qpos: Tensor, velocity: Tensor): Tensor {
  const [, lateral, heading] = qpos.unbind(1);
  return stack([lateral!, heading!, velocity.slice(1, 0, 2).norm([1]).sub(8)], -1);
}

async function drive(steps: number): Promise<Tensor> {
  const scene = new VehicleScene({ model: "ks", start: { y: tensor([1, -0.5]), speed: tensor([8, 8]) }, dt: 0.2 });
  let seen = errors(scene.car.getQpos(), scene.car.getDofsVelocity());
  const losses: Tensor[] = [];
  for (let t = 0; t < steps; t++) {
    scene.car.controlDofsPosition(controller.forward(seen).tanh().mul(0.3));
    scene.step();
    const read = await Promise.all([scene.car.getQpos().toList(), scene.car.getDofsVelocity().toList()]); // expect G101
    const [qpos, velocity] = read.map((x) => tensor(x as number[][]));
    seen = errors(qpos!, velocity!);
    losses.push(seen.square().mean());
  }
  return stack(losses).mean();
}

for (let i = 0; i < 2; i++) {
  const loss = await drive(3);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
