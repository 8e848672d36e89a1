/** STD: the single-track model with Pacejka's tyres and wheels that spin; it drifts. */

import { where } from "../../../tensor/functions.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { rolling } from "./kinematic.ts";
import { beside, dynamicShare, gravity, type Law, mixed, type Moment } from "./law.ts";
import { acceleration, steeringRate } from "./limits.ts";
import { tyreForces } from "./tyre.ts";

/** Seconds in which wheels of a slow car come to roll. */
const settling = 0.02;

/** STD: x, y, steering angle, speed, heading, yaw rate, slip angle, and the angular speeds of the front and rear wheel. */
export function drift(moment: Moment): readonly Tensor[] {
  const { p, limits, x, asked } = moment;
  const [, , angle, speed, heading, yawRate, slip, frontWheel, rearWheel] = x as Tensor[] as [
    ...[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor],
    ...[Tensor, Tensor],
  ];
  const turning = steeringRate(p, limits, angle, asked[0]);
  const pushing = acceleration(p, limits, speed, asked[1]);
  const least = moment.switchSpeed / 2;
  const moves = speed.greater(least);
  const by = speed.maximum(least);

  const along = speed.mul(slip.cos());
  const across = speed.mul(slip.sin());
  const frontAcross = across.add(yawRate.mul(p.frontAxle));
  const rearAcross = across.sub(yawRate.mul(p.rearAxle));
  const alongSafe = by.mul(slip.cos());
  const angles = beside([frontAcross.div(alongSafe).atan().sub(angle), rearAcross.div(alongSafe).atan()]);

  const wheelbase = p.frontAxle.add(p.rearAxle);
  const shift = pushing.mul(p.height);
  const load = beside([p.rearAxle.mul(gravity).sub(shift), p.frontAxle.mul(gravity).add(shift)]).mul(
    p.mass.div(wheelbase),
  );
  const wheels = beside([frontWheel, rearWheel]);
  const rolls = beside([along.mul(angle.cos()).add(frontAcross.mul(angle.sin())), along]).relu();
  const slips = wheels.mul(p.wheelRadius).div(rolls.maximum(least)).neg().add(1);
  const forces = tyreForces(p, { slip: slips, angle: where(moves, angles, 0), camber: null, load });
  const [frontX, rearX] = forces.along.split(1, 1) as [Tensor, Tensor];
  const [frontY, rearY] = forces.across.split(1, 1) as [Tensor, Tensor];

  const toCourse = angle.sub(slip);
  const [cos, sin] = [toCourse.cos(), toCourse.sin()];
  const pull = frontX.mul(cos).sub(frontY.mul(sin)).add(rearY.mul(slip.sin())).add(rearX.mul(slip.cos()));
  const side = frontY.mul(cos).add(frontX.mul(sin)).add(rearY.mul(slip.cos())).sub(rearX.mul(slip.sin()));
  const torque = frontY.mul(angle.cos()).add(frontX.mul(angle.sin())).mul(p.frontAxle).sub(rearY.mul(p.rearAxle));
  const slipRate = where(moves, side.div(p.mass.mul(by)).sub(yawRate), 0);

  const drive = axleTorques(p, pushing);
  const spinning = drive.sub(forces.along.mul(p.wheelRadius)).div(p.wheelInertia);
  // Wheels do not spin backwards.
  const spin = where(wheels.greaterEqual(0), spinning, 0);
  const settled = rolls.div(p.wheelRadius).sub(wheels).div(settling);

  const slow = rolling(p, angle, speed, turning, pushing);
  const share = dynamicShare(moment, speed);
  const course = heading.add(slip);
  return [
    speed.mul(course.cos()),
    speed.mul(course.sin()),
    turning,
    mixed(share, pull.div(p.mass), pushing),
    mixed(share, yawRate, slow.yawRate),
    mixed(share, torque.div(p.yawInertia), slow.yawAcceleration),
    mixed(share, slipRate, slow.slipRate),
    ...mixed(share, spin, settled).split(1, 1),
  ];
}

/** What engine and brakes do to the front and rear axle, newton metres: [env, 2]. */
export function axleTorques(p: Law, pushing: Tensor): Tensor {
  const torque = pushing.mul(p.mass).mul(p.wheelRadius);
  const front = where(pushing.greater(0), p.engineSplit, p.brakeSplit);
  return beside([torque.mul(front), torque.mul(front.neg().add(1))]);
}
