/** An LSTM of 64 units over 100 steps, forward and backward. */

import { compile, gradients, HostRandom, LSTM, normal, randomKey, type Tensor } from "../../../mod.ts";
import type { Run } from "../protocol.ts";

const units = 64, steps = 100;

/** Compiles the gradient of all weights, for a batch of so many sequences. */
export async function lstm(batch: number): Promise<Run> {
  const net = new LSTM(units, units, new HostRandom(0));
  const x = normal(randomKey(1), [steps, batch, units]);
  await x.data();
  const run = compile((x: Tensor) => {
    const loss = net.run(x)[0].square().mean();
    return [loss, ...gradients(loss, net.parameters())];
  }, { state: net, name: "the LSTM" });
  return async () => {
    await (await run(x))[0]!.item();
  };
}
