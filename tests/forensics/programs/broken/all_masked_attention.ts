/** Attention with a mask that leaves one query nothing to look at. */

import { Adam, compile, HostRandom, Linear, Module, type Tensor, tensor, where } from "../../../../mod.ts";

class Attention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;

  constructor(size: number, random: HostRandom) {
    super();
    [this.query, this.key, this.value] = [0, 1, 2].map(() => new Linear(size, size, random)) as [
      Linear,
      Linear,
      Linear,
    ];
  }

  attend(x: Tensor, mask: Tensor): Tensor {
    const scores = this.query.forward(x).matmul(this.key.forward(x).transpose()).mul(0.5);
    const weights = where(mask, scores, -Infinity).softmax(-1); // expect G401
    return weights.matmul(this.value.forward(x));
  }

  override forward(x: Tensor): Tensor {
    return this.attend(x, x.select(-1, 0).greater(0).unsqueeze(0));
  }
}

const random = new HostRandom(53);
const attention = new Attention(4, random);
const optimizer = new Adam(attention.parameters(), { lr: 1e-3 });
const step = compile((x: Tensor, mask: Tensor) => {
  const loss = attention.attend(x, mask).sub(x).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [attention, optimizer] });

const x = tensor(random.uniform(12, -1, 1), { shape: [3, 4] });
await step(x, tensor([[true, false, false], [true, true, false], [true, true, true]]));
await step(x, tensor([[false, false, false], [true, true, false], [true, true, true]]));
