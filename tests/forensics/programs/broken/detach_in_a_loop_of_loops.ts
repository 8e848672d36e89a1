/** A detach in an inner scan of an outer one. */

import { Adam, compile, HostRandom, Linear, scan, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const cell = new Linear(3, 3, random), outer = new Linear(3, 3, random);
const opt = new Adam([...cell.parameters(), ...outer.parameters()], { lr: 1e-3 });
const step = compile((x: Tensor) => {
  const [h] = scan(
    (h: Tensor, xt: Tensor) => {
      const [g] = scan(
        (g: Tensor, _: Tensor) => {
          const next = cell.forward(g).tanh();
          return [next.detach(), g] as const; // expect G101
        },
        h,
        zeros([3, 1]),
      );
      return [outer.forward(g.add(xt)).tanh(), g] as const;
    },
    zeros([2, 3]),
    x,
  );
  const loss = h.square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  return loss;
}, { state: [cell, outer, opt] });
await step(draw(4, 2, 3));
