/** Where a vector stands in a sequence: sinusoids that are added (Vaswani et al. 2017), and rotations (Su et al. 2021). */

import { signature } from "../../graph/arguments.ts";
import { PlumblineError } from "../../graph/error.ts";
import { atCaller } from "../../graph/site.ts";
import { allocate, describe } from "../../graph/types.ts";
import { concat, stack } from "../../tensor/functions.ts";
import * as kind from "../../tensor/kinds.ts";
import { fromData, type Tensor } from "../../tensor/tensor.ts";

const size = kind.count(1);
const takesSinusoidal = signature("sinusoidalPositions()", {
  length: size,
  features: size,
  options: kind.options<{ base: number }>({ base: kind.finite }),
});

/** base^(-2i / features) of each pair of features, the slowest last. */
function frequencies(features: number, base: number): Float64Array {
  return Float64Array.from({ length: Math.ceil(features / 2) }, (_, i) => base ** (-2 * i / features));
}

/** `f` of position times frequency, `[length, pair]`: angles in float64, so that late positions are exact too. */
function table(length: number, offset: number, rates: Float64Array, f: (angle: number) => number): Tensor {
  const data = allocate("float32", length * rates.length);
  for (let t = 0; t < length; t++) rates.forEach((rate, i) => data[t * rates.length + i] = f((t + offset) * rate));
  return fromData(data, "float32", [length, rates.length]);
}

/**
 * `[length, features]`: sin(t / base^(2i / features)) in feature 2i and the cosine in feature 2i + 1 of position t (Vaswani et al.
 * 2017, section 3.5). `base` is 10000 unless told otherwise. Add it to `[.., length, features]`.
 */
export function sinusoidalPositions(length: number, features: number, options: { base?: number } = {}): Tensor {
  takesSinusoidal(arguments);
  const data = allocate("float32", length * features);
  const rates = frequencies(features, options.base ?? 10000);
  for (let t = 0; t < length; t++) {
    for (let i = 0; i < features; i++) {
      const angle = t * rates[i >> 1]!;
      data[t * features + i] = i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return fromData(data, "float32", [length, features]);
}

/** Settings of {@linkcode rotaryPositions}. */
export interface RotaryOptions {
  /** The slowest rotation takes 2 pi times this number of steps, nearly: 10000 unless told otherwise. */
  base?: number;
  /** The position of the first entry: 0 unless told otherwise. */
  offset?: number;
  /**
   * Which features are a pair: i and i + features / 2, as in GPT-NeoX and LLaMA, unless told otherwise; 2i and 2i + 1, as in the
   * paper and torchtune, if it is true.
   */
  interleaved?: boolean;
}

/** Settings of rotary positions, as an argument. */
export const rotaryOptions: kind.Kind = kind.options<RotaryOptions>({
  base: kind.finite,
  offset: kind.count(0),
  interleaved: kind.boolean,
});
const takesRotary = signature("rotaryPositions()", { x: kind.tensor, options: rotaryOptions });

/**
 * Queries or keys `[.., time, features]` with each pair of features turned by its position times a frequency: inner products then
 * tell how far apart two are (Su et al. 2021, equation 34).
 *
 * @throws PlumblineError G301 for an odd number of features.
 */
export function rotaryPositions(x: Tensor, options: RotaryOptions = {}): Tensor {
  takesRotary(arguments);
  const { base = 10000, offset = 0, interleaved = false } = options;
  const [length, features] = x.shape.slice(-2);
  if (length === undefined || features === undefined || features % 2 !== 0) {
    throw new PlumblineError({
      code: "G301",
      message: `rotaryPositions() turns pairs of the features of [.., time, features], not of ${describe(x.node)}.`,
      made: [x.node],
      help: "the last axis has an even size; the one before it is time.",
    });
  }
  const rates = frequencies(features, base);
  const [cos, sin] = [Math.cos, Math.sin].map((f) => table(length, offset, rates, f)) as [Tensor, Tensor];
  return atCaller(() => {
    const pairs = x.reshape(...x.shape.slice(0, -1), ...(interleaved ? [features / 2, 2] : [2, features / 2]));
    const [a, b] = [0, 1].map((i) => pairs.select(interleaved ? -1 : -2, i)) as [Tensor, Tensor];
    const turned = [a.mul(cos).sub(b.mul(sin)), a.mul(sin).add(b.mul(cos))];
    const y = interleaved ? stack(turned, -1).reshape(...x.shape) : concat(turned, -1);
    return y.named(...x.axes);
  });
}
