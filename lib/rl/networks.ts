/** The networks of learners, and their value functions. One network serves all agents, or each has its own. */

import { signature, takeOnly } from "../graph/arguments.ts";
import * as kind from "../tensor/kinds.ts";
import { type Initializer, orthogonal } from "../nn/init.ts";
import { MLP } from "../nn/layers.ts";
import { Module } from "../nn/module.ts";
import { Recurrent } from "../nn/recurrent.ts";
import { type RecurrentKind, RecurrentMLP } from "../nn/recurrent_mlp.ts";
import { StackedMLP } from "../nn/stacked.ts";
import { zeros } from "../tensor/creation.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Shape } from "../graph/types.ts";

/** What the networks of agents have in common. */
export interface NetworkOptions {
  /** Agents side by side. */
  readonly agents: number;
  /** Features of one agent's observation. */
  readonly observationSize: number;
  /** Whether each agent's output is told from the observations of all; otherwise from its own. Not by default. */
  readonly centralised?: boolean;
  /** One network for all agents (the default), or one for each. */
  readonly shareParameters?: boolean;
  /** Units in each of the two hidden layers; 256 unless told otherwise. */
  readonly hiddenSize?: number;
  /** Whether the second hidden layer remembers, and how. `none` (the default): what is not seen now is not known. */
  readonly recurrent?: "none" | RecurrentKind;
  /**
   * Whether weights are orthogonal at first, by sqrt(2), and biases 0 (Saxe et al. 2013); those of the last layer by 1, or as
   * `outputInit` has them: a policy's by 0.01, as Huang et al. 2022 ("The 37 Implementation Details of PPO") have it. The weights
   * of what remembers are orthogonal by 1, all gates of a layer as one (Yu et al. 2022). PyTorch's default unless told otherwise.
   */
  readonly orthogonalInit?: boolean;
  /** Weights of the last layer; PyTorch's default unless told otherwise. */
  readonly outputInit?: Initializer;
}

/** What networks may be told. */
export const networkKinds: Readonly<Record<string, kind.Kind>> = {
  centralised: kind.optional(kind.boolean),
  shareParameters: kind.optional(kind.boolean),
  hiddenSize: kind.optional(kind.count(1)),
  recurrent: kind.optional(kind.oneOf("none", "lstm", "gru")),
  outputInit: kind.optional(kind.callable),
  orthogonalInit: kind.optional(kind.boolean),
};
const made = {
  options: kind.having("the options of a critic by name", {
    agents: kind.count(1),
    observationSize: kind.count(1),
  }, networkKinds),
  random: kind.hostRandom,
};
const takesCritic = signature("new Critic()", made);
const takesRecurrent = signature("new RecurrentCritic()", made);

/** A network `[.., agent, from]` to `[.., agent, to]`, or of other axes where agents share it. */
export function networkOf(from: number, to: number, options: NetworkOptions, random: HostRandom): Module {
  const { agents, shareParameters = true, hiddenSize = 256, recurrent = "none", outputInit } = options;
  const sizes = [from, hiddenSize, hiddenSize, to];
  const init = options.orthogonalInit ? orthogonalStart(outputInit) : outputInit ? { outputInit } : {};
  if (recurrent !== "none") {
    return new RecurrentMLP(recurrent, sizes, random, {
      ...init,
      ...options.orthogonalInit && { cellInit: orthogonal(1) },
      ...!shareParameters && { members: agents },
    });
  }
  return shareParameters ? new MLP(sizes, random, init) : new StackedMLP(agents, sizes, random, init);
}

/** Where no weight favours one way, and none makes what goes through it larger or smaller. */
const orthogonalStart = (outputInit: Initializer = orthogonal(1)) => ({
  weightInit: orthogonal(Math.SQRT2),
  biasInit: (_: HostRandom, shape: Shape): Tensor => zeros([...shape]),
  outputInit,
});

/** The network of a value function: one that sees all agents gives the values of all, unless each agent has its own. */
function valueNetwork(options: NetworkOptions, random: HostRandom): Module {
  const { agents, observationSize, centralised = false, shareParameters = true } = options;
  const from = centralised ? agents * observationSize : observationSize;
  return networkOf(from, centralised && shareParameters ? agents : 1, options, random);
}

/** Values `[row, agent]` of observations `[row, agent, feature]`, as {@linkcode Policy.normalize} gives them. */
export class Critic extends Module {
  /** The network. */
  readonly net: Module;

  /**
   * MAPPO's critic is centralised, IPPO's is not. `random` draws the initial weights.
   *
   * @throws RangeError if `options.recurrent` says that something is remembered: {@linkcode RecurrentCritic} does that.
   */
  constructor(readonly options: NetworkOptions, random: HostRandom) {
    takesCritic(arguments);
    super();
    const net = valueNetwork(options, random);
    if (net instanceof Recurrent) throw new RangeError("a Critic remembers nothing; RecurrentCritic does.");
    this.net = net;
  }

  /** `[row, agent, feature]` to `[row, agent]`. */
  forward(observation: Tensor): Tensor {
    const rows = observation.shape[0]!;
    const { net, options: { agents, observationSize, centralised = false, shareParameters = true } } = this;
    if (!centralised) {
      const each = shareParameters ? observation.reshape(rows * agents, observationSize) : observation;
      return net.forward(each).reshape(rows, agents);
    }
    const all = observation.reshape(rows, agents * observationSize);
    return shareParameters
      ? net.forward(all)
      : net.forward(all.unsqueeze(1).expand(-1, agents, -1)).reshape(rows, agents);
  }
}

/** Values of observations and of those before them in the episode, as {@linkcode Policy.normalize} gives them. */
export class RecurrentCritic extends Recurrent {
  /** The network. */
  readonly net: Recurrent;

  /**
   * MAPPO's critic is centralised, IPPO's is not. `random` draws the initial weights.
   *
   * @throws RangeError if `options.recurrent` says that nothing is remembered.
   */
  constructor(readonly options: NetworkOptions, random: HostRandom) {
    takesRecurrent(arguments);
    super();
    const net = valueNetwork(options, random);
    if (!(net instanceof Recurrent)) throw new RangeError('a RecurrentCritic needs recurrent: "lstm" or "gru".');
    this.net = net;
  }

  /** For `[.., agent]`: that of one network which sees all agents is `[.., hidden]`, else `[.., agent, hidden]`. */
  override initialState(...leading: number[]): Tree {
    const { centralised = false, shareParameters = true } = this.options;
    return this.net.initialState(...(centralised && shareParameters ? leading.slice(0, -1) : leading));
  }

  /** `[..leading, agent, feature]` to `[..leading, agent]`, and what is remembered. */
  override step(observation: Tensor, state: Tree): readonly [Tensor, Tree] {
    const [value, next] = this.net.step(this.#input(observation), state);
    return [value.reshape(...observation.shape.slice(0, -1)), next];
  }

  /** As {@linkcode Recurrent.run}. */
  override run(observation: Tensor, state?: Tree, resets?: Tensor): [Tensor, Tree] {
    const [value, last] = this.net.run(this.#input(observation), state, resets);
    return [value.reshape(...observation.shape.slice(0, -1)), last];
  }

  #input(observation: Tensor): Tensor {
    const { agents, observationSize, centralised = false, shareParameters = true } = this.options;
    if (!centralised) return observation;
    const all = observation.reshape(...observation.shape.slice(0, -2), agents * observationSize);
    return shareParameters ? all : all.unsqueeze(-2).expand(...all.shape.slice(0, -1), agents, all.shape.at(-1)!);
  }
}

/** The value function that suits the options. */
export function criticFor(options: NetworkOptions, random: HostRandom): Critic | RecurrentCritic {
  const Kind = (options.recurrent ?? "none") === "none" ? Critic : RecurrentCritic;
  return new Kind(options, random);
}

const observation = kind.tensor;
takeOnly(Critic, { forward: { observation } });
takeOnly(RecurrentCritic, {
  initialState: { "..leading": kind.count(0) },
  step: { observation, state: kind.tree },
  run: { observation, state: kind.optional(kind.tree), resets: kind.optional(kind.tensor) },
});
