/** A controller whose last layer starts at 0, through physics in a scan. */

import { Adam, HostRandom, MLP, ones, scan, stack, type Tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
export const losses: number[] = [];
const pilot = new MLP([2, 8, 1], random, { outputInit: (_, s) => zeros(s) }),
  opt = new Adam(pilot.parameters(), { lr: 1e-2 });
for (let i = 0; i < 15; i++) {
  const [, cost] = scan(
    ({ x, v }: { x: Tensor; v: Tensor }, _: Tensor) => {
      const u = pilot.forward(stack([x, v], 1)).squeeze(1).tanh();
      const w = v.add(u.mul(0.1));
      const y = x.add(w.mul(0.1));
      return [{ x: y, v: w }, y.square()] as const;
    },
    { x: ones([4]), v: zeros([4]) },
    zeros([30, 1]),
  );
  const loss = cost.mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await loss.item() as number);
}
