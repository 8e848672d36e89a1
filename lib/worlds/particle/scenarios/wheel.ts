/**
 * `wheel`: a heavy line turns about its fixed centre, and agents push it to turn at a given speed. As in VMAS 1.5.2 (Bettini
 * et al. 2022), each environment of the batch as VMAS runs one alone.
 */

import { signature, takeOnly } from "../../../graph/arguments.ts";
import * as kind from "../../kinds.ts";
import { full, zeros } from "../../../tensor/creation.ts";
import { concat } from "../../../tensor/functions.ts";
import { uniform } from "../../../tensor/random.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { Actions } from "./actions.ts";
import type { ActionKind, Environment, Transition } from "../../environment.ts";
import { ends } from "../../episode.ts";
import { type Checks, finite, positive, whole, withDefaults } from "../../options.ts";
import type { Body } from "../body.ts";
import { turn } from "../turn.ts";
import { named } from "../motion.ts";
import { ParticleWorld } from "../world.ts";
import { discs, type Scene, sceneOf } from "../../scene.ts";

/** Options of {@linkcode Wheel}; they have VMAS's defaults, but for `maxSteps`: there an episode has no end. */
export interface WheelOptions {
  /** Agents: 1 to 64. Default 4. */
  nAgents?: number;
  /** Length of the line in metres: above 0. Default 2. */
  lineLength?: number;
  /** Mass of the line in kilograms: above 0. Default 30. */
  lineMass?: number;
  /** How fast the line should turn, one way or the other, in radians a second. Default 0.05. */
  desiredVelocity?: number;
  /**
   * Whether an action is two numbers in [-1, 1], or one of nine choices: 3 x + y, where x and y are 0 to stay, 1 to go
   * the negative way and 2 the positive one. Default true.
   */
  continuousActions?: boolean;
  /** Steps of an episode: 1 or more. Default 100. */
  maxSteps?: number;
}

const defaults: Required<WheelOptions> = {
  nAgents: 4,
  lineLength: 2,
  lineMass: 30,
  desiredVelocity: 0.05,
  continuousActions: true,
  maxSteps: 100,
};

const checks: Checks<WheelOptions> = {
  nAgents: whole(1, 64),
  lineLength: positive,
  lineMass: positive,
  desiredVelocity: finite,
  maxSteps: whole(1, Infinity),
};

/** What changes in `wheel`. The bodies are the agents and then the line. */
export type WheelState = {
  /** Of the centres, float32 [env, body, 2], metres. The line's is (0, 0). */
  position: Tensor;
  /** float32 [env, body, 2], metres a second. */
  velocity: Tensor;
  /** float32 [env, body], radians, not wrapped. An agent's is 0. */
  angle: Tensor;
  /** float32 [env, body], radians a second. */
  spin: Tensor;
  /** Steps since the start of the episode, int32 [env]. */
  steps: Tensor;
};

const agentRadius = 0.03;
/** Newtons of an action of 1. */
const strength = 0.6;

const takesWorld = signature("new Wheel()", { options: kind.worldOptions });

/** The environments of `wheel`; see {@linkcode WheelOptions}. */
export class Wheel implements Environment<WheelState> {
  readonly name = "wheel";
  readonly agents: number;
  readonly observationSize = 13;
  readonly actionKind: ActionKind;
  readonly actionSize: number;
  readonly maxSteps: number;
  /** The options, with their defaults. */
  readonly options: Readonly<Required<WheelOptions>>;
  readonly scene: Scene<WheelState>;
  readonly #actions: Actions;
  readonly #world: ParticleWorld;

  /**
   * Prepares the constants.
   *
   * @throws RangeError with a sentence if an option is unknown or out of its range.
   */
  constructor(options: WheelOptions = {}) {
    takesWorld(arguments);
    this.options = withDefaults("wheel", defaults, checks, options);
    const { nAgents, lineLength: length, lineMass: mass, maxSteps } = this.options;
    this.agents = nAgents;
    this.maxSteps = maxSteps;
    this.#actions = new Actions(this.name, nAgents, this.options.continuousActions);
    this.actionKind = this.#actions.kind;
    this.actionSize = this.#actions.size;
    const agent: Body = { shape: { kind: "sphere", radius: agentRadius } };
    const line: Body = { shape: { kind: "line", length }, mass, movable: false, rotatable: true };
    this.#world = new ParticleWorld([...Array<Body>(nAgents).fill(agent), line]);
    this.scene = sceneOf({ bodies: [...discs("agent", nAgents, agentRadius), { role: "object", shape: line.shape }] });
  }

  /** New episodes: agents uniform in [-1, 1]^2, wherever others are, the line at an angle uniform in [-pi/2, pi/2]. */
  reset(key: Tensor, envs: number): WheelState {
    const { agents } = this;
    const drawn = uniform(key, [envs, 2 * agents + 1], -1, 1);
    const places = drawn.slice(1, 0, 2 * agents).reshape(envs, agents, 2);
    return named({
      position: places.pad(1, 0, 1),
      velocity: zeros([envs, agents + 1, 2]),
      angle: drawn.slice(1, 2 * agents).mul(Math.PI / 2).pad(1, agents, 0),
      spin: zeros([envs, agents + 1]),
      steps: zeros([envs], { dtype: "int32" }),
    });
  }

  /**
   * Position, velocity, the line's centre and its two ends as seen from the agent, the line's angle modulo pi, its speed of
   * turning without the sign, and how far that is from the desired one.
   */
  observe({ position, velocity, angle, spin }: WheelState): Tensor {
    const { agents, options } = this;
    const own = position.slice(1, 0, agents);
    const line = angle.slice(1, agents);
    const end = turn(line).reshape(-1, 1, 2).mul(options.lineLength / 2);
    const speed = spin.slice(1, agents).unsqueeze(2).abs();
    const shared = concat([line.unsqueeze(2).remainder(Math.PI), speed, speed.sub(options.desiredVelocity).abs()], 2);
    const seen = concat([position.slice(1, agents), end, end.neg()], 2).sub(concat([own, own, own], 2));
    const parts = [own, velocity.slice(1, 0, agents), seen, shared.expand(-1, agents, -1)];
    return concat(parts, 2).named("env", "agent", "feature");
  }

  /** One step of 0.1 s; `action` times 0.6 is the force on each agent in newtons, clamped to [-1, 1] before. Never terminates. */
  step(before: WheelState, action: Tensor): Transition<WheelState> {
    const force = this.#actions.push(action, before.steps.size).mul(strength).pad(1, 0, 1).named("env", "body", null);
    const state = named({ ...this.#world.step(before, force), steps: before.steps.add(1) });
    const off = state.spin.slice(1, this.agents).abs().sub(this.options.desiredVelocity).abs();
    return {
      state,
      reward: off.neg().expand(-1, this.agents).named("env", "agent"),
      ...ends(full([state.steps.size], 0, { dtype: "bool" }), state.steps, this.maxSteps),
    };
  }
}

takeOnly(Wheel, kind.worldMethods("position", "velocity", "angle", "spin", "steps"));
