/** The temperature of soft actor-critic: three optimisers, each loss stops at the others' parameters. */

import {
  Adam,
  Generator,
  HostRandom,
  MLP,
  Parameter,
  TanhNormal,
  type Tensor,
  tensor,
  zeros,
} from "../../../../mod.ts";

const random = new HostRandom(17);
const generator = new Generator(17);
const actor = new MLP([2, 16, 2], random);
const critic = new MLP([3, 16, 1], random);
const logAlpha = new Parameter(zeros([1]));
const [actorOptimizer, criticOptimizer] = [actor, critic].map((net) => new Adam(net.parameters(), { lr: 1e-2 }));
const alphaOptimizer = new Adam([logAlpha], { lr: 1e-2 });
export const losses: number[] = [];

function act(state: Tensor): { action: Tensor; logProb: Tensor } {
  const [loc, raw] = actor.forward(state).split([1, 1], -1) as [Tensor, Tensor];
  const policy = new TanhNormal(loc, raw.softplus().add(0.01));
  const action = policy.rsample(generator.next());
  return { action, logProb: policy.logProb(action) };
}

const value = (state: Tensor, action: Tensor): Tensor =>
  critic.forward(state.matmul(tensor([[1, 0, 0], [0, 1, 0]])).add(action.matmul(tensor([[0, 0, 1]]))));

for (let i = 0; i < 150; i++) {
  const state = tensor(random.uniform(64, -1, 1), { shape: [32, 2] });
  const taken = tensor(random.uniform(32, -1, 1), { shape: [32, 1] });
  const reward = taken.sub(state.mean(1, true)).square().neg();
  const criticLoss = value(state, taken).sub(reward).square().mean();
  criticOptimizer!.zeroGrad();
  criticLoss.backward();
  criticOptimizer!.step();

  const { action, logProb } = act(state);
  const actorLoss = logProb.mul(logAlpha.exp().detach()).sub(value(state, action)).mean();
  actorOptimizer!.zeroGrad();
  actorLoss.backward();
  actorOptimizer!.step();

  const alphaLoss = logAlpha.exp().mul(logProb.add(1).detach().neg()).mean();
  alphaOptimizer.zeroGrad();
  alphaLoss.backward();
  alphaOptimizer.step();
  criticOptimizer!.zeroGrad();
  losses.push(await criticLoss.item() as number);
}
