/**
 * What driver and engine can do at most: CommonRoad's constraints of steering and acceleration, hard as they are there, or smooth,
 * which have a gradient wherever they hold something back.
 */

import { where } from "../../../tensor/functions.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { Law } from "./law.ts";

/** `hard`: those of CommonRoad. `smooth`: hyperbolic tangents in their place, which never quite reach a limit. */
export type Limits = "hard" | "smooth";

/** How wide smooth limits of the steering angle are, radians: of speeds, metres a second. */
const angleWidth = 0.02;
const speedWidth = 0.5;

/** The rate at which the wheels are turned, rad/s, by the rate that is asked for: within its limits, and 0 into the stop. */
export function steeringRate(p: Law, limits: Limits, angle: Tensor, asked: Tensor): Tensor {
  const held = between(limits, asked, p.steeringRate.neg(), p.steeringRate);
  return withinRange(limits, held, angle, p.steering.neg(), p.steering, angleWidth);
}

/** The acceleration along the car, m/s^2, by the one that is asked for: less at speed, and 0 beyond the range of speeds. */
export function acceleration(p: Law, limits: Limits, speed: Tensor, asked: Tensor): Tensor {
  const above = speed.sub(p.powerSpeed);
  const least = limits === "hard" ? above.relu() : above.div(speedWidth).softplus().mul(speedWidth);
  const most = p.maxAcceleration.mul(p.powerSpeed).div(p.powerSpeed.add(least));
  const held = between(limits, asked, p.maxAcceleration.neg(), most);
  return withinRange(limits, held, speed, p.minSpeed, p.maxSpeed, speedWidth);
}

/** `x` between `low` (below 0) and `high` (above). */
function between(limits: Limits, x: Tensor, low: Tensor, high: Tensor): Tensor {
  if (limits === "hard") return x.clamp(low, high);
  const limit = where(x.less(0), low.neg(), high);
  return x.div(limit).tanh().mul(limit);
}

/** The rate of change of `x`, which does not lead out of [low, high]. */
function withinRange(limits: Limits, rate: Tensor, x: Tensor, low: Tensor, high: Tensor, width: number): Tensor {
  const falls = rate.less(0);
  const room = where(falls, x.sub(low), high.sub(x));
  return limits === "hard" ? where(room.greater(0), rate, 0) : rate.mul(room.div(width).sigmoid());
}
