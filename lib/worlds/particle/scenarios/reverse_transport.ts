/**
 * `reverse_transport`: agents inside of a heavy hollow box push it to its goal. As in VMAS 1.5.2 (Bettini et al. 2022), each
 * environment of the batch as VMAS runs one alone.
 */

import { signature, takeOnly } from "../../../graph/arguments.ts";
import * as kind from "../../kinds.ts";
import { tensor, zeros } from "../../../tensor/creation.ts";
import { concat, where } from "../../../tensor/functions.ts";
import { uniform } from "../../../tensor/random.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { Actions } from "./actions.ts";
import type { ActionKind, Environment, Transition } from "../../environment.ts";
import { ends } from "../../episode.ts";
import { atLeast, type Checks, positive, whole, withDefaults } from "../../options.ts";
import type { Body } from "../body.ts";
import { Outlines } from "../outlines.ts";
import { length, squaredLength } from "../pairs.ts";
import { named } from "../motion.ts";
import { ParticleWorld } from "../world.ts";
import { discs, type Scene, sceneOf } from "../../scene.ts";

/** Options of {@linkcode ReverseTransport}; they have VMAS's defaults, but for `maxSteps`: there an episode has no end. */
export interface ReverseTransportOptions {
  /** Agents: 1 to 64. Default 4. */
  nAgents?: number;
  /** Along y, in metres: 0.06, the width of an agent, or more. Default 0.6. */
  packageWidth?: number;
  /** Along x, in metres: 0.06, the width of an agent, or more. Default 0.6. */
  packageLength?: number;
  /** In kilograms: above 0. Default 50. */
  packageMass?: number;
  /**
   * Whether an action is two numbers in [-1, 1], or one of nine choices: 3 x + y, where x and y are 0 to stay, 1 to go
   * the negative way and 2 the positive one. Default true.
   */
  continuousActions?: boolean;
  /** Steps of an episode: 1 or more. Default 500. */
  maxSteps?: number;
}

const agentRadius = 0.03;
const goalRadius = 0.09;
/** Newtons of an action of 1. */
const strength = 0.5;
/** Reward for a metre that the package comes nearer to its goal. */
const shaping = 100;

const defaults: Required<ReverseTransportOptions> = {
  nAgents: 4,
  packageWidth: 0.6,
  packageLength: 0.6,
  packageMass: 50,
  continuousActions: true,
  maxSteps: 500,
};

const checks: Checks<ReverseTransportOptions> = {
  nAgents: whole(1, 64),
  packageWidth: atLeast(2 * agentRadius),
  packageLength: atLeast(2 * agentRadius),
  packageMass: positive,
  maxSteps: whole(1, Infinity),
};

/** What changes in `reverse_transport`. The bodies are the agents and then the package. */
export type ReverseTransportState = {
  /** Of the centres, float32 [env, body, 2], metres. */
  position: Tensor;
  /** float32 [env, body, 2], metres a second. */
  velocity: Tensor;
  /** Where the package has to go, float32 [env, 1, 2]. */
  goal: Tensor;
  /** Steps since the start of the episode, int32 [env]. */
  steps: Tensor;
};

const takesWorld = signature("new ReverseTransport()", { options: kind.worldOptions });

/** The environments of `reverse_transport`; see {@linkcode ReverseTransportOptions}. */
export class ReverseTransport implements Environment<ReverseTransportState> {
  readonly name = "reverse_transport";
  readonly agents: number;
  readonly observationSize = 10;
  readonly actionKind: ActionKind;
  readonly actionSize: number;
  readonly maxSteps: number;
  /** The options, with their defaults. */
  readonly options: Readonly<Required<ReverseTransportOptions>>;
  readonly scene: Scene<ReverseTransportState>;
  readonly #actions: Actions;
  readonly #world: ParticleWorld;
  /** The goal, as a disc, and the package. */
  readonly #arrival: Outlines;

  /**
   * Prepares the constants.
   *
   * @throws RangeError with a sentence if an option is unknown or out of its range.
   */
  constructor(options: ReverseTransportOptions = {}) {
    takesWorld(arguments);
    this.options = withDefaults("reverse_transport", defaults, checks, options);
    const { nAgents, packageLength, packageWidth: width, packageMass: mass, maxSteps } = this.options;
    this.agents = nAgents;
    this.maxSteps = maxSteps;
    this.#actions = new Actions(this.name, nAgents, this.options.continuousActions);
    this.actionKind = this.#actions.kind;
    this.actionSize = this.#actions.size;
    const agent: Body = { shape: { kind: "sphere", radius: agentRadius } };
    const box: Body = { shape: { kind: "hollowBox", length: packageLength, width }, mass };
    this.#world = new ParticleWorld([...Array<Body>(nAgents).fill(agent), box], {
      substeps: 5,
      contact: { stiffness: 500, margin: 6e-3 },
    });
    this.scene = sceneOf({
      bodies: [...discs("agent", nAgents, agentRadius), { role: "object", shape: box.shape }],
      goals: discs("goal", 1, goalRadius),
    });
    this.#arrival = Outlines.ofBodies([{ shape: { kind: "sphere", radius: goalRadius } }, box], [[0, 1]]);
  }

  /** New episodes: package and goal uniform in [-1, 1]^2, agents uniform within the package, wherever others are. */
  reset(key: Tensor, envs: number): ReverseTransportState {
    const { agents, options } = this;
    const drawn = uniform(key, [envs, agents + 2, 2], -1, 1);
    const box = drawn.slice(1, agents, agents + 1);
    const room = [options.packageLength, options.packageWidth].map((side) => side / 2 - agentRadius);
    const inside = drawn.slice(1, 0, agents).mul(tensor(room)).add(box);
    return named({
      position: concat([inside, box], 1),
      velocity: zeros([envs, agents + 1, 2]),
      goal: drawn.slice(1, agents + 1),
      steps: zeros([envs], { dtype: "int32" }),
    });
  }

  /** Position, velocity, the velocity of the package, the package as seen from the agent and as seen from its goal. */
  observe({ position, velocity, goal }: ReverseTransportState): Tensor {
    const { agents } = this;
    const [own, box] = [position.slice(1, 0, agents), position.slice(1, agents)];
    const each = (x: Tensor): Tensor => x.expand(-1, agents, -1);
    const parts = [
      own,
      velocity.slice(1, 0, agents),
      each(velocity.slice(1, agents)),
      box.sub(own),
      each(box.sub(goal)),
    ];
    return concat(parts, 2).named("env", "agent", "feature");
  }

  /** One step of 0.1 s; `action` times 0.5 is the force on each agent in newtons, clamped to [-1, 1] before. */
  step(before: ReverseTransportState, action: Tensor): Transition<ReverseTransportState> {
    const force = this.#actions.push(action, before.steps.size).mul(strength).pad(1, 0, 1).named("env", "body", null);
    const state = named({ ...this.#world.step(before, force), steps: before.steps.add(1) });
    const arrived = this.#arrived(state);
    const progress = this.#distance(before).sub(this.#distance(state)).mul(shaping);
    const reward = where(arrived.reshape(-1, 1), 0, progress.squeeze(2));
    return {
      state,
      reward: reward.expand(-1, this.agents).named("env", "agent"),
      ...ends(arrived, state.steps, this.maxSteps),
    };
  }

  /** From the package to its goal, [env, 1, 1]. */
  #distance({ position, goal }: ReverseTransportState): Tensor {
    return length(position.slice(1, this.agents).sub(goal));
  }

  /**
   * Whether package and goal overlap, [env]: the goal's centre is nearer to the package's centre than the point of the
   * outline that is nearest to it, or it is nearer to the outline than the goal's radius.
   */
  #arrived({ position, velocity, goal }: ReverseTransportState): Tensor {
    const motion = { position: concat([goal, position.slice(1, this.agents)], 1), velocity };
    const { view, gap } = this.#arrival.approach(motion);
    const within = squaredLength(view.place).less(squaredLength(view.place.sub(gap)));
    return within.or(this.#arrival.touches(gap)).reshape(-1);
  }
}

takeOnly(ReverseTransport, kind.worldMethods("position", "velocity", "goal", "steps"));
