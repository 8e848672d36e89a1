/** TRPO: the step of the policy is added to the flat vector of policy and value function. */

import { compile, FlatVector, HostRandom, MLP, ParameterGroup, tensor } from "../../../../mod.ts";

const random = new HostRandom(44);
const policy = new MLP([6, 16, 3], random);
const valueFunction = new MLP([6, 16, 1], random);
const all = new ParameterGroup("all", [...policy.parameters(), ...valueFunction.parameters()]);
const policySize = policy.parameters().reduce((n, x) => n + x.size, 0);
const states = tensor(random.uniform(60, -1, 1), { shape: [10, 6] });

const improve = compile((states) => {
  const surrogate = policy.forward(states).square().mean().neg();
  const gradient = all.gradient(surrogate, true).tensor.slice(0, 0, policySize);
  const fullStep = new FlatVector("policy", gradient.mul(0.01));
  all.assign(all.values().add(fullStep as unknown as FlatVector<"all">)); // expect G306
  return surrogate;
}, { state: [policy, valueFunction, all] });
await improve(states);
