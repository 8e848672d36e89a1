/** TRPO: the divergence whose gradient is asked for was detached on both sides. */

import { HostRandom, MLP, ParameterGroup, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const p = new MLP([3, 8, 2], random);
const group = new ParameterGroup("policy", p.parameters());
const x = draw(5, 3);
const probs = p.forward(x).softmax(-1).detach(); // expect G101
const kl = probs.mul(probs.log().sub(probs.log())).sum(-1).mean();
const g = group.gradient(kl);
await g.tensor.data();
