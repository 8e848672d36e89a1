/** ST: front and rear wheels as one each, tyres that are linear, and load that moves between the axles. */

import type { Tensor } from "../../../tensor/tensor.ts";
import { rolling } from "./kinematic.ts";
import { dynamicShare, gravity, mixed, type Moment } from "./law.ts";
import { acceleration, steeringRate } from "./limits.ts";

/** ST: x, y, steering angle, speed, heading, yaw rate, slip angle, of the centre of gravity. */
export function singleTrack(moment: Moment): readonly Tensor[] {
  const { p, limits, x, asked } = moment;
  const [, , angle, speed, heading, yawRate, slip] = x as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const turning = steeringRate(p, limits, angle, asked[0]);
  const pushing = acceleration(p, limits, speed, asked[1]);
  const slow = rolling(p, angle, speed, turning, pushing);
  const share = dynamicShare(moment, speed);
  // Where the share is 0 the dynamic law is not to divide by 0: its derivative would be NaN.
  const by = speed.maximum(moment.switchSpeed / 2);

  const wheelbase = p.frontAxle.add(p.rearAxle);
  const shift = pushing.mul(p.height);
  const front = p.frontStiffness.mul(p.rearAxle.mul(gravity).sub(shift));
  const rear = p.rearStiffness.mul(p.frontAxle.mul(gravity).add(shift));
  const friction = p.friction.mul(p.grip).div(wheelbase);
  // Forces over the mass at the angles of the wheels: front: angle - slip - frontAxle yawRate / v, rear: rearAxle yawRate / v - slip.
  const swing = yawRate.div(by);
  const frontForce = friction.mul(front).mul(angle.sub(slip).sub(p.frontAxle.mul(swing)));
  const rearForce = friction.mul(rear).mul(p.rearAxle.mul(swing).sub(slip));
  const torque = p.frontAxle.mul(frontForce).sub(p.rearAxle.mul(rearForce));
  const course = heading.add(slip);
  return [
    speed.mul(course.cos()),
    speed.mul(course.sin()),
    turning,
    pushing,
    mixed(share, yawRate, slow.yawRate),
    mixed(share, torque.mul(p.mass).div(p.yawInertia), slow.yawAcceleration),
    mixed(share, frontForce.add(rearForce).div(by).sub(yawRate), slow.slipRate),
  ];
}
