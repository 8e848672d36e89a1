/** A recurrent loop over features that are given for now: the stop is declared in the step of the scan. */

import { Adam, HostRandom, Linear, scan, stopGradient, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(53);
const encoder = new Linear(2, 4, random), cell = new Linear(8, 4, random), head = new Linear(4, 1, random);
const optimizer = new Adam([encoder, cell, head].flatMap((x) => x.parameters()), { lr: 1e-2 });
const xs = tensor(random.uniform(60, -1, 1), { shape: [6, 5, 2] });
const y = xs.sum(0).sum(1, true).mul(0.2);

function unrolled(): Tensor {
  const [h] = scan(
    (h: Tensor, x: Tensor) => {
      const features = stopGradient(encoder.forward(x).tanh(), "the encoder is trained later");
      const both = features.pad(1, 0, 4).add(h.pad(1, 4, 0));
      return [cell.forward(both).tanh(), x];
    },
    zeros([5, 4]),
    xs,
  );
  return head.forward(h);
}

export const losses: number[] = [];
for (let i = 0; i < 30; i++) {
  const loss = unrolled().sub(y).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await loss.item() as number);
}
