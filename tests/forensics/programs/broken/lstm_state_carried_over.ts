/** Truncated backpropagation through time without the truncation. */

import { Adam, HostRandom, Linear, LSTM, type LSTMState, tensor } from "../../../../mod.ts";

const random = new HostRandom(34);
const lstm = new LSTM(2, 8, random);
const readout = new Linear(8, 1, random);
const optimizer = new Adam([...lstm.parameters(), ...readout.parameters()], { lr: 1e-2 });
let state: LSTMState = lstm.initialState(3);

for (let window = 0; window < 4; window++) {
  const x = tensor(random.uniform(5 * 3 * 2, -1, 1), { shape: [5, 3, 2] });
  const [outputs, last] = lstm.run(x, state); // expect G204
  const prediction = readout.forward(outputs).squeeze(-1);
  const loss = prediction.sub(x.sum(-1)).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  state = last;
}
