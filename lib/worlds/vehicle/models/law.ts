/** How laws see a car and its state: columns of shape [env, 1], and parameters that are scalars or columns. */

import { full } from "../../../tensor/creation.ts";
import { concat } from "../../../tensor/functions.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import type { ParameterName } from "./cars.ts";
import type { Limits } from "./limits.ts";

/** m/s^2. */
export const gravity = 9.81;

/** Parameters by name: float32 [], or [env, 1] where cars differ. Those that a car does not have are not there. */
export type Law = { readonly [K in ParameterName]: Tensor };

/** Parameters as users give them: numbers, or float32 [env] where cars differ. */
export type GivenParameters = { readonly [K in ParameterName]?: number | Tensor };

/** Parameters as laws take them. */
export function lawOf(given: GivenParameters): Law {
  const lifted = (x: number | Tensor): Tensor => x instanceof Tensor ? column(x) : full([], x);
  return Object.fromEntries(Object.entries(given).map(([name, x]) => [name, lifted(x)])) as Law;
}

function column(x: Tensor): Tensor {
  return x.rank === 0 ? x : x.unsqueeze(1);
}

/** What a law is asked with. */
export interface Moment {
  readonly p: Law;
  /** How hard constraints are. */
  readonly limits: Limits;
  /** Where the dynamic law takes over from the kinematic one, and how sharply, m/s. */
  readonly switchSpeed: number;
  readonly switchWidth: number;
  /** The state, a column each. */
  readonly x: readonly Tensor[];
  /** What is asked for: the rate of the steering angle, rad/s, and the acceleration, m/s^2. */
  readonly asked: readonly [steeringRate: Tensor, acceleration: Tensor];
}

/** The derivative of a state, of as many columns. */
export type RightHandSide = (moment: Moment) => readonly Tensor[];

/** What columns are together, [env, n]. */
export function beside(columns: readonly Tensor[]): Tensor {
  return concat(columns, 1);
}

/** From 0 at rest to 1 at speed, the weight of the dynamic law: it divides by the speed, and cannot hold down to rest. */
export function dynamicShare({ switchSpeed, switchWidth }: Moment, speed: Tensor): Tensor {
  return speed.sub(switchSpeed).div(switchWidth).tanh().add(1).mul(0.5);
}

/** `a` with the weight `share`, and `b` with what is left. */
export function mixed(share: Tensor, a: Tensor, b: Tensor): Tensor {
  return share.mul(a).add(share.neg().add(1).mul(b));
}
