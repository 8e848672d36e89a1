/** A world in which memory is needed, and nothing else: what to do is shown at the first step only. */

import { type ActionKind, type Environment, randomInt, stack, type Tensor, type Transition, zeros } from "../../mod.ts";

type State = { goal: Tensor; step: Tensor };

/**
 * Each agent has a goal of its own, -1 or 1, and sees it at the first step of an episode; after that all agents see the same,
 * whatever the goals. At each step an agent is paid for going to its side: from -1 to 1, on the whole of an episode at most 1.
 * What is done at the first step pays nothing. Whoever remembers nothing gets 0 on average, whatever it does: its actions and
 * the goals are independent. A discrete action is 0 for -1 or 1 for 1.
 */
export function memoryWorld(maxSteps: number, actionKind: ActionKind = "continuous", agents = 2): Environment<State> {
  const start = (key: Tensor, envs: number): State => ({
    goal: randomInt(key, [envs, agents], 0, 2).cast("float32").mul(2).sub(1),
    step: zeros([envs], { dtype: "int32" }),
  });
  return {
    name: "memory",
    agents,
    observationSize: 2,
    actionKind,
    actionSize: actionKind === "discrete" ? 2 : 1,
    maxSteps,
    reset: start,
    observe({ goal, step }) {
      const first = step.equal(0).cast("float32").unsqueeze(-1).expand(...goal.shape);
      return stack([goal.mul(first), first], -1);
    },
    step({ goal, step }, action): Transition<State> {
      const side = actionKind === "discrete" ? action.cast("float32").mul(2).sub(1) : action.select(-1, 0);
      const counts = step.greater(0).cast("float32").unsqueeze(-1).div(maxSteps - 1);
      const next = step.add(1);
      const truncated = next.greaterEqual(maxSteps);
      return {
        state: { goal, step: next },
        reward: side.mul(goal).mul(counts),
        terminated: truncated.and(truncated.not()),
        truncated,
      };
    },
  };
}
