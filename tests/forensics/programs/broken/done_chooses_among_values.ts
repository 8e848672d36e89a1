/** where(done [B], value [B, 1], 0). */

import { Adam, HostRandom, MLP, type Tensor, tensor, where } from "../../../../mod.ts";

const random = new HostRandom(3);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });
const v = new MLP([3, 8, 1], random), opt = new Adam(v.parameters(), { lr: 1e-3 });
const s = draw(6, 3), done = tensor(Uint8Array.of(0, 1, 0, 1, 0, 0));
const next = where(done, 0, v.forward(s)); // expect G302
opt.zeroGrad();
next.mean().backward();
opt.step();
