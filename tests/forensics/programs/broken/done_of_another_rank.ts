/** As the report had it: done [B, T, 1] against reward [B, T, n, 1], without names. */

import { HostRandom, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(42);
const [batch, time, agents] = [6, 4, 3];
const reward = tensor(random.uniform(batch * time * agents), { shape: [batch, time, agents, 1] });
const done = zeros([batch, time, 1]);
const discounted = reward.mul(done.neg().add(1)); // expect G302
console.debug(await discounted.mean().item());
