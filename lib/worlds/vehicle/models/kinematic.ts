/** Cars whose wheels roll where they point: the kinematic model KS about the rear axle, and what slow cars of other models do. */

import type { Tensor } from "../../../tensor/tensor.ts";
import type { Law, Moment } from "./law.ts";
import { acceleration, steeringRate } from "./limits.ts";

/** KS: x, y, steering angle, speed, heading, all of the rear axle. */
export function kinematic({ p, limits, x, asked }: Moment): readonly Tensor[] {
  const [, , angle, speed, heading] = x as [Tensor, Tensor, Tensor, Tensor, Tensor];
  return [
    speed.mul(heading.cos()),
    speed.mul(heading.sin()),
    steeringRate(p, limits, angle, asked[0]),
    acceleration(p, limits, speed, asked[1]),
    speed.mul(angle.tan()).div(p.frontAxle.add(p.rearAxle)),
  ];
}

/** What the centre of gravity of a slow car does. */
export interface Rolling {
  /** Of the heading, rad/s. */
  readonly yawRate: Tensor;
  /** rad/s^2. */
  readonly yawAcceleration: Tensor;
  /** Of the slip angle, rad/s. */
  readonly slipRate: Tensor;
}

/**
 * The rates of a car that rolls without slipping, by what its driver does: `turning` rad/s, `pushing` m/s^2. The slip angle at the
 * centre of gravity is atan(tan(angle) r), r the rear axle's share of the wheelbase; its rate is the derivative of that (in
 * CommonRoad's code the square of the tangent stands inside of another square there).
 */
export function rolling(p: Law, angle: Tensor, speed: Tensor, turning: Tensor, pushing: Tensor): Rolling {
  const wheelbase = p.frontAxle.add(p.rearAxle);
  const share = p.rearAxle.div(wheelbase);
  const tan = angle.tan();
  const perCos2 = tan.square().add(1);
  const slope = tan.mul(share);
  const slip = slope.atan();
  const slipRate = share.mul(turning).mul(perCos2).div(slope.square().add(1));
  const [cos, sin] = [slip.cos(), slip.sin()];
  const yawAcceleration = pushing.mul(cos).mul(tan)
    .sub(speed.mul(sin).mul(slipRate).mul(tan))
    .add(speed.mul(cos).mul(turning).mul(perCos2));
  return { yawRate: speed.mul(cos).mul(tan).div(wheelbase), yawAcceleration: yawAcceleration.div(wheelbase), slipRate };
}
