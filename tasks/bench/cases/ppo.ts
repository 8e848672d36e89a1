/** One PPO update in this library: policy and critic of navigation's sizes, a minibatch that is taken out of a batch. */

import {
  Adam,
  compile,
  Critic,
  GaussianPolicy,
  HostRandom,
  normal,
  ppoLoss,
  randomKey,
  type Tensor,
  tensor,
} from "../../../mod.ts";
import type { Run } from "../protocol.ts";
import { submitsOf } from "../submits.ts";

const frames = 6000, minibatch = 400, agents = 3, observation = 18, action = 2;

/** Compiles the update. */
export async function ppoStep(): Promise<Run> {
  const random = new HostRandom(0);
  const policy = new GaussianPolicy({ agents, observationSize: observation, actionSize: action }, random);
  const critic = new Critic({ agents, observationSize: observation, centralised: true }, random);
  const optimizer = new Adam([...policy.parameters(), ...critic.parameters()], { lr: 3e-4 });
  const draw = (seed: number, ...shape: number[]): Tensor => normal(randomKey(seed), [frames, agents, ...shape]);
  const batch = {
    observation: draw(2, observation),
    choice: draw(3, action),
    noise: draw(7, action),
    logProb: draw(4),
    advantage: draw(5),
    returns: draw(6),
  };
  await Promise.all(Object.values(batch).map((x) => x.data()));
  const weight = tensor(new Float32Array(minibatch).fill(1));
  const step = compile((all: typeof batch, index: Tensor, weight: Tensor) => {
    const rows = Object.fromEntries(Object.entries(all).map(([name, x]) => [name, x.take(index, 0)])) as typeof batch;
    const output = policy.output(rows.observation);
    const now = {
      logProb: policy.logProb(output, rows.choice),
      entropy: policy.entropy(output, rows.noise),
      value: critic.forward(rows.observation),
    };
    const { loss } = ppoLoss({ ...rows, weight }, now, { clipEpsilon: 0.2, entropyEps: 1e-4 });
    optimizer.zeroGrad();
    loss.backward();
    optimizer.clipGradNorm(1);
    optimizer.step();
    return loss;
  }, { state: [policy, critic, optimizer], name: "the PPO step" });
  const order = random.permutation(frames);
  let start = 0;
  return async () => {
    const index = tensor(order.slice(start, start + minibatch));
    start = (start + minibatch) % frames;
    let loss: Tensor;
    const submits = await submitsOf(async () => loss = await step(batch, index, weight));
    await loss!.item();
    return submits;
  };
}
