/** The force between bodies that touch: VMAS's soft repulsion, a function of the distance alone. */

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

/** Nearer than this, in metres, two points have no direction between them and do not repel. */
const coincident = 1e-6;
/** Stands for the distance of points that do not repel; any that is far from every contact. */
const faraway = 1e3;

/**
 * The force on the first point of each pair, [env, 2, pair], from the difference of the points (first less second):
 * `stiffness * margin * log(1 + exp((reach - d) / margin))` along the difference. It is 0 beyond `reach`, the distance at
 * which the bodies touch, where it jumps to `stiffness * margin * log 2`; and 0 below 1e-6 m. `reach` is a number or
 * [pair]. The derivative is finite everywhere.
 */
export function repulsion(difference: Tensor, reach: Tensor | number, { stiffness, margin }: ContactLaw): Tensor {
  const squared = squaredLength(difference);
  const distance = where(squared.less(coincident ** 2), faraway ** 2, squared).sqrt();
  const penetration = distance.neg().add(reach);
  const softened = penetration.mul(1 / margin).softplus().mul(stiffness * margin);
  return difference.mul(where(penetration.less(0), 0, softened.div(distance)));
}
