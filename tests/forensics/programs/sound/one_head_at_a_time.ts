/** Three tasks with a head each; every step takes one task. */

import { Adam, HostRandom, Linear, MLP, Module, type Tensor, tensor } from "../../../../mod.ts";

class MultiTask extends Module {
  readonly trunk: MLP;
  readonly heads: Linear[];

  constructor(random: HostRandom) {
    super();
    this.trunk = new MLP([2, 16, 8], random);
    this.heads = [0, 1, 2].map(() => new Linear(8, 1, random));
  }

  task(i: number, x: Tensor): Tensor {
    return this.heads[i]!.forward(this.trunk.forward(x).tanh());
  }

  override forward(x: Tensor): Tensor {
    return this.task(0, x);
  }
}

const random = new HostRandom(11);
const model = new MultiTask(random);
const optimizer = new Adam(model.parameters(), { lr: 1e-2 });
export const losses: number[] = [];

for (let i = 0; i < 45; i++) {
  const task = i < 4 ? 0 : i % 3;
  const x = tensor(random.uniform(32, -1, 1), { shape: [16, 2] });
  const y = [x.sum(1, true), x.slice(1, 0, 1), x.slice(1, 1, 2).neg()][task]!;
  const loss = model.task(task, x).sub(y).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await loss.item() as number);
}
