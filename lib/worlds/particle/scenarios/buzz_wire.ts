/**
 * `buzz_wire`: two agents, outside of a corridor on either side, carry a ball along it on rods, and nothing may touch the
 * walls. As in VMAS 1.5.2 (Bettini et al. 2022), each environment of the batch as VMAS runs one alone.
 */

import { signature, takeOnly } from "../../../graph/arguments.ts";
import * as kind from "../../kinds.ts";
import { zeros } from "../../../tensor/creation.ts";
import { concat } from "../../../tensor/functions.ts";
import { uniform } from "../../../tensor/random.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { Actions } from "./actions.ts";
import type { ActionKind, Environment, Transition } from "../../environment.ts";
import { ends } from "../../episode.ts";
import { type Checks, finite, notNegative, orNull, whole, withDefaults } from "../../options.ts";
import type { Body, Fixture } from "../body.ts";
import type { Joint } from "../joints.ts";
import { Outlines } from "../outlines.ts";
import { length, type Pair } from "../pairs.ts";
import { named } from "../motion.ts";
import { ParticleWorld } from "../world.ts";
import { discs, type Entity, type Scene, sceneOf } from "../../scene.ts";

/** Options of {@linkcode BuzzWire}; they have VMAS's defaults, but for `maxSteps`: there an episode has no end. */
export interface BuzzWireOptions {
  /** Whether agents start on a line through the ball at an angle within pi/6 of the x axis, or on the axis. Default true. */
  randomStartAngle?: boolean;
  /** Reward for a metre that the ball comes nearer to its goal. Default 1. */
  posShapingFactor?: number;
  /** Reward for each agent, and for the ball, on each wall that it touches. Default -10. */
  collisionReward?: number;
  /** The most metres a second of the second agent: 0 or more, or null for no limit. Default null. */
  maxSpeed1?: number | null;
  /**
   * Whether an action is two numbers in [-1, 1], or one of nine choices: 3 x + y, where x and y are 0 to stay, 1 to go
   * the negative way and 2 the positive one. Default true.
   */
  continuousActions?: boolean;
  /** Steps of an episode: 1 or more. Default 150. */
  maxSteps?: number;
}

const defaults: Required<BuzzWireOptions> = {
  randomStartAngle: true,
  posShapingFactor: 1,
  collisionReward: -10,
  maxSpeed1: null,
  continuousActions: true,
  maxSteps: 150,
};

const checks: Checks<BuzzWireOptions> = {
  posShapingFactor: finite,
  collisionReward: finite,
  maxSpeed1: orNull(notNegative),
  maxSteps: whole(1, Infinity),
};

/** What changes in `buzz_wire`. The bodies are the two agents, the ball and the rods that hold it to the one and the other. */
export type BuzzWireState = {
  /** Of the centres, float32 [env, body, 2], metres. */
  position: Tensor;
  /** float32 [env, body, 2], metres a second. */
  velocity: Tensor;
  /** float32 [env, body], radians, not wrapped: of a rod from the agent to the ball. An agent's and the ball's are 0. */
  angle: Tensor;
  /** float32 [env, body], radians a second. */
  spin: Tensor;
  /** Where the ball has to go, float32 [env, 1, 2]. */
  goal: Tensor;
  /** Steps since the start of the episode, int32 [env]. */
  steps: Tensor;
};

const agents = 2;
const ball = 2;
/** Agents, ball and rods. */
const movers = 5;
/** Of agents and ball. */
const radius = 0.03;
const rodLength = 0.25;
/** The ball is at its goal when their centres are this near. */
const arrival = 0.01;

/** The corridor: where its walls and its ends are, how they are turned, and how long they are. */
const walls: readonly Fixture[] = [
  { shape: { kind: "line", length: 2 }, at: [-0.125, 0], angle: Math.PI / 2 },
  { shape: { kind: "line", length: 2 }, at: [0.125, 0], angle: Math.PI / 2 },
  { shape: { kind: "line", length: 0.25 }, at: [0, -1], angle: 0 },
  { shape: { kind: "line", length: 0.25 }, at: [0, 1], angle: 0 },
];

const rod: Entity = { role: "joint", shape: { kind: "line", length: rodLength } };

/** Bodies in the order of the state. */
function bodiesWith(maxSpeed: number | null): Body[] {
  const disc: Body = { shape: { kind: "sphere", radius } };
  const rod: Body = { shape: { kind: "line", length: rodLength }, rotatable: true, collides: false };
  return [disc, { ...disc, maxSpeed }, disc, rod, rod];
}

/** Each rod has an agent at its one end and the ball at the other. */
const joints: readonly Joint[] = [0, 1].flatMap((agent) => [
  { held: agent, at: 3 + agent, anchor: [-rodLength / 2, 0] as const },
  { held: ball, at: 3 + agent, anchor: [rodLength / 2, 0] as const },
]);

/** Every disc with every wall: each that touches costs. */
const collisions: readonly Pair[] = [0, 1, ball].flatMap((disc) => walls.map((_, i): Pair => [disc, i]));

const takesWorld = signature("new BuzzWire()", { options: kind.worldOptions });

/**
 * The environments of `buzz_wire`; see {@linkcode BuzzWireOptions}. Gradients through many steps explode, as in VMAS, where a
 * rod is under less than the 0.62 N at which its joints set in: they open and close in turn. On the CPU the size of the
 * batch may show in the last place, which stiff rods magnify to some 1e-3 m/s in 20 steps.
 */
export class BuzzWire implements Environment<BuzzWireState> {
  readonly name = "buzz_wire";
  readonly agents: number = agents;
  readonly observationSize = 6;
  readonly actionKind: ActionKind;
  readonly actionSize: number;
  readonly maxSteps: number;
  /** The options, with their defaults. */
  readonly options: Readonly<Required<BuzzWireOptions>>;
  readonly scene: Scene<BuzzWireState> = sceneOf({
    bodies: [...discs("agent", agents, radius), ...discs("object", 1, radius), rod, rod],
    goals: discs("goal", 1, radius),
    fixed: walls.map(({ at, angle, shape }) => ({
      entity: { role: "wall", shape },
      at,
      angle,
    })),
  });
  readonly #actions: Actions;
  readonly #world: ParticleWorld;
  readonly #touches: Outlines;

  /**
   * Prepares the constants.
   *
   * @throws RangeError with a sentence if an option is unknown or out of its range.
   */
  constructor(options: BuzzWireOptions = {}) {
    takesWorld(arguments);
    this.options = withDefaults("buzz_wire", defaults, checks, options);
    this.maxSteps = this.options.maxSteps;
    this.#actions = new Actions(this.name, agents, this.options.continuousActions);
    this.actionKind = this.#actions.kind;
    this.actionSize = this.#actions.size;
    const bodies = bodiesWith(this.options.maxSpeed1);
    this.#world = new ParticleWorld(bodies, {
      substeps: 15,
      contact: { stiffness: 1500, margin: 1e-3 },
      fixtures: walls,
      joints,
      jointStiffness: 900,
    });
    this.#touches = Outlines.ofFixtures(bodies, walls, collisions);
  }

  /**
   * New episodes: the ball within 0.03 of the middle of the corridor and in its lower half, the goal likewise in its upper
   * half (and up to 0.03 below the middle, as in VMAS), the agents at the ends of the rods.
   */
  reset(key: Tensor, envs: number): BuzzWireState {
    const drawn = uniform(key, [envs, 5]);
    const within = (column: number, low: number, high: number): Tensor =>
      drawn.slice(1, column, column + 1).mul(high - low).add(low);
    const place = (column: number, low: number, high: number): Tensor =>
      concat([within(column, -radius, radius), within(column + 1, low, high)], 1).unsqueeze(1);
    const slope = this.options.randomStartAngle ? Math.PI / 6 : 0;
    const angle = within(4, -slope, slope);
    const rod = concat([angle.cos(), angle.sin()], 1).mul(rodLength).unsqueeze(1);
    const start = place(0, -0.94, -radius);
    const sides = [rod.neg(), rod, zeros([envs, 1, 2]), rod.mul(-0.5), rod.mul(0.5)];
    return named({
      position: start.add(concat(sides, 1)),
      velocity: zeros([envs, movers, 2]),
      angle: concat([zeros([envs, 3]), angle, angle.add(Math.PI)], 1),
      spin: zeros([envs, movers]),
      goal: place(2, -radius, 0.94),
      steps: zeros([envs], { dtype: "int32" }),
    });
  }

  /** Position, velocity, and position relative to the ball's goal. The ball is not seen. */
  observe({ position, velocity, goal }: BuzzWireState): Tensor {
    const own = position.slice(1, 0, agents);
    return concat([own, velocity.slice(1, 0, agents), own.sub(goal)], 2).named("env", "agent", "feature");
  }

  /** One step of 0.1 s; `action` is the force on each agent in newtons, clamped to [-1, 1]. */
  step(before: BuzzWireState, action: Tensor): Transition<BuzzWireState> {
    const force = this.#actions.push(action, before.steps.size).pad(1, 0, movers - agents).named("env", "body", null);
    const state = named({ ...this.#world.step(before, force), steps: before.steps.add(1) });
    const touches = this.#touches.touches(this.#touches.approach(state).gap).cast("float32").sum(2);
    const left = toGoal(state);
    const progress = toGoal(before).sub(left).mul(this.options.posShapingFactor);
    const reward = progress.add(touches.mul(this.options.collisionReward));
    const over = left.lessEqual(arrival).or(touches.greater(0)).reshape(-1);
    return {
      state,
      reward: reward.expand(-1, agents).named("env", "agent"),
      ...ends(over, state.steps, this.maxSteps),
    };
  }
}

/** From the ball to its goal, [env, 1]. */
function toGoal({ position, goal }: BuzzWireState): Tensor {
  return length(position.slice(1, ball, ball + 1).sub(goal)).squeeze(2);
}

takeOnly(BuzzWire, kind.worldMethods("position", "velocity", "angle", "spin", "goal", "steps"));
