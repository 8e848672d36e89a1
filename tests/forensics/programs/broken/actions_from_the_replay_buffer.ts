/** DDPG: the actor's loss takes the actions of the replay buffer, which were read. */

import { Adam, concat, HostRandom, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(3);
const actor = new MLP([2, 8, 1], random), critic = new MLP([3, 8, 1], random);
const actorOpt = new Adam(actor.parameters(), { lr: 1e-3 }), criticOpt = new Adam(critic.parameters(), { lr: 1e-3 });
console.debug(criticOpt.groups.length);
const replay: { state: number[]; action: number[] }[] = [];
for (let t = 0; t < 6; t++) {
  const state = [...random.uniform(2, -1, 1)];
  const action = [...await actor.forward(tensor([state])).tanh().data()]; // expect G101
  replay.push({ state, action });
}
for (let i = 0; i < 2; i++) {
  const batch = replay.slice(0, 4);
  const s = tensor(batch.map((b) => b.state)), a = tensor(batch.map((b) => b.action));
  const loss = critic.forward(concat([s, a], 1)).mean().neg();
  actorOpt.zeroGrad();
  loss.backward();
  actorOpt.step();
}
