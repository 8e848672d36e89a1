/** The trust report, literally: item() of two trusts, fused in a buffer; the smoothness of the live trust keeps the rest alive. */

import { Adam, HostRandom, MLP, stack, type Tensor, tensor } from "../../../../mod.ts";

const net = new MLP([4, 32, 2], new HostRandom(0), { activation: "relu" });
const optimizer = new Adam(net.parameters(), { lr: 1e-3 });
let buffer: { fused: Tensor; real: Tensor; now: Tensor; before: Tensor }[] = [];
async function act(features: number[], gps: Tensor, real: Tensor, before: Tensor) {
  const trust = net.forward(tensor([features])).sigmoid().squeeze(0);
  const trustGps = await trust.select(0, 0).item() as number; // expect warning G111
  const trustVisual = await trust.select(0, 1).item() as number;
  buffer.push({ fused: gps.mul(trustGps).add(real.mul(trustVisual)), real, now: trust, before });
}
for (let episode = 0; episode < 3; episode++) {
  for (let t = 0; t < 5; t++) {
    await act([0.1 * t, 0.2, 0.3, 0.4], tensor([1, 2]), tensor([1.1, 2.1]), tensor([0.5, 0.5]));
  }
  const of = (key: "fused" | "real" | "now" | "before") => stack(buffer.map((x) => x[key]));
  const fusion = of("fused").sub(of("real")).square().mean();
  const smooth = of("now").sub(of("before")).square().mean();
  const loss = fusion.add(smooth.mul(0.1));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  console.debug(await loss.item());
  buffer = [];
}
