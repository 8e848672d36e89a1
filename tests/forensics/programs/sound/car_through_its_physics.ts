/** The car of the programs that cut its gradient: a controller learns through its physics, step by step, and in a scan. */

import { Adam, HostRandom, MLP, scan, stack, type Tensor, tensor, VehicleScene } from "../../../../mod.ts";

const random = new HostRandom(75);
const controller = new MLP([4, 16, 1], random);
const optimizer = new Adam(controller.parameters(), { lr: 2e-2 });
export const losses: number[] = [];

const newScene = (): VehicleScene =>
  new VehicleScene({ model: "ks", start: { y: tensor([1, -0.5]), speed: tensor([8, 8]) }, dt: 0.2 });

function steer({ car }: VehicleScene): Tensor {
  const command = controller.forward(car.getQpos().mul(tensor([[0, 1, 2, 2]]))).tanh().mul(0.3);
  car.controlDofsPosition(command);
  return command;
}

function inLoop(steps: number): Tensor {
  const scene = newScene();
  const errors: Tensor[] = [];
  for (let t = 0; t < steps; t++) {
    const command = steer(scene);
    scene.step();
    errors.push(scene.car.getQpos().select(1, 1).square().mean().add(command.square().mean().mul(0.01)));
  }
  return stack(errors).mean();
}

function inScan(steps: number): Tensor {
  const scene = newScene();
  const [last, errors] = scan(
    (state) => {
      scene.reset(state);
      steer(scene);
      scene.step();
      return [scene.getState(), scene.car.getQpos().select(1, 1).square()];
    },
    scene.getState(),
    [],
    { length: steps },
  );
  scene.reset(last);
  return errors.mean();
}

for (let i = 0; i < 10; i++) {
  const loss = i % 2 === 0 ? inLoop(2) : inScan(8);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await inScan(8).item() as number);
}
