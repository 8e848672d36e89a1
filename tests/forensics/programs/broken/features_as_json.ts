/** Features of an encoder are cached as JSON between encoding and training. */

import { Adam, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const encoder = new MLP([3, 8, 4], random, { activation: "relu" });
const head = new Linear(4, 1, random);
const optimizer = new Adam([...encoder.parameters(), ...head.parameters()], { lr: 3e-3 });
const cache = new Map<string, string>();

async function encode(id: string, row: number[]): Promise<number[]> {
  const features = encoder.forward(tensor([row]));
  cache.set(id, JSON.stringify(await features.toList())); // expect G101
  return JSON.parse(cache.get(id)!)[0];
}

const rows = Array.from({ length: 8 }, () => [...random.uniform(3, -1, 1)]);
for (let epoch = 0; epoch < 3; epoch++) {
  const features: number[][] = [];
  for (const [i, row] of rows.entries()) features.push(await encode(`row ${i}`, row));
  const labels = tensor(rows.map((row) => [row[0]! * 2]));
  const loss = head.forward(tensor(features)).sub(labels).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
