/** The 50 largest of rows, and whole rows in order: what sampling of words and ranks of returns ask for. */

import { compile, HostRandom, type Tensor, tensor } from "../../../mod.ts";
import type { Run } from "../protocol.ts";

/** Compiles `topk` or `sort` of `[rows, count]`. */
export async function orders(kind: "topk" | "sort", rows: number, count: number): Promise<Run> {
  const x = tensor(Float32Array.from(new HostRandom(0).normal(rows * count)), { shape: [rows, count] });
  const run = compile((x: Tensor) => {
    const { values, indices } = kind === "topk" ? x.topk(50) : x.sort();
    return [values, indices];
  }, { name: kind });
  const once = async (): Promise<void> => {
    const [values, indices] = await run(x);
    await Promise.all([values!.data(), indices!.data()]);
  };
  await once();
  return once;
}
