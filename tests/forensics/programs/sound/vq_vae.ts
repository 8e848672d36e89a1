/** VQ-VAE: nearest code by argmin, straight through, codebook and commitment losses. */

import { Adam, HostRandom, MLP, Parameter, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
export const losses: number[] = [];
const enc = new MLP([4, 16, 2], random),
  dec = new MLP([2, 16, 4], random),
  codebook = new Parameter(draw(8, 2), "codebook");
const opt = new Adam([...enc.parameters(), ...dec.parameters(), codebook], { lr: 1e-2 });
for (let i = 0; i < 40; i++) {
  const x = draw(16, 4);
  const z = enc.forward(x);
  const distance = z.unsqueeze(1).sub(codebook.unsqueeze(0)).square().sum(-1);
  const index = distance.argmin(1);
  const e = codebook.take(index, 0);
  const st = z.add(e.sub(z).detach());
  const loss = dec.forward(st).sub(x).square().mean().add(e.sub(z.detach()).square().mean()).add(
    z.sub(e.detach()).square().mean().mul(0.25),
  );
  opt.zeroGrad();
  loss.backward();
  opt.step();
  losses.push(await loss.item() as number);
}
