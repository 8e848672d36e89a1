/**
 * A policy: a network that says something of what is observed, and a distribution over actions that is made of it. The network
 * may be one's own, and it may remember.
 */

import { signature, takeOnly } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { describe, type Shape } from "../graph/types.ts";
import { Module } from "../nn/module.ts";
import { Recurrent, startAnew } from "../nn/recurrent.ts";
import { concat } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { Tensor } from "../tensor/tensor.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import * as kind from "../tensor/kinds.ts";
import { networkOf, type NetworkOptions } from "./networks.ts";
import { RunningScale } from "./running_scale.ts";

/** Deviations beyond which an observation is no stranger. */
const farthest = 10;

const takesBase = signature("new Policy()", {
  options: kind.having("the options of a policy by name", {
    agents: kind.count(1),
    observationSize: kind.count(1),
    actionSize: kind.count(1),
  }),
  outputs: kind.count(1),
  random: kind.hostRandom,
});

/** What a network says of an agent's actions: the parameters of their distribution, each `[.., parameter]`. */
export interface PolicyOutput {
  /** Any tensor of it, by name. */
  readonly [key: string]: Tensor;
}

/** What continuous actions are made of. */
export type ActionDistribution = "tanh" | "clipped";

/** How a {@linkcode Policy} is made. */
export interface PolicyOptions extends NetworkOptions {
  /** Numbers of a continuous action, or how many discrete ones there are. */
  readonly actionSize: number;
  /** Whether observations are brought to the scale of their running mean and deviation. Not by default. */
  readonly normalizeObservations?: boolean;
  /**
   * What becomes of continuous actions: the tanh of a normal variable whose deviation the network says (the default), or a normal
   * variable, whose deviation is a parameter, clipped to [-1, 1].
   */
  readonly distribution?: ActionDistribution;
  /** The deviation of continuous actions at first, above 0.01: 1 unless told otherwise. */
  readonly initialScale?: number;
  /** A network of one's own; an MLP as the other options say unless told otherwise. */
  readonly network?: NetworkMaker;
}

/**
 * Makes the network of a policy: a module from `[row, agent, from]` to `[row, agent, to]`, whose rows know nothing of each
 * other; or a {@linkcode Recurrent} one whose steps are that. `random` draws the initial weights.
 */
export type NetworkMaker = (from: number, to: number, random: HostRandom) => Module;

/** What comes of one step of acting. */
export interface Act<Output extends PolicyOutput = PolicyOutput> {
  /** What the network said. */
  readonly output: Output;
  /** float32 [env, agent, choiceSize]: what was drawn. */
  readonly choice: Tensor;
  /** The action of the choice, as the world takes it. */
  readonly action: Tensor;
  /** What is remembered from then on. */
  readonly memory: Tree;
}

/**
 * Each agent's own observation, or those of all, to a distribution over its action. What is drawn and kept is a `choice`,
 * float32 `[.., choiceSize]`, from which the world's action follows. The random numbers come from outside, so that a rollout
 * draws those of all its steps at once.
 *
 * A policy whose network is {@linkcode Recurrent} remembers: a step is given what was remembered before it, a tree of tensors
 * `[env, agent, ..]`, and says what is remembered after it. All others remember nothing, `{}`.
 *
 * @example A network of one's own: attention among the agents.
 * ```ts
 * import { GaussianPolicy, HostRandom, Linear, Module, type Tensor, zeros } from "@plumbline/plumbline";
 *
 * class Attention extends Module {
 *   readonly qkv: Linear;
 *   readonly head: Linear;
 *
 *   constructor(from: number, to: number, random: HostRandom) {
 *     super();
 *     this.qkv = new Linear(from, 3 * 32, random);
 *     this.head = new Linear(32, to, random);
 *   }
 *
 *   override forward(x: Tensor): Tensor { // [row, agent, from]
 *     const [q, k, v] = this.qkv.forward(x).split([32, 32, 32], -1) as [Tensor, Tensor, Tensor];
 *     const weights = q.matmul(k.transpose()).div(Math.sqrt(32)).softmax(-1);
 *     return this.head.forward(weights.matmul(v).tanh());
 *   }
 * }
 *
 * const policy = new GaussianPolicy({
 *   agents: 3,
 *   observationSize: 18,
 *   actionSize: 2,
 *   network: (from, to, random) => new Attention(from, to, random),
 * }, new HostRandom(0));
 * console.log(policy.forward(zeros([60, 3, 18])).shape); // [ 60, 3, 2 ]
 * ```
 */
export abstract class Policy<Output extends PolicyOutput = PolicyOutput> extends Module {
  /** The network. */
  readonly net: Module;
  /** Where networks see observations on the scale of their running mean and deviation: that scale. */
  readonly observationScale: RunningScale | null;
  readonly #outputs: number;

  /** A network with `outputs` numbers for each agent; `random` draws the initial weights. */
  constructor(readonly options: PolicyOptions, outputs: number, random: HostRandom) {
    takesBase(arguments);
    super();
    const { agents, observationSize, centralised, normalizeObservations, network } = options;
    this.observationScale = normalizeObservations ? new RunningScale([observationSize], { keep: 1 }) : null;
    const from = centralised ? agents * observationSize : observationSize;
    this.net = network ? ownNetwork(network, from, outputs, random) : networkOf(from, outputs, options, random);
    this.#outputs = outputs;
  }

  /** Numbers of a choice. */
  abstract readonly choiceSize: number;
  /** Normal numbers that an estimate of the entropy of one agent's action needs; 0 where it is known exactly. */
  abstract readonly entropyNoiseSize: number;
  /** Random numbers with which a choice is made for each entry of `leading`. */
  abstract noise(key: Tensor, leading: Shape): Tensor;
  /** What the numbers `[.., outputs]` that the network gives mean. */
  protected abstract read(outputs: Tensor): Output;
  /** A choice, from what {@linkcode Policy.noise} gave. */
  abstract choose(output: Output, noise: Tensor): Tensor;
  /** The action of a choice, as the world takes it. */
  abstract action(choice: Tensor): Tensor;
  /** The log-probability of choices, `[..]`. */
  abstract logProb(output: Output, choice: Tensor): Tensor;
  /** The entropy `[..]`, or an unbiased estimate of it; `noise` is standard normal, `[.., entropyNoiseSize]`. */
  abstract entropy(output: Output, noise: Tensor | undefined): Tensor;
  /**
   * The KL divergence `[..]` from what was said `before`, as data, to what is said `now`: of all numbers of an action together.
   * Of the policies that the library has it is exact. One of one's own needs it for TRPO only.
   *
   * @throws TypeError unless the policy has one.
   */
  kl(_before: Output, _now: Output): Tensor {
    throw new TypeError(
      `${this.constructor.name}, the policy, has no kl(before, now): TRPO needs the KL divergence of each agent's action, [..].`,
    );
  }
  /** The most likely action, as the world takes it. */
  abstract mode(output: Output): Tensor;

  /** Whether it remembers. */
  get recurrent(): boolean {
    return this.net instanceof Recurrent;
  }

  /** What is remembered where `envs` episodes begin: tensors `[env, agent, ..]`, or nothing, `{}`. */
  initialMemory(envs: number): Tree {
    return this.net instanceof Recurrent ? this.net.initialState(envs, this.options.agents) : {};
  }

  /** Observations as policy and critic take them; on a running scale at most 10 deviations from the mean (as in OpenAI's baselines). */
  normalize(observation: Tensor): Tensor {
    return this.observationScale ? this.observationScale.forward(observation).clamp(-farthest, farthest) : observation;
  }

  /** What the network says of observations `[.., agent, feature]` that went through {@linkcode Policy.normalize}. */
  head(normalized: Tensor): Output {
    if (this.net instanceof Recurrent) throw forgetful(this);
    return this.#read(normalized, this.net.forward(this.#input(normalized)));
  }

  /**
   * What the network says of observations `[.., agent, feature]`.
   *
   * @throws TypeError if the policy remembers: then it depends on more than what is seen now.
   */
  output(observation: Tensor): Output {
    return this.head(this.normalize(observation));
  }

  /**
   * The most likely actions, which are deterministic, for observations `[.., agent, feature]`.
   *
   * @throws TypeError if the policy remembers: {@linkcode Policy.decide} is for that.
   */
  override forward(observation: Tensor): Tensor {
    return this.mode(this.output(observation));
  }

  /** What the network says in one step, `[env, agent, ..]`, and what is remembered from then on. */
  step(observation: Tensor, memory: Tree): readonly [output: Output, memory: Tree] {
    if (!(this.net instanceof Recurrent)) {
      this.#refuseMemory(memory);
      return [this.output(observation), memory];
    }
    const normalized = this.normalize(observation);
    const [outputs, next] = this.net.step(this.#input(normalized), memory);
    return [this.#read(normalized, outputs), next];
  }

  /**
   * One step of acting: a choice for each agent, drawn with `noise`, and what is remembered from then on. Where `began` (bool
   * [env]) is true an episode begins, and what was remembered before is forgotten.
   */
  act(observation: Tensor, memory: Tree, noise: Tensor, began?: Tensor): Act<Output> {
    const [output, next] = this.step(observation, began ? this.#forget(memory, began) : memory);
    const choice = this.choose(output, noise);
    return { output, choice, action: this.action(choice), memory: next };
  }

  /**
   * One step of the deterministic policy: the most likely actions, and what is remembered from then on. It draws nothing: the
   * `key` that every controller is given is not used.
   */
  decide(observation: Tensor, memory: Tree, _key?: Tensor): readonly [action: Tensor, memory: Tree] {
    const [output, next] = this.step(observation, memory);
    return [this.mode(output), next];
  }

  /**
   * What the network says along sequences: of observations `[time, env, agent, feature]` that went through
   * {@linkcode Policy.normalize}, from what was remembered before the first, forgetting where `began` (bool [time, env]) is
   * true.
   */
  along(normalized: Tensor, memory: Tree, began: Tensor): Output {
    if (this.net instanceof Recurrent) {
      return this.#read(normalized, this.net.run(this.#input(normalized), memory, began)[0]);
    }
    this.#refuseMemory(memory);
    const [time, env] = normalized.shape as [number, number];
    return mapTree(this.head(normalized.flatten(0, 1)), (x) => x.reshape(time, env, ...x.shape.slice(1)));
  }

  #forget(memory: Tree, began: Tensor): Tree {
    return this.recurrent ? startAnew(began, this.initialMemory(began.size), memory) : memory;
  }

  #refuseMemory(memory: Tree): void {
    if (!(memory instanceof Tensor) && Object.keys(memory).length === 0) return;
    throw new TypeError(
      `this ${this.constructor.name} remembers nothing: its memory is {}, as initialMemory() gives it.`,
    );
  }

  #input(normalized: Tensor): Tensor {
    return this.options.centralised ? fromEachSide(normalized) : normalized;
  }

  /** What the network said, after a look at its shape. */
  #read(normalized: Tensor, outputs: Tensor): Output {
    const wanted = [...normalized.shape.slice(0, -1), this.#outputs];
    if (outputs.rank === wanted.length && wanted.every((size, i) => size === outputs.shape[i])) {
      return this.read(outputs);
    }
    throw new PlumblineError({
      code: "G301",
      message:
        `the network of a ${this.constructor.name} gives ${this.#outputs} numbers for each agent, here float32 ` +
        `[${wanted.join(", ")}]; it gave ${describe(outputs.node)}.`,
      sites: [outputs.node.site],
      help: "a network of one's own is told by its maker how many it gives:  network: (from, to, random) => ..",
    });
  }
}

const observation = kind.tensor;
const memory = kind.tree;
takeOnly(Policy, {
  initialMemory: { envs: kind.count(1) },
  normalize: { observation },
  head: { normalized: kind.tensor },
  output: { observation },
  forward: { observation },
  step: { observation, memory },
  act: { observation, memory, noise: kind.tensor, began: kind.optional(kind.tensor) },
  decide: { observation, memory, key: kind.optional(kind.tensor) },
  along: { normalized: kind.tensor, memory, began: kind.tensor },
  kl: { before: kind.tree, now: kind.tree },
});

/** The network that `make` makes. */
function ownNetwork(make: NetworkMaker, from: number, to: number, random: HostRandom): Module {
  const net = make(from, to, random);
  if (net instanceof Module) return net;
  throw new TypeError("`network` of a policy makes a Module, with its layers in fields; it made something else.");
}

/** The error of a policy that was asked as if it remembered nothing. */
function forgetful(policy: Policy): TypeError {
  return new TypeError(
    `this ${policy.constructor.name} remembers, so what it does depends on more than one observation: start from ` +
      "initialMemory(envs), and hand to each step what the one before gave: decide(observation, memory), or act().",
  );
}

/**
 * To `[.., agent, agent * feature]`: for each agent the observations of all, its own first and then those of the agents after it
 * in turn, so that one network knows for which of them it acts.
 */
function fromEachSide(observation: Tensor): Tensor {
  const agents = observation.shape.at(-2)!;
  const turned = Array.from(
    { length: agents },
    (_, k) => k === 0 ? observation : concat([observation.slice(-2, k), observation.slice(-2, 0, k)], -2),
  );
  return concat(turned, -1);
}
