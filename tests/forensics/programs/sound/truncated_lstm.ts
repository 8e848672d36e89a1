/** Truncated backpropagation through time, with the truncation declared. */

import { Adam, HostRandom, Linear, LSTM, mapTree, stopGradient, tensor } from "../../../../mod.ts";

const random = new HostRandom(7);
const lstm = new LSTM(1, 8, random);
const readout = new Linear(8, 1, random);
const optimizer = new Adam([...lstm.parameters(), ...readout.parameters()], { lr: 2e-2 });
export const losses: number[] = [];
let state = lstm.initialState(8);

for (let window = 0; window < 30; window++) {
  const x = tensor(random.uniform(40, -1, 1), { shape: [5, 8, 1] });
  const [outputs, last] = lstm.run(x, state);
  const loss = readout.forward(outputs).sub(x.mul(0.5)).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.clipGradNorm(1);
  optimizer.step();
  state = mapTree(last, (t) => stopGradient(t, "truncated backpropagation"));
  losses.push(await loss.item() as number);
}
