/** Two bodies meet in a scan of physics: 1 / r^2. */

import { Adam, compile, HostRandom, MLP, scan, stack, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(3);
const thrust = new MLP([2, 8, 1], random);
const opt = new Adam(thrust.parameters(), { lr: 1e-2 });
const step = compile((start: Tensor) => {
  const [, ys] = scan(
    ({ x, v }: { x: Tensor; v: Tensor }) => {
      const r = x.clamp(0, null);
      const force = r.square().reciprocal(); // expect G401
      const u = thrust.forward(stack([x, v], 1)).squeeze(1);
      const next = v.sub(force.mul(0.1)).add(u.mul(0.1));
      return [{ x: x.add(next.mul(0.1)), v: next }, x] as const;
    },
    { x: start, v: zeros([3]) },
    [] as Tensor[],
    { length: 30 },
  );
  const loss = ys.square().mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  return loss;
}, { state: [thrust, opt] });
for (let i = 0; i < 2; i++) console.debug(await (await step(tensor([0.5, 0.7, 0.9]))).item());
