/** What updates measure: sums over the frames that were learned from, kept on the device and read once an iteration. */

import { zeros } from "../tensor/creation.ts";
import { stack } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Stateful, Variable } from "../tensor/variable.ts";

/** Means over frames, by name. */
export class Diagnostics<Name extends string = string> implements Stateful {
  readonly #sums: Variable;

  /** `names` are those of the metrics, without `train/`. */
  constructor(readonly names: readonly Name[]) {
    this.#sums = new Variable(zeros([names.length]), "diagnostics");
  }

  /** Forgets all frames. */
  reset(): void {
    this.#sums.assign(zeros([this.names.length]));
  }

  /** Adds what was measured over so many frames. */
  add(means: Readonly<Record<Name, Tensor>>, frames: Tensor): void {
    this.#sums.assign(this.#sums.add(stack(this.names.map((name) => means[name])).mul(frames)));
  }

  /** The sum of one. */
  async sum(name: Name): Promise<number> {
    return (await this.#sums.data())[this.names.indexOf(name)]!;
  }

  /** As metrics, `train/...`: the means of all over so many frames. */
  async metrics(frames: number): Promise<Record<string, number>> {
    const sums = await this.#sums.data();
    return Object.fromEntries(this.names.map((name, i) => [`train/${name}`, sums[i]! / frames]));
  }

  /** The sums. */
  variables(): Variable[] {
    return [this.#sums];
  }
}
