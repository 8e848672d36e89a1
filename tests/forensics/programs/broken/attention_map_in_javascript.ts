/** Attention scores are turned into weights with Math.exp, as one does in a hurry. */

import { Adam, HostRandom, Linear, tensor } from "../../../../mod.ts";

const random = new HostRandom(2);
const query = new Linear(4, 4, random);
const key = new Linear(4, 4, random);
const value = new Linear(4, 4, random);
const optimizer = new Adam([query, key, value].flatMap((layer) => layer.parameters()), { lr: 1e-2 });

const tokens = tensor(random.uniform(5 * 4, -1, 1), { shape: [5, 4] });
const target = tensor(random.uniform(5 * 4, -1, 1), { shape: [5, 4] });

function softmaxRows(scores: ArrayLike<number>, n: number): Float32Array {
  const out = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = Array.from({ length: n }, (_, j) => Math.exp(scores[i * n + j]!));
    const sum = row.reduce((a, b) => a + b, 0);
    row.forEach((e, j) => out[i * n + j] = e / sum);
  }
  return out;
}

for (let i = 0; i < 10; i++) {
  const scores = query.forward(tokens).matmul(key.forward(tokens).transpose()).mul(0.5);
  const numbers = await scores.data(); // expect warning G101
  const weights = tensor(softmaxRows(numbers, 5), { shape: [5, 5] });
  const loss = weights.matmul(value.forward(tokens)).sub(target).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
