/** What tracing costs: the time to make graph nodes and their derivatives, before any engine sees them. */

import { gradients, type Tensor, tensor } from "../../../mod.ts";
import type { Run } from "../protocol.ts";

const links = 300;

/** A chain of four operations a link, and its derivative. */
export function tracing(): Run {
  const start = tensor([0.1, 0.2, 0.3]);
  const chain = (x: Tensor): Tensor => {
    let y = x;
    for (let i = 0; i < links; i++) y = y.mul(x).add(y).sin().sub(x);
    return y.sum();
  };
  return () => {
    const begin = performance.now();
    const loss = chain(start);
    const middle = performance.now();
    gradients(loss, [start]);
    const end = performance.now();
    const each = 1000 / (4 * links);
    return Promise.resolve({
      "us per operation": (middle - begin) * each,
      "us per operation's derivative": (end - middle) * each,
    });
  };
}
