/** Masked log-likelihood: where() keeps the -Infinity out of the loss, not out of the gradient. */

import { Adam, compile, HostRandom, MLP, type Tensor, tensor, where } from "../../../../mod.ts";

const random = new HostRandom(48);
const rate = new MLP([2, 8, 1], random);
const optimizer = new Adam(rate.parameters(), { lr: 1e-3 });

const fit = compile((x: Tensor, count: Tensor) => {
  const intensity = rate.forward(x).relu().squeeze(-1).mul(count);
  const logs = intensity.log(); // expect G403
  const loss = where(count.greater(0), logs, 0).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [rate, optimizer] });

await fit(tensor([[0.3, 0.2], [0.1, -0.4], [0.9, 1]]), tensor([0, 0, 0]));
