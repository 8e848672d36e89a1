/** Controllers that need no learning: the floor and the bar of every learning curve. */

import { signature } from "../graph/arguments.ts";
import { randomInt, uniform } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { choiceAlong } from "./particle/scenarios/actions.ts";
import type { Environment } from "./environment.ts";
import * as kind from "./kinds.ts";
import { heuristics } from "./particle/scenarios/heuristics.ts";

/**
 * Decides from what all agents see, float32 [env, agent, feature], what they do, as the environment's `step` takes it:
 * float32 [env, agent, 2], or int32 [env, agent] where actions are discrete. `key`, uint32 [2], is for what it draws.
 */
export type Controller = (observation: Tensor, key: Tensor) => Tensor;

/** A controller that remembers: what it decides may depend on all that it has seen of an episode. Every policy is one. */
export interface RecurrentController {
  /** What it remembers where `envs` episodes begin: a tree of tensors, or nothing, `{}`. */
  initialMemory(envs: number): Tree;
  /** Decides as a {@linkcode Controller} does, and says what it remembers from then on. */
  decide(observation: Tensor, memory: Tree, key: Tensor): readonly [action: Tensor, memory: Tree];
}

/** A controller as one that remembers, which nothing needs not to. */
export function remembering(controller: Controller | RecurrentController): RecurrentController {
  if (typeof controller !== "function") return controller;
  return {
    initialMemory: () => ({}),
    decide: (observation, memory, key) => [controller(observation, key), memory],
  };
}

/** Controllers: `random` is for every world, `heuristic` for those of particles, the others for cars. */
export const controllerNames = ["random", "heuristic", "stanley", "pure_pursuit", "lqr", "ilqr"] as const;

/** One of {@linkcode controllerNames}. */
export type ControllerName = typeof controllerNames[number];

const takesController = signature("controllerOf()", {
  environment: kind.having("a world, such as new Navigation(),", {
    name: kind.text,
    actionKind: kind.text,
    actionSize: kind.number,
  }),
  name: kind.text,
});

/**
 * The controller `name` for an environment: `random` draws uniform actions; `heuristic` is a few lines that know the task,
 * see `lib/worlds/particle/scenarios/heuristics.ts`; others are those that the environment has itself.
 *
 * @example
 * ```ts
 * import { controllerOf, Navigation, randomKey } from "@plumbline/plumbline";
 *
 * const world = new Navigation({ nAgents: 3 });
 * const control = controllerOf(world, "heuristic");
 * const state = world.reset(randomKey(0), 8);
 * const { reward } = world.step(state, control(world.observe(state), randomKey(1)));
 * console.log(reward.shape); // [ 8, 3 ]
 * ```
 * @throws RangeError if there is no such controller, or the world has none of that name.
 */
export function controllerOf(
  environment: Pick<Environment, "name" | "actionKind" | "actionSize" | "controllers">,
  name: Exclude<ControllerName, "ilqr">,
): Controller;
/** As above; `ilqr` remembers its plan. */
export function controllerOf(
  environment: Pick<Environment, "name" | "actionKind" | "actionSize" | "controllers">,
  name: ControllerName,
): Controller | RecurrentController;
export function controllerOf(
  environment: Pick<Environment, "name" | "actionKind" | "actionSize" | "controllers">,
  name: ControllerName,
): Controller | RecurrentController {
  takesController(arguments);
  if (!controllerNames.includes(name)) {
    throw new RangeError(`there is no controller \`${name}\`; there are ${controllerNames.join(" and ")}.`);
  }
  if (name === "random") return randomController(environment);
  const { controllers } = environment;
  if (controllers && Object.hasOwn(controllers, name)) return controllers[name]!;
  if (name === "heuristic") return heuristicController(environment);
  const known = Object.hasOwn(heuristics, environment.name) ? ["random", "heuristic"] : ["random"];
  const own = [...known, ...Object.keys(controllers ?? {})].join(", ");
  throw new RangeError(`\`${environment.name}\` has no controller \`${name}\`; it has ${own}.`);
}

function randomController({ actionKind, actionSize }: Pick<Environment, "actionKind" | "actionSize">): Controller {
  return (observation, key) => {
    const [envs, agents] = observation.shape as [number, number];
    const action = actionKind === "discrete"
      ? randomInt(key, [envs, agents], 0, actionSize)
      : uniform(key, [envs, agents, actionSize], -1, 1);
    return action;
  };
}

function heuristicController({ name, actionKind }: Pick<Environment, "name" | "actionKind">): Controller {
  const push = Object.hasOwn(heuristics, name) ? heuristics[name] : undefined;
  if (!push) {
    throw new RangeError(
      `there is no heuristic for \`${name}\`; there is one for ${Object.keys(heuristics).join(", ")}.`,
    );
  }
  return (observation) => {
    const pushes = push(observation).clamp(-1, 1);
    return actionKind === "discrete" ? choiceAlong(pushes) : pushes;
  };
}
