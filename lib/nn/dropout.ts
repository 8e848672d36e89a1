/** Dropout (Srivastava et al. 2014): in training, entries are 0 by chance and the others larger, so that the mean stays. */

import { signature, takeOnly } from "../graph/arguments.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import * as kind from "../tensor/kinds.ts";
import { bernoulli, Generator } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

const takesDrop = signature("dropout()", { x: kind.tensor, p: kind.share, key: kind.key });

/**
 * `x` with each entry 0 with probability `p`, the others divided by 1 - p (torch.nn.functional.dropout in training), by the
 * random `key`.
 *
 * @example
 * ```ts
 * import { dropout, ones, randomKey } from "@plumbline/plumbline";
 *
 * console.log(new Set(await dropout(ones([100]), 0.5, randomKey(0)).data())); // Set(2) { 0, 2 }
 * ```
 */
export function dropout(x: Tensor, p: number, key: Tensor): Tensor {
  takesDrop(arguments);
  if (p === 0) return x;
  const kept = bernoulli(key, x.shape, 1 - p);
  return x.mul(p < 1 ? 1 / (1 - p) : 0).where(kept, 0);
}

const takesDropout = signature("new Dropout()", { p: kind.share, random: kind.hostRandom });

/**
 * {@linkcode dropout} by a random generator of its own while it trains; after `eval()` what comes in goes out (torch.nn.Dropout).
 *
 * @example
 * ```ts
 * import { Dropout, HostRandom, ones } from "@plumbline/plumbline";
 *
 * const drop = new Dropout(0.5, new HostRandom(0));
 * console.log(new Set(await drop.forward(ones([100])).data())); // Set(2) { 0, 2 }
 * console.log(new Set(await drop.eval().forward(ones([100])).data())); // Set(1) { 1 }
 * ```
 */
export class Dropout extends Module {
  /** What it draws from: each call draws anew. It is state of a compiled function, as all of the module. */
  readonly generator: Generator;

  /** Drops entries with probability `p`, by numbers that follow from `random`. */
  constructor(readonly p: number, random: HostRandom) {
    takesDropout(arguments);
    super();
    this.generator = new Generator(random.bits());
  }

  /** Any shape to the same. */
  forward(x: Tensor): Tensor {
    return this.training && this.p > 0 ? dropout(x, this.p, this.generator.next()) : x;
  }
}

takeOnly(Dropout, { forward: { x: kind.tensor } });
