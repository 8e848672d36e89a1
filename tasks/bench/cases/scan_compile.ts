/** How long it takes until a scan that was never seen has run: tracing it, making a program of it, and ten steps. */

import { compile, gradients, normal, randomKey, scan, type Tensor } from "../../../mod.ts";
import type { Run } from "../protocol.ts";

const width = 64, steps = 10, turns = 100;

type State = { a: Tensor; b: Tensor; c: Tensor };

/** Five operations a turn, and a sine in every tenth; the numbers differ with `seed`, so that it is another program. */
function step({ a, b, c }: State, x: Tensor, seed: number): [State, Tensor] {
  for (let i = 0; i < turns; i++) {
    const t = a.mul(b).add(x);
    const w = c.sub(t).mul(0.1 + 1e-3 * i + 1e-5 * seed);
    [a, b, c] = [b, c.add(w), i % 10 === 9 ? t.sin() : t];
  }
  return [{ a: a.mul(0.1), b: b.mul(0.1), c: c.mul(0.1) }, a.sum()];
}

/** A program of 500 operations a step each time; with their derivatives if asked for. */
export async function scanCompile(isDifferentiated: boolean): Promise<Run> {
  const [x, us] = [normal(randomKey(0), [width]), normal(randomKey(1), [steps, width])];
  await Promise.all([x.data(), us.data()]);
  let seed = 0;
  return async () => {
    const own = seed++;
    const run = compile((x: Tensor, us: Tensor) => {
      const [last] = scan((s: State, u: Tensor) => step(s, u, own), { a: x, b: x, c: x }, us);
      const loss = last.a.add(last.b).add(last.c).square().sum();
      return isDifferentiated ? [loss, ...gradients(loss, [x, us])] : [loss];
    }, { name: "the scan" });
    await (await run(x, us))[0]!.item();
    run.dispose();
  };
}
