/** A controller learns through forty steps of physics in a scan; a foreign renderer stops gradients by declaration. */

import { Adam, boundary, HostRandom, MLP, scan, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(19);
const controller = new MLP([2, 16, 1], random);
const optimizer = new Adam(controller.parameters(), { lr: 1e-2 });
const render = boundary("renderer", async (x: Tensor) => tensor([Math.max(...await x.data())]), "stop");
export const losses: number[] = [];

function drive(start: Tensor): Tensor {
  const step = ({ x, v }: { x: Tensor; v: Tensor }): readonly [{ x: Tensor; v: Tensor }, Tensor] => {
    const force = controller.forward(
      x.unsqueeze(1).matmul(tensor([[1, 0]])).add(v.unsqueeze(1).matmul(tensor([[0, 1]]))),
    );
    const speed = v.add(force.squeeze(1).tanh().mul(0.1));
    const place = x.add(speed.mul(0.1));
    return [{ x: place, v: speed }, place.square().add(speed.square().mul(0.1))];
  };
  const [, cost] = scan(step, { x: start, v: zeros([start.size]) }, [] as Tensor[], { length: 40 });
  return cost.mean();
}

for (let i = 0; i < 20; i++) {
  const start = tensor(random.uniform(8, -1, 1));
  const brightness = await render(controller.forward(start.unsqueeze(1).expand(8, 2)));
  const loss = drive(start).add(brightness.sum().mul(0));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(await drive(tensor([0.8, -0.6, 0.4])).item() as number);
}
