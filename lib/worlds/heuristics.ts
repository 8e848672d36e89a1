/** What a person would have agents do in each scenario: pushes [env, agent, 2] from observations [env, agent, feature]. */

import type { Tensor } from "../tensor/tensor.ts";

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

/** Each agent runs after one end of the line, an eighth of a turn ahead of it, as VMAS's own heuristic has it. */
function wheel(observation: Tensor): Tensor {
  const own = observation.slice(2, 0, 2);
  const [x, y] = observation.slice(2, 8, 10).add(own).split([1, 1], 2) as [Tensor, Tensor];
  const ahead = x.sub(y).mul(Math.SQRT1_2).pad(2, 0, 1).add(x.add(y).mul(Math.SQRT1_2).pad(2, 1, 0));
  return ahead.sub(own);
}

/** Both agents are drawn up along the corridor. */
function buzzWire(observation: Tensor): Tensor {
  return observation.slice(2, 4, 6).mul(-1).sub(observation.slice(2, 2, 4));
}

/** One for each scenario, by its name. */
export const heuristics: Readonly<Record<string, Heuristic>> = {
  navigation,
  reverse_transport: reverseTransport,
  wheel,
  buzz_wire: buzzWire,
};
