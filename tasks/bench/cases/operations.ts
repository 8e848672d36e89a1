/** 300 operations in a row on few numbers: what an operation costs when it is small, and what a call does. */

import { compile, type Tensor, tensor } from "../../../mod.ts";
import type { Run } from "../protocol.ts";

/** Compiles the chain for `size` numbers; `floorMs` is asked for its least time. */
export async function operations(size: number, floorMs: () => number): Promise<Run> {
  const x = tensor(Float32Array.from({ length: size }, (_, i) => -0.9 + 1.8 * i / (size - 1)));
  const run = compile((x: Tensor) => {
    let y = x;
    for (let i = 0; i < 100; i++) y = y.mul(x).add(0.5).maximum(-0.25);
    return y;
  }, { name: "the chain of operations" });
  await (await run(x)).data();
  const floor = floorMs();
  return async () => {
    const begin = performance.now();
    await (await run(x)).data();
    return { "floor us": 1e3 * floor, "times the floor": (performance.now() - begin) / floor };
  };
}
