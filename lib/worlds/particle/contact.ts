/** The force between bodies that touch or are joined: VMAS's soft law, a function of the distance alone. */

import { where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { squaredLength } from "./pairs.ts";

/** How hard and how soft contacts are. */
export interface ContactLaw {
  /** Newtons for each metre of penetration. */
  readonly stiffness: number;
  /** Metres over which the force sets in. */
  readonly margin: number;
}

/** Nearer than this, in metres, two points have no direction between them: they neither repel nor attract. */
const coincident = 1e-6;
/** Stands for the distance of points that do not repel; any that is far from every contact. */
const faraway = 1e3;

/** `margin * log(1 + exp(depth / margin))`, in metres. */
function softened(depth: Tensor, margin: number): Tensor {
  return depth.div(margin).softplus().mul(margin);
}

/**
 * The force on the first point of each pair, [env, 2, pair], from the difference of the points (first less second):
 * `stiffness * margin * log(1 + exp((reach - d) / margin))` along the difference. It is 0 beyond `reach`, the distance at
 * which the bodies touch, where it jumps to `stiffness * margin * log 2`; and 0 below 1e-6 m. `reach` is a number or
 * a tensor [pair] or [env, 1, pair]; `squared` is d squared, [env, 1, pair]. Where `inside` (bool, likewise) is true, the first
 * point has gone through the second one: d counts as negative, and the force is against the difference. Where `felt`
 * (likewise) is false there is none. The derivative is finite everywhere. Factors are multiplied in VMAS's order.
 */
export function repulsion(
  difference: Tensor,
  reach: Tensor | number,
  law: ContactLaw,
  { squared = squaredLength(difference), inside = null, felt = null }: {
    readonly squared?: Tensor;
    readonly inside?: Tensor | null;
    readonly felt?: Tensor | null;
  } = {},
): Tensor {
  const length = where(squared.less(coincident ** 2), faraway ** 2, squared).sqrt();
  const distance = inside ? where(inside.and(length.less(faraway / 2)), length.neg(), length) : length;
  const penetration = distance.neg().add(reach);
  const touching = penetration.greaterEqual(0);
  const depth = where(felt ? touching.and(felt) : touching, softened(penetration, law.margin), 0);
  return difference.mul(law.stiffness).div(distance).mul(depth);
}

/**
 * The force on the first point of each pair, [env, 2, pair], that holds it at the second:
 * `stiffness * margin * log(1 + exp(d / margin))` against the difference (first less second), and 0 below 1e-6 m. The
 * derivative is finite everywhere; where it is asked to hold less than the force at which it sets in, points chatter, and the
 * derivative grows from step to step until it is not.
 */
export function attraction(difference: Tensor, law: ContactLaw): Tensor {
  const squared = squaredLength(difference);
  const apart = squared.greaterEqual(coincident ** 2);
  const distance = where(apart, squared, 1).sqrt();
  const stretch = where(apart, softened(distance, law.margin), 0);
  return difference.mul(-law.stiffness).div(distance).mul(stretch);
}
