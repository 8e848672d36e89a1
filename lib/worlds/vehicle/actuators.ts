/** What lies between what a driver asks for and what moves a car: the steering's position control, and the lag of engine and brakes. */

import type { Tensor } from "../../tensor/tensor.ts";
import { engineLag, mostPushing, mostSteering, steeringGain, stepSeconds } from "./constants.ts";

/** Over a step, float32 of the shape of what is asked for each. */
export interface Actuated {
  /** The rate at which the wheels are to be turned, rad/s. */
  readonly turning: Tensor;
  /** The acceleration in the middle of the step, which is what the car gets, m/s^2. */
  readonly halfway: Tensor;
  /** The acceleration at the end of it. */
  readonly pushing: Tensor;
}

/**
 * What comes of an action, `steer` and `push` from -1 to 1: the steering angle (now `angle`) is drawn to its target, the acceleration (now
 * `pushing`) follows with a lag, which is followed exactly over the step. `lag` is beside that of the table: 1 is the same.
 */
export function actuated(
  { steer, push }: { readonly steer: Tensor; readonly push: Tensor },
  { angle, pushing }: { readonly angle: Tensor; readonly pushing: Tensor },
  lag: Tensor,
): Actuated {
  const left = lag.mul(-engineLag).reciprocal().mul(stepSeconds / 2).exp();
  const asked = push.mul(mostPushing);
  const off = pushing.sub(asked);
  return {
    turning: steer.mul(mostSteering).sub(angle).mul(steeringGain),
    halfway: asked.add(off.mul(left)),
    pushing: asked.add(off.mul(left.square())),
  };
}
