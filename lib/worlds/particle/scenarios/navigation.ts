/**
 * `navigation`: agents start at random and have to reach their goals without touching each other, whom they sense by
 * lidar. As in VMAS 1.5.2 (Bettini et al. 2022), each environment of the batch as VMAS runs one alone.
 */

import { signature, takeOnly } from "../../../graph/arguments.ts";
import * as kind from "../../kinds.ts";
import { zeros } from "../../../tensor/creation.ts";
import { concat, where } from "../../../tensor/functions.ts";
import { uniform } from "../../../tensor/random.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { Actions } from "./actions.ts";
import type { ActionKind, Environment, Transition } from "../../environment.ts";
import { ends } from "../../episode.ts";
import { goalOfAgent, type NavigationOptions, resolveOptions, spawnOptions } from "./navigation_options.ts";
import { type Body, collidingPairs } from "../body.ts";
import { Lidar } from "../lidar.ts";
import { length, matrix, Pairs, squaredLength } from "../pairs.ts";
import { Spawner } from "../spawn.ts";
import { ParticleWorld } from "../world.ts";
import { discs, type Scene, sceneOf } from "../../scene.ts";

/** What changes in `navigation`. */
export type NavigationState = {
  /** Of the agents' centres, float32 [env, agent, 2], metres. */
  position: Tensor;
  /** float32 [env, agent, 2], metres a second. */
  velocity: Tensor;
  /** Of the goal of each agent, float32 [env, agent, 2]. */
  goal: Tensor;
  /** Steps since the start of the episode, int32 [env]. */
  steps: Tensor;
};

/** The radius of a goal: the bonus is for agents whose centres are nearer than this to their goals' centres. */
const goalRadius = 0.05;
/** The pairs of agents that may touch, and what it costs. */
class Contacts {
  readonly #pairs: Pairs;
  readonly #cost: Tensor;
  readonly #reach: number;

  constructor(agents: readonly Body[], radius: number, penalty: number) {
    this.#pairs = new Pairs(agents.length, collidingPairs(agents));
    this.#reach = 2 * radius;
    const entries = this.#pairs.list.flatMap((pair, i) => pair.map((agent) => [i, agent, penalty] as const));
    this.#cost = matrix(this.#pairs.list.length, agents.length, entries);
  }

  /** The penalties of each agent, [env, agent]. */
  penalties(position: Tensor): Tensor {
    const squared = squaredLength(this.#pairs.difference(position)).squeeze(1);
    return squared.lessEqual(this.#reach ** 2).cast("float32").matmul(this.#cost);
  }
}

const takesWorld = signature("new Navigation()", { options: kind.worldOptions });

/** The environments of `navigation`; see {@linkcode NavigationOptions}. */
export class Navigation implements Environment<NavigationState> {
  readonly name = "navigation";
  readonly agents: number;
  readonly observationSize: number;
  readonly actionKind: ActionKind;
  readonly actionSize: number;
  readonly maxSteps: number;
  /** The options, with their defaults. */
  readonly options: Readonly<Required<NavigationOptions>>;
  readonly scene: Scene<NavigationState>;
  /** Uniform random numbers that {@linkcode Navigation.start} needs for one environment. */
  readonly noiseSize: number;
  readonly #actions: Actions;
  readonly #world: ParticleWorld;
  readonly #lidar: Lidar | null;
  readonly #contacts: Contacts | null;
  readonly #spawner: Spawner;
  readonly #goalOf: readonly number[];

  /**
   * Prepares the constants.
   *
   * @throws RangeError with a sentence if an option is unknown, out of its range, or does not go with another.
   */
  constructor(options: NavigationOptions = {}) {
    takesWorld(arguments);
    const all = resolveOptions(options);
    const { nAgents, collisions, agentRadius: radius, worldSpawningX, worldSpawningY } = all;
    this.options = all;
    this.agents = nAgents;
    this.maxSteps = all.maxSteps;
    this.#actions = new Actions(this.name, nAgents, all.continuousActions);
    this.actionKind = this.#actions.kind;
    this.actionSize = this.#actions.size;
    this.#goalOf = goalOfAgent(all);
    this.#spawner = new Spawner(spawnOptions(all));
    this.noiseSize = this.#spawner.noiseSize;
    const agents: Body[] = Array.from(
      { length: nAgents },
      () => ({ shape: { kind: "sphere", radius }, collides: collisions }),
    );
    this.#world = new ParticleWorld(agents, {
      substeps: 2,
      bounds: all.enforceBounds ? [worldSpawningX, worldSpawningY] : null,
    });
    const meet = collisions && nAgents > 1;
    this.#lidar = meet && all.nLidarRays > 0
      ? new Lidar({ bodies: nAgents, radius, rays: all.nLidarRays, range: all.lidarRange })
      : null;
    this.#contacts = meet ? new Contacts(agents, radius, all.agentCollisionPenalty) : null;
    this.scene = sceneOf({
      bodies: discs("agent", nAgents, radius),
      goals: discs("goal", nAgents, goalRadius).map((goal, agent) => ({ ...goal, agent })),
      ...this.#lidar && { lidar: this.#sight(this.#lidar) },
    });
    this.observationSize = 4 + 2 * (all.observeAllGoals ? nAgents : 1) + (collisions ? all.nLidarRays : 0);
  }

  #sight(lidar: Lidar): Scene<NavigationState>["lidar"] {
    const { range, rays } = lidar.options;
    return { range, rays, nearness: ({ position }) => lidar.nearness(position) };
  }

  /** New episodes from `noise`, uniform numbers in [0, 1): float32 [env, noiseSize]. */
  start(noise: Tensor): NavigationState {
    const { agents } = this;
    const envs = noise.shape[0]!;
    const points = this.#spawner.place(noise);
    const goals = this.#goalOf.map((goal) => points.slice(1, agents + goal, agents + goal + 1));
    const distinct = this.#goalOf.every((goal, i) => goal === i);
    return named({
      position: points.slice(1, 0, agents),
      velocity: zeros([envs, agents, 2]),
      goal: distinct ? points.slice(1, agents) : concat(goals, 1),
      steps: zeros([envs], { dtype: "int32" }),
    });
  }

  /**
   * New episodes: agents and goals uniform in the rectangle of the options, any two of them `2 * agentRadius + 0.05` apart.
   * VMAS draws until that is so; here a point is the first free one of a fixed number of candidates (see `particle/spawn.ts`).
   */
  reset(key: Tensor, envs: number): NavigationState {
    return this.start(uniform(key, [envs, this.noiseSize]));
  }

  /** Position, velocity, position relative to the goal (or to all goals), and the nearness of others on each lidar ray. */
  observe({ position, velocity, goal }: NavigationState): Tensor {
    const { agents, options } = this;
    const unseen = options.collisions && !this.#lidar ? options.nLidarRays : 0;
    const toGoals = options.observeAllGoals
      ? position.unsqueeze(2).sub(goal.unsqueeze(1).named("env", null, "agent", null)).flatten(2, 3)
      : position.sub(goal);
    const parts = [position, velocity, toGoals];
    if (this.#lidar) parts.push(this.#lidar.nearness(position));
    if (unseen > 0) parts.push(zeros([position.shape[0]!, agents, unseen]));
    return concat(parts, 2).named("env", "agent", "feature");
  }

  /** One step of 0.1 s; `action` is the force on each agent in newtons, clamped to [-1, 1]. */
  step(before: NavigationState, action: Tensor): Transition<NavigationState> {
    const motion = this.#world.step(before, this.#actions.push(action, before.steps.size));
    const state = named({ ...motion, goal: before.goal, steps: before.steps.add(1) });
    const left = length(state.position.sub(state.goal));
    const progress = length(before.position.sub(before.goal)).sub(left).mul(this.options.posShapingFactor);
    const farthest = left.max(1, true);
    return {
      state,
      reward: this.#reward(state, progress, farthest),
      ...ends(farthest.less(this.options.agentRadius).reshape(-1), state.steps, this.maxSteps),
    };
  }

  /** `progress` is [env, agent, 1], `farthest` [env, 1, 1]. */
  #reward({ position }: NavigationState, progress: Tensor, farthest: Tensor): Tensor {
    const { sharedRew, finalReward } = this.options;
    const bonus = where(farthest.less(goalRadius), finalReward, 0);
    const reward = (sharedRew ? progress.sum(1, true) : progress).add(bonus).squeeze(2);
    const paid = this.#contacts ? reward.add(this.#contacts.penalties(position)) : reward;
    return paid.expand(-1, this.agents).named("env", "agent");
  }
}

/** The state with its axes named. */
function named({ position, velocity, goal, steps }: NavigationState): NavigationState {
  const vectors = (x: Tensor): Tensor => x.named("env", "agent", null);
  return { position: vectors(position), velocity: vectors(velocity), goal: vectors(goal), steps: steps.named("env") };
}

takeOnly(Navigation, { ...kind.worldMethods("position", "velocity", "goal", "steps"), start: { noise: kind.tensor } });
