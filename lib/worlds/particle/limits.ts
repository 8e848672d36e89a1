/** Limits of vectors: how long they may be, and how far they may reach along each axis. */

import { where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { constant, length } from "./pairs.ts";

/** More than anything reaches; finite, so that the derivative is. */
const unlimited = 1e9;

type Limit = number | null | undefined;

function limitOf(values: readonly Limit[]): Tensor | number | null {
  const limits = values.map((x) => x ?? unlimited);
  return limits.some((x) => x < unlimited) ? constant(limits, limits.length, 1) : null;
}

/** Vectors not longer than `most`; one that is as long as that is left as it is, with its derivative. */
function shortened(vectors: Tensor, most: Tensor | number): Tensor {
  const size = length(vectors);
  return where(size.greater(most), vectors.div(size).mul(most), vectors);
}

/** The limits of the vectors of bodies, [env, body, 2]; null and undefined are none. */
export class Limits {
  readonly #norm: Tensor | number | null;
  readonly #range: Tensor | number | null;
  readonly #reverse: Tensor | number;

  /** `norms` are of lengths, `ranges` of the size of each coordinate; one a body. */
  constructor(norms: readonly Limit[], ranges: readonly Limit[]) {
    this.#norm = limitOf(norms);
    this.#range = limitOf(ranges);
    this.#reverse = constant(ranges.map((x) => -(x ?? unlimited)), ranges.length, 1);
  }

  /** The vectors, shortened first and then cut off. */
  hold(vectors: Tensor): Tensor {
    const held = this.#norm === null ? vectors : shortened(vectors, this.#norm);
    return this.#range === null ? held : held.clamp(this.#reverse, this.#range);
  }
}
