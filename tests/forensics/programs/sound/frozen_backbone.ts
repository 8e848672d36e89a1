/** Fine-tuning: the backbone is frozen and runs under noGrad, the head learns; after ten epochs an evaluation. */

import { AdamW, frozen, HostRandom, Linear, MLP, noGrad, tensor } from "../../../../mod.ts";

const random = new HostRandom(9);
const backbone = frozen(new MLP([4, 32, 16], random));
const head = new Linear(16, 1, random);
const optimizer = new AdamW([...backbone.parameters(), ...head.parameters()], { lr: 2e-2 });
export const losses: number[] = [];
const x = tensor(random.uniform(128, -1, 1), { shape: [32, 4] });
const y = x.select(1, 0).mul(x.select(1, 1)).unsqueeze(1);

for (let epoch = 0; epoch < 40; epoch++) {
  const features = noGrad(() => backbone.forward(x).tanh());
  const loss = head.forward(features).sub(y).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  if (epoch % 10 === 0) {
    const validation = noGrad(() => head.forward(backbone.forward(x.neg()).tanh()).sub(y).abs().mean());
    console.debug(`epoch ${epoch}: ${await validation.item()}`);
  }
  losses.push(await loss.item() as number);
}
