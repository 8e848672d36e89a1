/**
 * Trust and consensus: every agent keeps a memory of every source, and weighs what it says by that memory, by how far the source agrees
 * with the others (consensus), and by how far it trusts itself, by its own account (declared trust).
 */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { GRU } from "../../nn/gru.ts";
import { Linear } from "../../nn/layers.ts";
import { full, zeros } from "../../tensor/creation.ts";
import { concat, stopGradient, where } from "../../tensor/functions.ts";
import type { HostRandom } from "../../tensor/host_random.ts";
import * as kind from "../../tensor/kinds.ts";
import { Parameter } from "../../tensor/variable.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Fused, ownOf, type Sensed } from "../../worlds/swarm/fusion.ts";
import { besideTheBest, LearnedFusion, toldBy } from "./learned_fusion.ts";

/** Options of {@linkcode TrustConsensus}: what is left out is what an ablation is made of. */
export interface TrustConsensusOptions {
  /** Units of the memory of each source. Default 32. */
  readonly hiddenSize?: number;
  /** Whether it remembers. Default true; otherwise a layer without memory is in the place of the GRU. */
  readonly recurrent?: boolean;
  /** Whether it hears neighbours. Default true. */
  readonly neighbours?: boolean;
  /** Whether it hears what they declare of themselves. Default true. */
  readonly declared?: boolean;
  /** Whether it looks at how far sources agree. Default true. */
  readonly consensus?: boolean;
}

/** What is remembered. */
type Memory = {
  /** Of each source, float32 [env, agent, source, hidden]. */
  hidden: Tensor;
  /** What the own steps are off by, float32 [env, agent, 2]. */
  bias: Tensor;
};

/** Metres within which sources agree. */
const width = 1.5;
/** What one can tell of a word. */
const features = 8;

const takes = signature("new TrustConsensus()", {
  random: kind.hostRandom,
  options: kind.options<TrustConsensusOptions>({
    ...{ hiddenSize: kind.count(1), recurrent: kind.boolean, neighbours: kind.boolean },
    ...{ declared: kind.boolean, consensus: kind.boolean },
  }),
});

/**
 * How far sources agree with the others that are heard, `[env, agent, source]` in [0, 1]: the mean of exp(-distance^2 / (2 x 1.5^2)) of
 * their words; 0 for one alone.
 */
export function agreement({ word, heard }: Pick<Sensed, "word" | "heard">, own: Tensor): Tensor {
  const squares = word.unsqueeze(2).sub(word.unsqueeze(3)).square().sum(-1);
  const others = heard.unsqueeze(2).mul(own.mul(-1).add(1).unsqueeze(0).unsqueeze(0));
  const alike = squares.mul(-0.5 / width ** 2).exp().mul(others).sum(-1);
  return alike.div(others.sum(-1).maximum(1)).mul(heard);
}

/**
 * A softmax over own GPS, neighbours' words and where the own steps lead, whose logits come of a recurrent memory of each source. It is
 * one network for all pairs of agent and source: the order of agents does not matter, nor does their number.
 *
 * @example
 * ```ts
 * import { Evaluator, HostRandom, SpoofedSwarm, TrustConsensus, swarmGreedy } from "@plumbline/plumbline";
 *
 * const trust = new TrustConsensus(new HostRandom(0), { hiddenSize: 8 });
 * const world = new SpoofedSwarm({ maxSteps: 10 }, trust);
 * const { metrics } = await new Evaluator(world, swarmGreedy).run(4, 0);
 * console.log(metrics!.error_clean!.length); // 4
 * ```
 */
export class TrustConsensus extends LearnedFusion {
  readonly name = "trust-consensus";
  readonly encoder: Linear;
  readonly memory: GRU | Linear;
  /** Of a source itself. */
  readonly source: Linear;
  /** Of the agent: what it thinks of its own GPS, and of all sources. */
  readonly agent: Linear;
  readonly head: Linear;
  /** Of where the own steps lead. */
  readonly reckoning: Linear;
  /** How fast the bias of the own steps is learned, by the logarithm of odds. */
  readonly gain: Parameter;
  readonly hiddenSize: number;
  readonly #options: TrustConsensusOptions;

  /** Draws the weights from `random`; at first no source is thrown away. */
  constructor(random: HostRandom, options: TrustConsensusOptions = {}) {
    takes(arguments);
    super();
    const { hiddenSize = 32, recurrent = true } = this.#options = options;
    this.hiddenSize = hiddenSize;
    this.encoder = new Linear(features, hiddenSize, random);
    this.memory = recurrent ? new GRU(hiddenSize, hiddenSize, random) : new Linear(hiddenSize, hiddenSize, random);
    this.source = new Linear(hiddenSize, hiddenSize, random);
    this.agent = new Linear(2 * hiddenSize, hiddenSize, random);
    this.head = new Linear(hiddenSize, 1, random);
    this.reckoning = new Linear(hiddenSize, 1, random);
    this.gain = new Parameter(full([], -3), "gain");
  }

  /** Nothing is known of sources, and steps are as meant. */
  override initialMemory(envs: number, agents: number): Memory {
    return { hidden: zeros([envs, agents, agents, this.hiddenSize]), bias: zeros([envs, agents, 2]) };
  }

  /** Weighs the sources; see {@linkcode TrustConsensus}. */
  override fuse(sensed: Sensed, memory: Memory): Fused {
    const { neighbours = true } = this.#options;
    const told = toldBy(sensed, memory.bias);
    const { off, own, reckoned } = told;
    const heard = neighbours ? sensed.heard : sensed.heard.mul(own.unsqueeze(0));
    const x = this.encoder.forward(this.#features({ ...sensed, heard }, off, own)).tanh();
    const [rows, { hiddenSize }] = [sensed.word.shape.slice(0, 3), this];
    const [seen, before] = [x, memory.hidden].map((y) => y.reshape(-1, hiddenSize)) as [Tensor, Tensor];
    const next = this.memory instanceof GRU
      ? this.memory.step(seen, { hidden: before })[0]
      : this.memory.forward(seen).tanh();
    const flags = heard.unsqueeze(-1);
    const hidden = where(flags.greater(0), next.reshape(...rows, hiddenSize), memory.hidden);
    const mean = hidden.mul(flags).sum(2).div(flags.sum(2).maximum(1));
    const agent = this.agent.forward(concat([mean, ownOf(hidden, own)], -1));
    const logits = this.head.forward(this.source.forward(hidden).add(agent.unsqueeze(2)).tanh()).squeeze(-1);
    const all = concat([where(heard.greater(0), logits, -30), this.reckoning.forward(agent.tanh())], -1).softmax(-1);
    const agents = rows[1]!;
    const weight = all.slice(2, 0, agents).mul(heard);
    const step = off.mul(weight.unsqueeze(-1)).sum(2);
    const apart = sensed.word.sub(reckoned.unsqueeze(2)).mul(heard.unsqueeze(-1));
    const estimate = reckoned.add(apart.mul(weight.unsqueeze(-1)).sum(2));
    const bias = memory.bias.add(stopGradient(step, "a bias is tracked, not aimed at").mul(this.gain.sigmoid()));
    return { estimate, trust: besideTheBest(weight), memory: { hidden, bias } };
  }

  #features(sensed: Sensed, off: Tensor, own: Tensor): Tensor {
    const { declared = true, consensus = true } = this.#options;
    const { heard, variance } = sensed;
    const near = off.clamp(-6, 6).div(2);
    const norm = off.square().sum(-1).add(1e-6).sqrt();
    const none = heard.mul(0);
    const parts = [
      norm.minimum(8).div(2),
      norm.square().neg().exp(),
      consensus ? agreement(sensed, own) : none,
      declared ? stopGradient(sensed.declared, "a message is data") : none,
      own.unsqueeze(0).add(none),
      variance.maximum(1e-3).sqrt(),
    ];
    return concat([near, ...parts.map((part) => part.unsqueeze(-1))], -1);
  }
}

takeOnly(TrustConsensus, {
  initialMemory: { envs: kind.count(1), agents: kind.count(1) },
  fuse: { sensed: kind.tree, memory: kind.tree },
});
