/** TRPO: the Hessian of the divergence of a policy from itself, without a stop: zero. */

import {
  compile,
  conjugateGradient,
  HostRandom,
  MLP,
  Normal,
  ones,
  ParameterGroup,
  type Tensor,
  tensor,
} from "../../../../mod.ts";

const random = new HostRandom(6),
  policy = new MLP([3, 4, 2], random),
  group = new ParameterGroup("policy", policy.parameters());
const update = compile((x: Tensor, a: Tensor) => {
  const now = new Normal(policy.forward(x), ones([10, 2]));
  const fisher = group.hessian(now.kl(now).sum(1).mean()); // expect G110
  const direction = conjugateGradient(fisher, group.gradient(now.logProb(a).mean()));
  group.assign(group.values().add(direction.mul(0.01)));
}, { state: group });
for (let i = 0; i < 2; i++) {
  await update(
    tensor(random.uniform(30, -1, 1), { shape: [10, 3] }),
    tensor(random.uniform(20, -1, 1), { shape: [10, 2] }),
  );
}
