/** A program for reads_test.ts, run with gc(): prints how many of the losses of 400 steps, each read, are still held. */

import { HostRandom, MLP, ones, SGD, useDevice } from "../../mod.ts";

await useDevice("cpu");
const net = new MLP([3, 2, 1], new HostRandom(0));
const optimizer = new SGD(net.parameters(), { lr: 1e-3 });
const losses: WeakRef<object>[] = [];

for (let i = 0; i < 400; i++) {
  optimizer.zeroGrad();
  const loss = net.forward(ones([2, 3])).square().mean();
  losses.push(new WeakRef(loss.node));
  loss.backward();
  optimizer.step();
  await loss.item();
}
// A reference that was made or looked at holds until its task ends.
await new Promise((done) => setTimeout(done));
(globalThis as unknown as { gc(): void }).gc();
console.log(losses.filter((x) => x.deref() !== undefined).length);
Deno.exit(0);
