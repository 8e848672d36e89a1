/** Actor and critic under one optimiser; the value loss is read for the log, and not added to the loss. */

import { Adam, Categorical, Generator, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(21);
const generator = new Generator(21);
const actor = new MLP([4, 32, 2], random);
const critic = new MLP([4, 32, 1], random);
const optimizer = new Adam([...actor.parameters(), ...critic.parameters()], { lr: 3e-4 });
const valueLosses: number[] = [];

for (let update = 0; update < 5; update++) {
  const states = tensor(random.uniform(40, -1, 1), { shape: [10, 4] });
  const policy = new Categorical(actor.forward(states));
  const action = policy.sample(generator.next());
  const returns = action.cast("float32");
  const valueLoss = critic.forward(states).squeeze(-1).sub(returns).square().mean();
  valueLosses.push(await valueLoss.item() as number); // expect warning G101
  const policyLoss = policy.logProb(action).mul(returns.sub(returns.mean())).mean().neg();
  const loss = policyLoss.sub(policy.entropy().mean().mul(0.01));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
