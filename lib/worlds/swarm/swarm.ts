/**
 * A swarm that finds its way while some of its receivers are deceived, as functions of tensors. Four positions are kept apart: where
 * agents are, what they claim, what they sense, and where they think that they are: a {@linkcode Fusion} makes the last of what is sensed.
 */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { eye, full, ones, zeros } from "../../tensor/creation.ts";
import { concat, where } from "../../tensor/functions.ts";
import { normal, splitKey, uniform } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import type { Stateful } from "../../tensor/variable.ts";
import { ends } from "../episode.ts";
import type { ActionKind, Environment, EpisodeReduction, Transition } from "../environment.ts";
import * as kind from "../kinds.ts";
import type { Scene } from "../scene.ts";
import { type Attack, attackKind, attackOffset, drawAttack, mostLag } from "./attack.ts";
import { type Fusion, type Hidden, ownOf, type Sensed, sensedKind } from "./fusion.ts";
import { fusionOf } from "./fusions.ts";
import { lateSteps, measured, metricsOf } from "./measure.ts";
import { type SwarmOptions, type SwarmSettings, swarmSettings } from "./options.ts";
import { sceneOfSwarm } from "./scene.ts";
import { sense, shortened, type SwarmNoise } from "./sense.ts";

/** What changes in `spoofed_swarm`. */
export type SwarmState = {
  /** Where agents are, float32 [env, agent, 2], metres. */
  position: Tensor;
  /** Where they are to be, float32 [env, agent, 2]. */
  goal: Tensor;
  /** What every step of an agent is off by, float32 [env, agent, 2]. */
  bias: Tensor;
  /** Who is deceived, and how. */
  attack: Attack;
  /** Where agents were, the newest first, float32 [env, lag, agent, 2]; without a `delay` one entry. */
  past: Tensor;
  /** What was sensed in the last step. */
  sensed: Sensed;
  /** Where agents think that they are, float32 [env, agent, 2]. */
  estimate: Tensor;
  /** How far they trust each source, float32 [env, agent, source]. */
  trust: Tensor;
  /** What the fusion remembers. */
  memory: Tree;
  /** The distances from the goal in the last steps of the episode, summed: float32 [env, agent]. */
  late: Tensor;
  /** Steps since the start of the episode, float32 [env]. */
  steps: Tensor;
  /** Draws the luck of the steps to come: that of the first env for all, uint32 [env, 2]. */
  key: Tensor;
};

const takesWorld = signature("new SpoofedSwarm()", {
  options: kind.worldOptions,
  fusion: kind.optional(kind.having("a fusion, such as fusionOf() gives,", {
    name: kind.text,
    initialMemory: kind.callable,
    fuse: kind.callable,
  })),
});

const takesGreedy = signature("swarmGreedy()", { observation: kind.tensor, key: kind.optional(kind.tensor) });

/**
 * A controller of {@linkcode SpoofedSwarm}: straight to the goal, by what agents think of where they are. It draws nothing: the `key`
 * that every controller is given is not used.
 */
export function swarmGreedy(observation: Tensor, _key?: Tensor): Tensor {
  takesGreedy(arguments);
  return observation.slice(-1, 2, 4);
}

/**
 * Agents fly side by side to goals far away, by what they think of where they are. A step is 1 m at most, with an error that no agent
 * knows. Each hears its own GPS and, of every neighbour within 10 m, where that claims to be and where it is seen. Some receivers are
 * spoofed, from some step on and by a growing offset, and some agents lie. Success is a mean distance from the goal of at most 1 m over
 * the last 8 steps. A step earns a tenth of the metres that it came closer, and exp(-(distance / 1 m)^2) / 10.
 *
 * Observed is, of each agent by its estimate: the way to the goal / 24 m, the step straight to it, the step before, where its own GPS
 * is and where its neighbours say that it is, from the estimate and in [-2, 2] (3 m are 1), and whether each of them was heard.
 *
 * @example
 * ```ts
 * import { randomKey, SpoofedSwarm, zeros } from "@plumbline/plumbline";
 *
 * const world = new SpoofedSwarm({ fraction: 0.25, liars: 0 });
 * const { state, reward } = world.step(world.reset(randomKey(0), 4), zeros([4, 8, 2]));
 * console.log(world.observe(state).shape, reward.shape); // [ 4, 8, 12 ] [ 4, 8 ]
 * ```
 */
export class SpoofedSwarm implements Environment<SwarmState> {
  readonly name = "spoofed_swarm";
  readonly agents: number;
  readonly observationSize = 12;
  readonly actionKind: ActionKind = "continuous";
  readonly actionSize = 2;
  readonly maxSteps: number;
  /** All options, with their defaults. */
  readonly settings: SwarmSettings;
  /** What makes a position of what agents sense. */
  readonly fusion: Fusion;
  readonly scene: Scene<SwarmState>;
  readonly metrics: Readonly<Record<string, EpisodeReduction>>;
  readonly #own: Tensor;

  /**
   * `fusion`: the agents' own GPS unless told otherwise.
   *
   * @throws RangeError with a sentence if an option is unknown, out of its range, or does not go with another.
   */
  constructor(options: SwarmOptions = {}, fusion: Fusion = fusionOf("gps")) {
    takesWorld(arguments);
    this.settings = swarmSettings(options);
    [this.agents, this.maxSteps, this.fusion] = [this.settings.nAgents, this.settings.maxSteps, fusion];
    this.metrics = metricsOf(this.settings);
    this.scene = sceneOfSwarm(this.settings, (state) => this.#hidden(state).bad);
    this.#own = eye(this.agents);
  }

  /** What the fusion reads that learns. */
  get learned(): readonly Stateful[] {
    return this.fusion.learned ?? [];
  }

  /** New episodes: agents in a box, which know about where they are. */
  reset(key: Tensor, envs: number): SwarmState {
    const { box, goalDistance, goalSpread, biasNoise, startNoise, attack, attackSeed } = this.settings;
    const { agents } = this;
    const [flight, deceit, steps] = splitKey(key, 3) as [Tensor, Tensor, Tensor];
    const keys = splitKey(flight, 5) as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const position = uniform(keys[0], [envs, agents, 2], 0, box);
    const angle = uniform(keys[1], [envs, 1, 1], 0, 2 * Math.PI);
    const course = concat([angle.cos(), angle.sin()], -1).mul(goalDistance);
    const goal = position.add(course).add(uniform(keys[2], [envs, agents, 2], -goalSpread, goalSpread));
    const none = zeros([envs, agents, agents]);
    const estimate = position.add(normal(keys[4], [envs, agents, 2]).mul(startNoise));
    return {
      ...{ position, goal, bias: normal(keys[3], [envs, agents, 2]).mul(biasNoise) },
      attack: drawAttack(deceit.bitXor(full([2], attackSeed, { dtype: "uint32" })), position, this.settings),
      past: position.unsqueeze(1).expand(envs, attack === "delay" ? mostLag + 1 : 1, agents, 2),
      sensed: {
        ...{ before: estimate, action: zeros([envs, agents, 2]), word: zeros([envs, agents, agents, 2]) },
        ...{ heard: none, variance: none, declared: ones([envs, agents, agents]) },
      },
      ...{ estimate, trust: none, memory: this.fusion.initialMemory(envs, agents), late: zeros([envs, agents]) },
      ...{ steps: zeros([envs]), key: steps.unsqueeze(0).expand(envs, 2) },
    };
  }

  /** What agents think of where they are, and what they hear. */
  observe({ goal, estimate, sensed }: SwarmState): Tensor {
    const { goalDistance, speed } = this.settings;
    const way = goal.sub(estimate);
    const others = sensed.heard.mul(this.#own.mul(-1).add(1).unsqueeze(0));
    const count = others.sum(-1, true);
    const told = sensed.word.mul(others.unsqueeze(-1)).sum(2).div(count.maximum(1));
    const [gps, hears] = [ownOf(sensed.word, this.#own), ownOf(sensed.heard, this.#own).unsqueeze(-1)];
    const off = (x: Tensor, heard: Tensor): Tensor => x.sub(estimate).div(3).clamp(-2, 2).mul(heard);
    const isNear = count.greater(0).cast("float32");
    const parts = [
      ...[way.div(Math.max(1, goalDistance)), shortened(way, speed).div(speed), sensed.action.div(speed)],
      ...[off(gps, hears), hears, off(told, isNear), isNear],
    ];
    return concat(parts, -1).named("env", "agent", "feature");
  }

  /** One step: `action` is the motion over `speed`, shortened to a length of 1. */
  step(state: SwarmState, action: Tensor): Transition<SwarmState> {
    const [envs, { agents }] = [state.steps.size, this];
    const [motion, gps, relative, loss, key] = splitKey(state.key.select(0, 0), 5) as Tensor[];
    return this.stepWith({ ...state, key: key!.unsqueeze(0).expand(envs, 2) }, action, {
      motion: normal(motion!, [envs, agents, 2]),
      gps: normal(gps!, [envs, agents, 2]),
      relative: normal(relative!, [envs, agents, agents, 2]),
      loss: uniform(loss!, [envs, agents]),
    });
  }

  /** As {@linkcode SpoofedSwarm.step}, with luck of one's own. */
  stepWith(state: SwarmState, action: Tensor, noise: SwarmNoise): Transition<SwarmState> {
    const { speed, motionNoise } = this.settings;
    const [envs, { agents }] = [state.steps.size, this];
    const meant = shortened(action.reshape(envs, agents, 2).clamp(-1, 1).named(null, null, null).mul(speed), speed);
    const position = state.position.add(meant).add(state.bias).add(noise.motion.mul(motionNoise));
    const steps = state.steps.add(1);
    const past = concat([position.unsqueeze(1), state.past.slice(1, 0, -1)], 1);
    const offset = attackOffset(state.attack, steps, past, this.settings);
    const sensed = {
      ...{ before: state.estimate, action: meant, declared: this.#declared(state) },
      ...sense(position, offset, state.attack, noise, this.settings),
    };
    const hidden = this.fusion.knowsTruth ? [this.#hidden({ ...state, position, steps })] as const : [] as const;
    const { estimate, trust, memory } = this.fusion.fuse(sensed, state.memory, ...hidden);
    const [before, distance] = [state.position, position].map((x) => x.sub(state.goal).square().sum(-1).sqrt());
    const isLate = steps.greater(this.maxSteps - lateSteps).unsqueeze(-1);
    const next: SwarmState = {
      ...state,
      ...{ position, past, sensed, estimate, trust, memory, steps },
      late: state.late.add(where(isLate, distance!, 0)),
    };
    const reward = before!.sub(distance!).add(distance!.square().neg().exp()).mul(0.1).named("env", "agent");
    return { state: next, reward, ...ends(full([envs], 0, { dtype: "bool" }), steps, this.maxSteps) };
  }

  /** Of a state by the names of {@linkcode SpoofedSwarm.metrics}: shares in [0, 1], metres. */
  measure(state: SwarmState): Readonly<Record<string, Tensor>> {
    return measured(state, this.#hidden(state).bad, this.settings);
  }

  /** What agents say of their own GPS: liars trust themselves. */
  #declared({ trust, attack: { liar }, sensed, steps }: SwarmState): Tensor {
    const own = ownOf(trust.unsqueeze(-1), this.#own).squeeze(-1);
    const honest = where(steps.unsqueeze(-1).greater(0), own, 1);
    return where(liar.greater(0), 1, honest).unsqueeze(1).expand(...sensed.declared.shape as [number, number, number]);
  }

  #hidden({ position, steps, attack: { spoofed, liar, begins } }: SwarmState): Hidden {
    const on = steps.greaterEqual(begins).cast("float32").reshape(steps.size, 1, 1);
    const lies = liar.unsqueeze(1).mul(this.#own.mul(-1).add(1).unsqueeze(0));
    return { position, bad: spoofed.unsqueeze(1).add(lies).mul(on) };
  }
}

const state = kind.having("a state, as reset() or step() gives it,", {
  ...{ position: kind.tensor, goal: kind.tensor, bias: kind.tensor, past: kind.tensor, estimate: kind.tensor },
  ...{ trust: kind.tensor, memory: kind.tree, late: kind.tensor, steps: kind.tensor, key: kind.tensor },
  ...{ sensed: sensedKind, attack: attackKind },
});
takeOnly(SpoofedSwarm, {
  reset: kind.worldMethods().reset!,
  observe: { state },
  step: { state, action: kind.tensor },
  stepWith: {
    state,
    action: kind.tensor,
    noise: kind.having("the luck of a step", {
      ...{ motion: kind.tensor, gps: kind.tensor, relative: kind.tensor, loss: kind.tensor },
    }),
  },
  measure: { state },
});
