/** A speed limit in a scan is always exceeded: the controller has no gradient. */

import { Adam, full, HostRandom, MLP, scan, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const pilot = new MLP([1, 8, 1], random, { biasInit: (_, s) => full(s, 3) });
const opt = new Adam(pilot.parameters(), { lr: 1e-2 });
for (let i = 0; i < 3; i++) {
  const [x] = scan(
    (x: Tensor, _: Tensor) => {
      const u = pilot.forward(x).mul(100).add(1000);
      const v = u.clamp(-1, 1); // expect warning G110
      return [x.add(v.mul(0.1)), v] as const;
    },
    draw(4, 1),
    zeros([8, 1]),
  );
  const loss = x.sub(1).square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  console.debug(await loss.item());
}
