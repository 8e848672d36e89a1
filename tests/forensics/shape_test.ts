/** Shapes, axes, groups, metrics and buffers: refused with the line of the operation. */

import { ok } from "node:assert";
import {
  concat,
  HostRandom,
  Linear,
  metric,
  MLP,
  ones,
  Parameter,
  ParameterGroup,
  RolloutBuffer,
  scan,
  SGD,
  stopGradient,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { isSilent, raises, warnsOf } from "./expect.ts";

const random = new HostRandom(11);

Deno.test("a [B, 1] value against a [B] reward names the subtraction and both tensors", async () => {
  const value = new Linear(3, 1, random).forward(ones([5, 3]));
  const reward = tensor([1, 2, 3, 4, 5]);
  const error = await raises("G302", "const error = value.sub(reward);", () => {
    const error = value.sub(reward);
    error.square().mean().backward();
  });
  ok(/would become \[5,5\]/.test(error.message) && error.sites.length === 3, error.message);
});

Deno.test("done without the agent axis meets reward with it", async () => {
  const names = ["env", "time", "agent", null];
  const reward = ones([6, 4, 3, 1], { axes: names });
  const done = zeros([6, 4, 1], { axes: ["env", "time", null] });
  const error = await raises("G302", "reward.mul(done)", () => reward.mul(done));
  ok(/env 6, time 4, agent 3/.test(error.message));
  const [square, over] = [ones([3, 3, 3, 1], { axes: names }), zeros([3, 3, 1], { axes: ["env", "time", null] })];
  await raises("G303", "square.mul(over)", () => square.mul(over));
  await isSilent(() => reward.mul(done.unsqueeze(2, "agent")));
});

Deno.test("a loss with axes left names them and both reductions", async () => {
  const net = new Linear(3, 2, random);
  const error = await raises("G305", "const loss = net.forward(ones([5, 3])).square()", () => {
    const loss = net.forward(ones([5, 3])).square().named("env", "action");
    loss.backward();
  });
  ok(/`env` \(5\), `action` \(2\)/.test(error.message) && /factor 10/.test(error.message), error.message);
});

Deno.test("a step for the policy does not fit the vector of all parameters", async () => {
  const [policy, value] = [new MLP([3, 4, 2], random), new MLP([3, 4, 1], random)];
  const all = new ParameterGroup("all", [...policy.parameters(), ...value.parameters()]);
  const step = new ParameterGroup("policy", [new Parameter(concat([zeros([26])]), "copy")]).values();
  await raises("G306", "all.values().add(step as never)", () => all.assign(all.values().add(step as never)));
});

Deno.test("a mean that is logged as a sum over time is caught; the right one is not", async () => {
  const reward = ones([10, 4], { axes: ["time", "env"] });
  const episodeReward = metric("episode reward", { reduction: "sum", over: "time" });
  await raises("G307", "const logged = reward.mean();", async () => {
    const logged = reward.mean();
    await episodeReward.read(logged);
  });
  await raises("G307", 'const logged = reward.mean("time").sum();', async () => {
    const logged = reward.mean("time").sum();
    await episodeReward.read(logged);
  });
  ok(await episodeReward.read(reward.sum("time").mean()) === 10);
  ok(await metric("loss", { reduction: "mean" }).read(reward.mean().mul(2)) === 2);
  ok(await episodeReward.read(reward.sum("time").div(3).mean()) > 0);
});

Deno.test("a rollout buffer refuses what carries a gradient, and takes data", async () => {
  const encoder = new Linear(3, 4, random);
  const observation = ones([5, 3]);
  const buffer = new RolloutBuffer();
  await raises("G206", "buffer.add({ observation, features })", () => {
    const features = encoder.forward(observation);
    buffer.add({ observation, features });
  });
  buffer.add({ observation, features: stopGradient(encoder.forward(observation), "data") });
  buffer.add({ observation, features: zeros([5, 4]) });
  ok(String(buffer.stack()["features"]!.shape) === "2,5,4");
  new RolloutBuffer({ keepGraphs: true }).add({ features: encoder.forward(observation) });
});

Deno.test("a rollout buffer refuses a row of other names, in any order the same ones are taken; nothing cannot be stacked", async () => {
  const buffer = new RolloutBuffer();
  await raises("G301", "buffer.stack()", () => buffer.stack());
  buffer.add({ reward: ones([2]), done: zeros([2]) });
  buffer.add({ done: zeros([2]), reward: ones([2]) });
  await raises("G301", "buffer.add({ reward: ones([2]) })", () => buffer.add({ reward: ones([2]) }));
  ok(String(buffer.stack()["reward"]!.shape) === "2,2");
  buffer.clear();
  buffer.add({ observation: ones([3]) });
});

Deno.test("a cut inside the step of a scan is named at its line, at the first step()", async () => {
  const cell = new Linear(3, 3, random);
  const head = new Linear(3, 1, random);
  const optimizer = new SGD([...cell.parameters(), ...head.parameters()], { lr: 0.1 });
  await raises("G101", "[cell.forward(h.add(x)).tanh().detach(), x]", () => {
    const [last] = scan(
      (h: Tensor, x: Tensor) => [cell.forward(h.add(x)).tanh().detach(), x],
      zeros([2, 3]),
      ones([4, 2, 3]),
    );
    head.forward(last).mean().backward();
    optimizer.step();
  });
});

Deno.test("a parameter that no optimiser owns gets a warning", async () => {
  const actor = new Linear(3, 2, random);
  const critic = new Linear(3, 1, random);
  const optimizer = new SGD(actor.parameters(), { lr: 0.1 });
  const warning = await warnsOf("G503", () => {
    const x = ones([5, 3]);
    actor.forward(x).mean().add(critic.forward(x).mean()).backward();
    optimizer.step();
  });
  ok(/`critic\.weight`/.test(warning.message), warning.message);
});
