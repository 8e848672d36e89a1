/** if (tensor) outside of a trace: always true, so every update has one epoch. */

import { Adam, Categorical, Generator, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(10),
  generator = new Generator(10),
  policy = new MLP([4, 8, 3], random),
  optimizer = new Adam(policy.parameters(), { lr: 1e-3 });
for (let i = 0; i < 3; i++) {
  const s = tensor(random.uniform(64, -1, 1), { shape: [16, 4] });
  const acting = new Categorical(policy.forward(s)), a = acting.sample(generator.next());
  const old = tensor(await acting.logProb(a).data()), advantage = a.cast("float32").sub(1);
  for (let epoch = 0; epoch < 4; epoch++) {
    const now = new Categorical(policy.forward(s)).logProb(a);
    const loss = now.sub(old).exp().mul(advantage).mean().neg();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    const kl = old.sub(now).mean();
    if (kl.greater(0.02)) break; // expect warning G104
  }
}
