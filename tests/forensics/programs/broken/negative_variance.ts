/** A Gaussian likelihood whose variance is a bare output of the network. */

import { Adam, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(541);
const model = new MLP([1, 16, 2], random);
const optimizer = new Adam(model.parameters(), { lr: 5e-2 });

for (let i = 0; i < 20; i++) {
  const x = tensor(random.uniform(32, -2, 2), { shape: [32, 1] });
  const y = x.sin();
  const output = model.forward(x);
  const mean = output.slice(1, 0, 1);
  const variance = output.slice(1, 1, 2).mul(2);
  const nll = variance.log().add(y.sub(mean).square().div(variance)).mul(0.5); // expect G401
  const loss = nll.mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  await loss.item();
}
