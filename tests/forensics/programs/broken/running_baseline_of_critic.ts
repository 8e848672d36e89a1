/** REINFORCE with a learned baseline. The value is read to compute the advantage, and the value loss is never written. */

import { Adam, Categorical, compile, Generator, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(5);
const generator = new Generator(5);
const policy = new MLP([4, 16, 3], random);
const baseline = new MLP([4, 16, 1], random);
const optimizer = new Adam([
  { name: "policy", parameters: policy.parameters(), lr: 1e-3 },
  { name: "baseline", parameters: baseline.parameters(), lr: 1e-2 },
], { lr: 1e-3 });
const act = compile((s, key) => new Categorical(policy.forward(s)).sample(key), { state: policy });

for (let episode = 0; episode < 5; episode++) {
  const states = tensor(random.uniform(16 * 4, -1, 1), { shape: [16, 4] });
  const actions = await act(states, generator.next());
  const rewards = Float32Array.from(await actions.data(), (a) => a === 1 ? 1 : 0);
  const values = await baseline.forward(states).data() as Float32Array; // expect warning G101
  const advantage = tensor(rewards.map((r, i) => r - values[i]!));
  const logProb = new Categorical(policy.forward(states)).logProb(actions);
  const loss = logProb.mul(advantage).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.clipGradNorm(0.5);
  optimizer.step();
}
