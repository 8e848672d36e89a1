/** Policies and value functions of multi-agent PPO, with parameters shared by the agents. */

import { MLP } from "../nn/layers.ts";
import { TanhNormal } from "../nn/distributions.ts";
import { Module } from "../nn/module.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import type { Tensor } from "../tensor/tensor.ts";

const hidden = [256, 256] as const;

/** Smallest scale of the policy. */
const minScale = 0.01;

/** Shifts the softplus so that an output of 0 means a scale of 1 (TorchRL's biased softplus). */
const scaleBias = Math.log(Math.expm1(1 - minScale));

/** The parameters of a tanh-normal policy, each `[.., action]`. */
export interface PolicyOutput {
  readonly [key: string]: Tensor;
  readonly loc: Tensor;
  readonly scale: Tensor;
}

/** Each agent's own observation to a tanh-normal distribution over its action. */
export class GaussianPolicy extends Module {
  /** The network. */
  readonly net: MLP;

  /** Draws the initial weights from `random`. */
  constructor(readonly observationSize: number, readonly actionSize: number, random: HostRandom) {
    super();
    this.net = new MLP([observationSize, ...hidden, 2 * actionSize], random);
  }

  /** `[.., feature]` to the mean before the tanh and the scale, `[.., action]` each. */
  output(observation: Tensor): PolicyOutput {
    const [loc, raw] = this.net.forward(observation).split([this.actionSize, this.actionSize], -1) as [Tensor, Tensor];
    return { loc, scale: raw.add(scaleBias).softplus().add(minScale) };
  }

  /** The distribution over actions. */
  distribution(observation: Tensor): TanhNormal {
    const { loc, scale } = this.output(observation);
    return new TanhNormal(loc, scale);
  }

  /** The deterministic action. */
  forward(observation: Tensor): Tensor {
    return this.distribution(observation).mode;
  }
}

/** Values `[row, agent]` of observations `[row, agent, feature]`. */
export class Critic extends Module {
  /** The network. */
  readonly net: MLP;

  /**
   * `centralised`: each value is told from the observations of all agents (MAPPO); otherwise from the agent's own (IPPO).
   */
  constructor(readonly agents: number, observationSize: number, readonly centralised: boolean, random: HostRandom) {
    super();
    this.net = centralised
      ? new MLP([agents * observationSize, ...hidden, agents], random)
      : new MLP([observationSize, ...hidden, 1], random);
  }

  /** `[row, agent, feature]` to `[row, agent]`. */
  forward(observation: Tensor): Tensor {
    const [rows, agents, features] = observation.shape as [number, number, number];
    return this.centralised
      ? this.net.forward(observation.reshape(rows, agents * features))
      : this.net.forward(observation.reshape(rows * agents, features)).reshape(rows, agents);
  }
}
