/**
 * What attention has seen of the bytes before, by layer. What a loop writes goes to a small store of its own, in the order of its steps,
 * some of it in vain; at the end of the loop what counts is put into the cache. So a step moves as many numbers as it has written.
 */

import { arange, zeros } from "../tensor/creation.ts";
import { where } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Stateful, Variable } from "../tensor/variable.ts";

/** Keys and values, `[head, slot, feature]`. */
export type Kept = readonly [keys: Tensor, values: Tensor];

/** Keys and values of a layer, `[head, slot, feature]` each. */
export class LayerCache implements Stateful {
  readonly keys: Variable;
  readonly values: Variable;

  constructor(heads: number, slots: number, features: number) {
    this.keys = new Variable(zeros([heads, slots, features]), "keys");
    this.values = new Variable(zeros([heads, slots, features]), "values");
  }

  variables(): Variable[] {
    return [this.keys, this.values];
  }
}

/** What caches hold. */
export const read = (caches: readonly LayerCache[]): Kept[] => caches.map(({ keys, values }): Kept => [keys, values]);

/** Caches hold `kept` from now on. */
export function write(caches: readonly LayerCache[], kept: readonly Kept[]): void {
  caches.forEach(({ keys, values }, i) => {
    keys.assign(kept[i]![0]);
    values.assign(kept[i]![1]);
  });
}

/** An empty store for what `steps` steps write, `width` bytes each, for each of the caches. */
export function storesFor(caches: readonly LayerCache[], steps: number, width: number): Kept[] {
  return caches.map(({ keys: { shape: [heads, , features] } }): Kept => {
    const empty = zeros([heads!, steps * width, features!]);
    return [empty, empty];
  });
}

/** A store, `[head, step * width, feature]`, after step `step` wrote `fresh` there, `[head, width, feature]`. */
export function stored([keys, values]: Kept, fresh: Kept, step: Tensor): Kept {
  const [heads, width, features] = fresh[0].shape as [number, number, number];
  const steps = keys.shape[1]! / width;
  const own = arange(steps).equal(step).reshape(steps, 1, 1);
  const put = (old: Tensor, x: Tensor): Tensor =>
    where(own, x.unsqueeze(1), old.reshape(heads, steps, width, features)).reshape(...old.shape);
  return [put(keys, fresh[0]), put(values, fresh[1])];
}

/** Puts what counts of stores into their caches, from slot `start` on. `valid` is bool `[entry]`. What has no slot left is dropped. */
export function settle(caches: readonly LayerCache[], stores: readonly Kept[], valid: Tensor, start: Tensor): void {
  const [entries, slots] = [valid.size, caches[0]!.keys.shape[1]!];
  const rank = valid.cast("int32").cumsum(0).sub(1);
  const isHere = arange(slots).sub(start).unsqueeze(1).equal(rank.unsqueeze(0)).and(valid.unsqueeze(0)).cast("int32");
  const own = isHere.sum(1).greater(0).unsqueeze(-1);
  const source = isHere.mul(arange(entries)).sum(1);
  write(
    caches,
    read(caches).map(([keys, values], i): Kept => {
      const [newKeys, newValues] = stores[i]!;
      return [where(own, newKeys.take(source, 1), keys), where(own, newValues.take(source, 1), values)];
    }),
  );
}
