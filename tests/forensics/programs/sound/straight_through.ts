/** A quantiser with a straight-through estimator, and a commitment loss. */

import { Adam, HostRandom, MLP, stopGradient, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(5);
const encoder = new MLP([4, 16, 2], random);
const decoder = new MLP([2, 16, 4], random);
const optimizer = new Adam([...encoder.parameters(), ...decoder.parameters()], { lr: 1e-2 });
export const losses: number[] = [];

function quantise(x: Tensor): Tensor {
  return x.add(stopGradient(x.mul(4).round().div(4).sub(x), "straight through"));
}

for (let i = 0; i < 40; i++) {
  const x = tensor(random.uniform(64, -1, 1), { shape: [16, 4] });
  const code = encoder.forward(x);
  const symbols = quantise(code);
  const loss = decoder.forward(symbols).sub(x).square().mean().add(
    code.sub(symbols.detach()).square().mean().mul(0.25),
  );
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await loss.item() as number);
}
