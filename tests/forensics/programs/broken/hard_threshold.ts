/** A detector that learns when to raise an alarm: the alarm is a comparison. The step is compiled. */

import { Adam, compile, HostRandom, Linear, MLP, Module, type Tensor, tensor, where } from "../../../../mod.ts";

class Detector extends Module {
  constructor(readonly score: MLP, readonly estimate: Linear) {
    super();
  }

  override forward(signal: Tensor): Tensor {
    const alarm = this.score.forward(signal).sigmoid().greater(0.5); // expect G101
    return where(alarm, 0, this.estimate.forward(signal));
  }
}

const random = new HostRandom(10);
const detector = new Detector(new MLP([8, 16, 1], random), new Linear(8, 1, random));
const optimizer = new Adam(detector.parameters(), { lr: 1e-3 });

const step = compile((signal: Tensor, truth: Tensor) => {
  const loss = detector.forward(signal).sub(truth).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [detector, optimizer] });

for (let i = 0; i < 10; i++) {
  const signal = tensor(random.uniform(32, -1, 1), { shape: [4, 8] });
  await step(signal, signal.mean(1, true));
}
