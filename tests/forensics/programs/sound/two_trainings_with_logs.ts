/** Two trainings in a row, each read in many ways: nothing of the first has to do with the second. */

import { Adam, HostRandom, MLP, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(52);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const number = async (t: Tensor): Promise<number> => await t.item() as number;

async function train(net: MLP): Promise<number[]> {
  const optimizer = new Adam(net.parameters(), { lr: 1e-2 });
  const seen: number[] = [];
  const x = draw(16, 3), y = x.square().sum(1, true);
  console.debug("before", await net.forward(x).toList());
  for (let i = 0; i < 30; i++) {
    const error = net.forward(x).sub(y);
    const loss = error.square().mean();
    console.debug("largest", await number(error.abs().max()));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    seen.push(await number(loss));
  }
  console.debug("after", await number(net.forward(x).mean()));
  return seen;
}

const nets = [0, 1].map(() => new MLP([3, 16, 1], random));
const runs: number[][] = [];
for (const net of nets) runs.push(await train(net));
export const losses: number[] = runs.flatMap((run, i) => run.map((x) => x / run[0]! - i));
