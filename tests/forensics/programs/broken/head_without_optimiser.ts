/** Two heads on a trunk; the optimiser was made before the second head was added to the list. */

import { Adam, HostRandom, Linear, MLP, tensor } from "../../../../mod.ts";

const random = new HostRandom(23);
const trunk = new MLP([3, 16, 8], random);
const heads = { position: new Linear(8, 2, random), heading: new Linear(8, 1, random) };
const optimizer = new Adam([...trunk.parameters(), ...heads.position.parameters()], { lr: 1e-3 }); // expect warning G503

const x = tensor(random.uniform(30, -1, 1), { shape: [10, 3] });
for (let i = 0; i < 5; i++) {
  const features = trunk.forward(x).relu();
  const position = heads.position.forward(features).sub(x.slice(1, 0, 2)).square().mean();
  const heading = heads.heading.forward(features).squeeze(-1).sub(x.select(1, 2)).square().mean();
  const loss = position.add(heading);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
