/** The MLP step in this library: one compiled Adam step of tanh layers under a squared error. */

import { Adam, compile, HostRandom, MLP, normal, randomKey, type Tensor } from "../../../mod.ts";
import type { MlpCase, Run } from "../protocol.ts";
import { submitsOf } from "../submits.ts";

/** Compiles the step. */
export async function mlpStep({ sizes, batch }: MlpCase): Promise<Run> {
  const net = new MLP(sizes, new HostRandom(0));
  const optimizer = new Adam(net.parameters(), { lr: 3e-4 });
  const [x, y] = [normal(randomKey(1), [batch, sizes[0]!]), normal(randomKey(2), [batch, sizes.at(-1)!])];
  await Promise.all([x.data(), y.data()]);
  const step = compile((x: Tensor, y: Tensor) => {
    const loss = net.forward(x).sub(y).square().mean();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  }, { state: [net, optimizer], name: "the MLP step" });
  return async () => {
    let loss: Tensor;
    const submits = await submitsOf(async () => loss = await step(x, y));
    await loss!.item();
    return submits;
  };
}
