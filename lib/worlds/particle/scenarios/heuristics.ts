/** What a person would have agents do in each scenario: pushes [env, agent, 2] from observations [env, agent, feature]. */

import { tensor } from "../../../tensor/creation.ts";
import { concat, where } from "../../../tensor/functions.ts";
import type { Tensor } from "../../../tensor/tensor.ts";

/** Pushes, [env, agent, 2], from what the agents see; they may be out of [-1, 1]. */
export type Heuristic = (observation: Tensor) => Tensor;

/** Each agent is drawn to its goal and slowed down, blind to the others. */
function navigation(observation: Tensor): Tensor {
  const [velocity, fromGoal] = [observation.slice(2, 2, 4), observation.slice(2, 4, 6)];
  return fromGoal.mul(-3).sub(velocity.mul(1.5));
}

/** All agents push against the package's side that looks to its goal. */
function reverseTransport(observation: Tensor): Tensor {
  return observation.slice(2, 8, 10).mul(-10);
}

/** The sign of every number, 1 for 0. */
function side(x: Tensor): Tensor {
  return where(x.less(0), -1, 1);
}

/**
 * Every agent turns the line counter-clockwise, at the default speed. One that is where a push turns it so pushes and slides
 * outwards, less as the line is fast enough; the others cross over at the centre or go around the nearer tip, whichever is
 * shorter. In the frame of the line: x along it, y away from it.
 */
function wheel(observation: Tensor): Tensor {
  const part = (from: number, to: number): Tensor => observation.slice(2, from, to);
  const toCentre = part(4, 6);
  const tip = part(6, 8).sub(toCentre);
  const half = tip.norm(2, true);
  const along = tip.div(half);
  const across = concat([along.slice(2, 1).neg(), along.slice(2, 0, 1)], 2);
  const [x, y] = [along, across].map((axis) => axis.mul(toCentre).sum(2, true).neg()) as [Tensor, Tensor];
  const [outward, above] = [side(x), side(y)];
  const [far, near] = [x.abs(), y.abs()];

  const atTip = far.greater(half.sub(0.02));
  const slide = far.neg().add(0.67).mul(4).clamp(-1, 1).mul(0.55);
  const push = concat([
    outward.mul(where(atTip, -1, slide)),
    where(atTip.and(near.less(0.08)), 0, above.neg()),
  ], 2);

  const past = far.greater(half.add(0.04));
  const crosses = far.mul(0.55).less(half.sub(far).relu().add(0.1)).and(past.not());
  const target = concat([
    where(crosses, outward.neg(), outward.mul(where(past, half.add(0.06), half.add(0.2)))),
    where(crosses, 0, where(past, above.mul(-0.3), y)),
  ], 2);
  const way = concat([target.slice(2, 0, 1).sub(x), target.slice(2, 1).sub(y).clamp(-1.7, 1.7)], 2);

  const useful = x.mul(y).less(0);
  const local = where(useful, push, longest(way));
  const pushes = longest(along.mul(local.slice(2, 0, 1)).add(across.mul(local.slice(2, 1)))).mul(2.7).clamp(-1, 1);
  const gentle = part(11, 12).sub(0.04).mul(-9.3).add(1).clamp(0, 1);
  return where(useful.and(near.less(0.06)), pushes.mul(gentle), pushes);
}

/** Vectors whose longer coordinate is 1: forces are limited along each axis. */
function longest(way: Tensor): Tensor {
  return way.div(way.abs().max(2, true).maximum(1e-6));
}

/**
 * The agents go up to the height of the goal, level with each other, and 5 cm farther apart than the rods are long: under
 * tension the ball stays in the middle between them, slack it hangs loose.
 */
function buzzWire(observation: Tensor): Tensor {
  const [velocity, fromGoal] = [observation.slice(2, 2, 4), observation.slice(2, 4, 6)];
  const [x, y] = fromGoal.split([1, 1], 2) as [Tensor, Tensor];
  const middle = y.mean(1, true);
  const apart = tensor([[[-0.3], [0.3]]]).sub(x).mul(2).clamp(-0.3, 0.3);
  const up = middle.mul(-2).clamp(-0.3, 0.3).add(middle.sub(y));
  return concat([apart, up], 2).sub(velocity).mul(10);
}

/** One for each scenario, by its name. */
export const heuristics: Readonly<Record<string, Heuristic>> = {
  navigation,
  reverse_transport: reverseTransport,
  wheel,
  buzz_wire: buzzWire,
};
