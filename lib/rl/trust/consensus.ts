/**
 * Trust and consensus: every agent keeps a memory of every source, and weighs what it says by that memory, by how far the source agrees
 * with the others (consensus), and by how far it trusts itself, by its own account (declared trust).
 */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { GRU } from "../../nn/gru.ts";
import { Linear } from "../../nn/layers.ts";
import { eye, full, ones, zeros } from "../../tensor/creation.ts";
import { concat, stopGradient, where } from "../../tensor/functions.ts";
import type { HostRandom } from "../../tensor/host_random.ts";
import * as kind from "../../tensor/kinds.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { worldOptions } from "../../worlds/kinds.ts";
import { type Fused, ownOf, type Sensed, sensedKind } from "../../worlds/swarm/fusion.ts";
import {
  type Belief,
  beliefKind,
  corrected,
  initialBelief,
  predicted,
  type StepNoise,
} from "../../worlds/swarm/kalman.ts";
import { type SwarmOptions, swarmSettings } from "../../worlds/swarm/options.ts";
import { LearnedFusion } from "./learned_fusion.ts";

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
  /** Options of the world that it flies in: its filter takes the noise of motion and start to be theirs. Default {}. */
  readonly world?: SwarmOptions;
}

/** What a {@linkcode TrustConsensus} remembers. */
export type TrustMemory = {
  /** Of each source, float32 [env, agent, source, hidden]. */
  hidden: Tensor;
  /** How far it was trusted, float32 [env, agent, source]. */
  trust: Tensor;
  /** How far its words were off, those of the last steps counting most, [env, agent, source, 2], and how much of that there is, [.., 1]. */
  slow: Tensor;
  /** See `slow`. */
  share: Tensor;
  /** How certain an agent is of where it is, and by how much its steps are off. */
  belief: Belief;
};

/** Metres within which the words of a step agree, and those of some steps. */
const [width, slowWidth] = [1.5, 0.6] as const;
/** What is left of the words before a step. */
const keep = 0.85;

/** What one can tell of words, all data. */
interface Words {
  /** How far they are from what was expected, [env, agent, source, 2], metres. */
  readonly off: Tensor;
  /** The same over some steps. */
  readonly slow: Tensor;
  /** The square of that distance in deviations, [env, agent, source]. */
  readonly squares: Tensor;
}

/** Why no gradient goes through what is told. */
const why = "what is told of a source is data";
/** The trust of a source at first, by the logarithm of its odds. */
const firstLogit = 2;
/** What one can tell of a word. */
const features = 13;

const takes = signature("new TrustConsensus()", {
  random: kind.hostRandom,
  options: kind.options<TrustConsensusOptions>({
    ...{ hiddenSize: kind.count(1), recurrent: kind.boolean, neighbours: kind.boolean },
    ...{ declared: kind.boolean, consensus: kind.boolean, world: worldOptions },
  }),
});

/**
 * How far each source agrees with the others, `[env, agent, source]` in [0, 1]: the mean of exp(-distance^2 / (2 width^2)) of their `words`
 * [env, agent, source, 2], those of the others weighted by `weight` [env, agent, source]; 0 for one alone.
 */
function agreement(words: Tensor, width: number, weights: readonly Tensor[], own: Tensor): Tensor[] {
  const squares = words.unsqueeze(2).sub(words.unsqueeze(3)).square().sum(-1);
  const alike = squares.mul(-0.5 / width ** 2).exp();
  const isOther = own.mul(-1).add(1).unsqueeze(0).unsqueeze(0);
  return weights.map((weight) => {
    const others = weight.unsqueeze(2).mul(isOther);
    return alike.mul(others).sum(-1).div(others.sum(-1).maximum(1e-3));
  });
}

/**
 * A Kalman filter of position and bias in which each word counts by trust: a sigmoid of what a recurrent memory of its source says. It is
 * one network for all pairs of agent and source: the order of agents does not matter, nor does their number. What it is told of a word:
 * how far it is from what the filter expects, now and over some steps; how far it agrees with the others now, over some steps, and with
 * those that are trusted; what its source declares; how certain a word from there is.
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
  /** As runs know it. */
  readonly name = "trust-consensus";
  /** Of what is told of a word. */
  readonly encoder: Linear;
  /** Of each source; without recurrence a layer. */
  readonly memory: GRU | Linear;
  /** Of a source itself. */
  readonly source: Linear;
  /** Of the agent: what it thinks of its own GPS, and of all sources. */
  readonly agent: Linear;
  /** To the logit of a source. */
  readonly head: Linear;
  /** Units of the memory of each source. */
  readonly hiddenSize: number;
  readonly #options: TrustConsensusOptions;
  readonly #noise: StepNoise;

  /**
   * Draws the weights from `random`; at first sources are trusted.
   *
   * @throws RangeError with a sentence if there can be no such `world`.
   */
  constructor(random: HostRandom, options: TrustConsensusOptions = {}) {
    takes(arguments);
    super();
    const { hiddenSize = 32, recurrent = true } = this.#options = options;
    this.hiddenSize = hiddenSize;
    this.#noise = swarmSettings(options.world ?? {});
    this.encoder = new Linear(features, hiddenSize, random);
    this.memory = recurrent ? new GRU(hiddenSize, hiddenSize, random) : new Linear(hiddenSize, hiddenSize, random);
    this.source = new Linear(hiddenSize, hiddenSize, random);
    this.agent = new Linear(2 * hiddenSize, hiddenSize, random);
    this.head = new Linear(hiddenSize, 1, random, { biasInit: (_, shape) => full(shape, firstLogit) });
  }

  /** Nothing is known of sources. */
  override initialMemory(envs: number, agents: number): TrustMemory {
    const hidden = zeros([envs, agents, agents, this.hiddenSize]);
    return {
      ...{ hidden, trust: ones([envs, agents, agents]), belief: initialBelief(envs, agents, this.#noise) },
      ...{ slow: zeros([envs, agents, agents, 2]), share: zeros([envs, agents, agents, 1]) },
    };
  }

  /** Weighs the sources; see {@linkcode TrustConsensus}. */
  override fuse(sensed: Sensed, memory: TrustMemory): Fused {
    const { neighbours = true, recurrent = true } = this.#options;
    const own = eye(sensed.word.shape[1]!);
    const heard = neighbours ? sensed.heard : sensed.heard.mul(own.unsqueeze(0));
    const belief = predicted(memory.belief, this.#noise);
    const expected = sensed.before.add(sensed.action).add(belief.bias);
    const off = sensed.word.sub(expected.unsqueeze(2)).mul(heard.unsqueeze(-1));
    const variance = sensed.variance.maximum(1e-6);
    const told = stopGradient(off, why);
    const squares = told.square().sum(-1).div(variance.add(stopGradient(belief.position, why).unsqueeze(-1)));
    const left = recurrent ? keep : 0;
    const flags = heard.unsqueeze(-1);
    // What was not heard is as it was.
    const slow = where(flags.greater(0), memory.slow.mul(left).add(told.mul(1 - left)), memory.slow);
    const share = where(flags.greater(0), memory.share.mul(left).add(1 - left), memory.share);
    const words = { off: told, squares, slow: slow.div(share.maximum(1e-6)) };
    const hidden = this.#remembered({ ...sensed, heard }, words, own, memory);
    const mean = hidden.mul(flags).sum(2).div(flags.sum(2).maximum(1));
    const agent = this.agent.forward(concat([mean, ownOf(hidden, own)], -1));
    const logits = this.head.forward(this.source.forward(hidden).add(agent.unsqueeze(2)).tanh()).squeeze(-1);
    const trust = logits.sigmoid().mul(heard);
    const { estimate, memory: next } = corrected(belief, expected, off, trust.div(variance));
    return { estimate, trust, memory: { hidden, trust, belief: next, slow, share } };
  }

  /** What is remembered of each source after a step; of one that was not heard, what was. */
  #remembered(sensed: Sensed, words: Words, own: Tensor, memory: TrustMemory): Tensor {
    const rows = sensed.word.shape.slice(0, 3);
    const x = this.encoder.forward(this.#features(sensed, words, own, stopGradient(memory.trust, why))).tanh();
    const [seen, before] = [x, memory.hidden].map((y) => y.reshape(-1, this.hiddenSize)) as [Tensor, Tensor];
    const next = this.memory instanceof GRU
      ? this.memory.step(seen, { hidden: before })[0]
      : this.memory.forward(seen).tanh();
    return where(sensed.heard.unsqueeze(-1).greater(0), next.reshape(...rows, this.hiddenSize), memory.hidden);
  }

  #features({ heard, variance, declared }: Sensed, { off, slow, squares }: Words, own: Tensor, trust: Tensor): Tensor {
    const { declared: hears = true, consensus = true, recurrent = true } = this.#options;
    const none = heard.mul(0);
    const trusted = recurrent ? trust.mul(heard) : heard;
    const agreements = consensus
      ? [
        ...agreement(off, width, [heard], own),
        ...agreement(slow, slowWidth, [heard, trusted], own),
      ]
      : [none, none, none];
    const parts = [
      ...[squares.sqrt().minimum(8).div(2), squares.div(-2).exp(), ...agreements],
      ...[hears ? stopGradient(declared, why) : none, own.unsqueeze(0).add(none), variance.maximum(1e-3).sqrt()],
      slow.square().sum(-1).add(1e-6).sqrt().minimum(4),
    ];
    const near = [off.clamp(-6, 6).div(2), slow.clamp(-4, 4)];
    return concat([...near, ...parts.map((part) => part.unsqueeze(-1))], -1);
  }
}

takeOnly(TrustConsensus, {
  initialMemory: { envs: kind.count(1), agents: kind.count(1) },
  fuse: {
    sensed: sensedKind,
    memory: kind.having("what is remembered, as initialMemory() gives it,", {
      ...{ hidden: kind.tensor, trust: kind.tensor, belief: beliefKind, slow: kind.tensor, share: kind.tensor },
    }),
  },
});
