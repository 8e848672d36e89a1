/** The run's metric is the sum of rewards over an episode; the evaluation logs the mean. */

import { Adam, HostRandom, metric, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(45);
const policy = new MLP([3, 8, 1], random);
const optimizer = new Adam(policy.parameters(), { lr: 1e-2 });
const episodeReward = metric("episode reward", { reduction: "sum", over: "time" });

for (let i = 0; i < 3; i++) {
  const states = tensor(random.uniform(5 * 4 * 3, -1, 1), { shape: [5, 4, 3], axes: ["time", "env", null] });
  const reward = policy.forward(states).squeeze(-1).square().neg();
  const loss = reward.mean().neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  const logged = reward.mean("time").mean("env"); // expect G307
  console.debug("reward", await episodeReward.read(logged.detach("logging")));
}
