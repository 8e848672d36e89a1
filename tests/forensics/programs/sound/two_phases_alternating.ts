/** Two compiled phases of one optimiser take turns. */

import { Adam, compile, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(12);
const encoder = new MLP([3, 12, 4], random), decoder = new MLP([4, 12, 3], random), judge = new MLP([4, 8, 1], random);
const optimizer = new Adam([encoder, decoder, judge].flatMap((x) => x.parameters()), { lr: 1e-2 });
const state = [encoder, decoder, judge, optimizer];
const reconstruct = compile((x: Tensor) => {
  const loss = decoder.forward(encoder.forward(x).tanh()).sub(x).square().mean();
  loss.backward();
  optimizer.step();
  return loss;
}, { state });
const classify = compile((x: Tensor, y: Tensor) => {
  const loss = judge.forward(encoder.forward(x).tanh()).sub(y).square().mean();
  loss.backward();
  optimizer.step();
  return loss;
}, { state });
export const losses: number[] = [];
for (let i = 0; i < 25; i++) {
  const x = tensor(random.uniform(48, -1, 1), { shape: [16, 3] });
  losses.push(await (await reconstruct(x)).item() as number);
  await classify(x, x.sum(1, true));
}
