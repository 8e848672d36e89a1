/** Advantage actor-critic on a chain, everything compiled; one environment, conditions and masks without a result. */

import {
  Adam,
  Categorical,
  compile,
  generalisedAdvantages,
  Generator,
  HostRandom,
  MLP,
  stopGradient,
  type Tensor,
  tensor,
  where,
} from "../../../../mod.ts";

const random = new HostRandom(16);
const generator = new Generator(16);
const actor = new MLP([3, 32, 2], random);
const critic = new MLP([3, 32, 1], random);
const optimizer = new Adam([
  { name: "actor", parameters: actor.parameters() },
  { name: "critic", parameters: critic.parameters(), lr: 2e-2 },
], { lr: 1e-2 });
const [time, envs] = [8, 1];
export const losses: number[] = [];

const update = compile((observation: Tensor, next: Tensor, done: Tensor) => {
  const policy = new Categorical(actor.forward(observation).reshape(time, envs, 1, 2));
  const action = policy.sample(generator.next());
  const reward = where(action.equal(1), observation.select(-1, 0).unsqueeze(-1).cast("float32"), 0);
  const value = critic.forward(observation);
  const { advantage, returns } = generalisedAdvantages(
    {
      reward,
      value: stopGradient(value, "advantages are data"),
      nextValue: stopGradient(critic.forward(next), "bootstrap"),
      terminated: done,
      done,
    },
    0.9,
    0.95,
  );
  const valueLoss = value.sub(returns).square().mean();
  const policyLoss = policy.logProb(action).mul(advantage).mean().neg();
  const loss = policyLoss.add(valueLoss.mul(0.5)).sub(policy.entropy().mean().mul(0.01));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.clipGradNorm(1);
  optimizer.step();
  return valueLoss;
}, { state: [actor, critic, optimizer, generator] });

for (let i = 0; i < 40; i++) {
  const positive = random.uniform((time + 1) * envs * 3, 0.5, 1);
  const all = tensor(positive, { shape: [time + 1, envs, 3] });
  const done = tensor(Uint8Array.from({ length: time * envs }, (_, k) => Number(k % 4 === 3)), { shape: [time, envs] });
  const valueLoss = await update(all.slice(0, 0, time), all.slice(0, 1), done);
  losses.push(await valueLoss.item() as number);
}
