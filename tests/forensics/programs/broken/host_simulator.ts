/** A point mass is driven by a policy; its physics are JavaScript. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

interface Body {
  x: number;
  v: number;
}

function simulate(body: Body, force: number, dt = 0.1): Body {
  const v = body.v + dt * (force - 0.1 * body.v);
  return { x: body.x + dt * v, v };
}

const random = new HostRandom(7);
const controller = new MLP([2, 16, 1], random);
const optimizer = new Adam(controller.parameters(), { lr: 1e-2 });

async function rollOut(): Promise<Tensor> {
  let body: Body = { x: 1, v: 0 };
  const costs: number[] = [];
  for (let t = 0; t < 10; t++) {
    const force = controller.forward(tensor([[body.x, body.v]])).tanh();
    body = simulate(body, await force.item() as number); // expect G101
    costs.push(body.x ** 2 + 0.1 * body.v ** 2);
  }
  return tensor(costs).mean();
}

for (let episode = 0; episode < 3; episode++) {
  const loss = await rollOut();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
