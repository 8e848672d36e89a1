/** Actor and critic in one optimiser and one class; the value loss is forgotten altogether. The step is compiled. */

import { AdamW, compile, HostRandom, MLP, Module, Normal, onesLike, type Tensor, tensor } from "../../../../mod.ts";

class ActorCritic extends Module {
  readonly actor: MLP;
  readonly critic: MLP;

  constructor(random: HostRandom) {
    super();
    this.actor = new MLP([3, 16, 2], random);
    this.critic = new MLP([3, 16, 1], random); // expect warning G106
  }

  override forward(observation: Tensor): Tensor {
    return this.actor.forward(observation);
  }
}

const random = new HostRandom(62);
const agent = new ActorCritic(random);
const optimizer = new AdamW(agent.parameters(), { lr: 1e-3 });

const update = compile((observation: Tensor, action: Tensor, advantage: Tensor) => {
  const loc = agent.forward(observation);
  const logProb = new Normal(loc, onesLike(loc).mul(0.3)).logProb(action).sum(-1);
  const loss = logProb.mul(advantage).mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [agent, optimizer] });

for (let i = 0; i < 3; i++) {
  const observation = tensor(random.uniform(24, -1, 1), { shape: [8, 3] });
  const action = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });
  await update(observation, action, tensor(random.uniform(8, -1, 1)));
}
