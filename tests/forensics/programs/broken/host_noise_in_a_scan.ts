/** A scan whose step draws from the host: all steps have the same noise. */

import { HostRandom, Parameter, scan, SGD, type Tensor, tensor, zeros } from "../../../../mod.ts";

const random = new HostRandom(15), w = new Parameter(tensor(0.5), "w"), optimizer = new SGD([w], { lr: 0.01 });
for (let i = 0; i < 2; i++) {
  const [end] = scan(
    (h: Tensor, x: Tensor) => {
      const noise = random.next() - 0.5; // expect G203
      const next = h.mul(w).add(x).add(noise);
      return [next, next];
    },
    zeros([]),
    tensor([1, 2, 3]),
  );
  optimizer.zeroGrad();
  end.square().backward();
  optimizer.step();
}
