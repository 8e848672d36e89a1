/** A recurrent cell in a scan, whose state is detached inside of the loop. The step is compiled. */

import { Adam, compile, HostRandom, Linear, scan, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const cell = new Linear(3, 3, random), head = new Linear(3, 1, random);
const opt = new Adam([...cell.parameters(), ...head.parameters()], { lr: 1e-2 });
function rnn(xs: Tensor): Tensor {
  const [last] = scan(
    (h: Tensor, x: Tensor) => {
      const next = cell.forward(h.add(x)).tanh();
      const stopped = next.detach(); // expect G101
      return [stopped, x];
    },
    zeros([2, 3]),
    xs,
  );
  return last;
}
const step = compile((xs: Tensor) => {
  const loss = head.forward(rnn(xs)).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  return loss;
}, { state: [cell, head, opt] });
await step(draw(4, 2, 3));
