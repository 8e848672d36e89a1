/** Embeddings are standardised on the host by Float32Array.from, then classified. */

import { Adam, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(6);
const tower = new MLP([4, 8, 4], random);
const classifier = new Linear(4, 2, random);
const optimizer = new Adam([...tower.parameters(), ...classifier.parameters()], { lr: 1e-3 });
const inputs = tensor(random.uniform(64, -1, 1), { shape: [16, 4] });
const targets = tensor(random.uniform(32), { shape: [16, 2] });

const standardise = (xs: Float32Array): Float32Array => {
  const mean = xs.reduce((a, b) => a + b) / xs.length;
  const sd = Math.sqrt(xs.reduce((a, b) => a + (b - mean) ** 2, 0) / xs.length);
  return Float32Array.from(xs, (v) => (v - mean) / (sd + 1e-8));
};

for (let i = 0; i < 4; i++) {
  const raw = await tower.forward(inputs).data() as Float32Array; // expect warning G101
  const embedding = tensor(standardise(raw), { shape: [16, 4] });
  const logits = classifier.forward(embedding);
  const loss = logits.sub(targets).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
