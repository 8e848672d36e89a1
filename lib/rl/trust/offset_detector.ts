/** A detector of spoofing for each agent by itself: an LSTM over a window of steps says by how much GPS is off, and that is taken away. */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { Linear } from "../../nn/layers.ts";
import { LSTM } from "../../nn/lstm.ts";
import { zeros } from "../../tensor/creation.ts";
import { concat, stopGradient, where } from "../../tensor/functions.ts";
import type { HostRandom } from "../../tensor/host_random.ts";
import * as kind from "../../tensor/kinds.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Fused, ownOf, type Sensed, sensedKind } from "../../worlds/swarm/fusion.ts";
import { LearnedFusion, ownGps, toldBy } from "./learned_fusion.ts";

/** What an {@linkcode OffsetDetector} remembers. */
export type DetectorMemory = {
  /** Features of the last steps, the oldest first: float32 [env, agent, step, feature]. */
  window: Tensor;
  /** The GPS position before, float32 [env, agent, 2]. */
  gps: Tensor;
  /** 1 once there was one, float32 [env, agent, 1]. */
  known: Tensor;
};

/** Steps that the LSTM sees. */
const steps = 10;
const features = 5;

const takes = signature("new OffsetDetector()", { random: kind.hostRandom, hiddenSize: kind.optional(kind.count(1)) });

/**
 * An LSTM (5 to 64) sees the last 10 steps, each time anew: how far GPS is from where the own steps lead, how far its own step is from
 * the one that was made, and whether it gave anything. Its last output says the offset, and GPS less that offset is the position.
 */
export class OffsetDetector extends LearnedFusion {
  /** As runs know it. */
  readonly name = "lstm-detector";
  /** Of the steps of a window. */
  readonly lstm: LSTM;
  /** To the offset. */
  readonly head: Linear;

  /** Draws the weights from `random`. */
  constructor(random: HostRandom, hiddenSize = 64) {
    takes(arguments);
    super();
    this.lstm = new LSTM(features, hiddenSize, random);
    this.head = new Linear(hiddenSize, 2, random);
  }

  /** Nothing has been seen. */
  override initialMemory(envs: number, agents: number): DetectorMemory {
    const window = zeros([envs, agents, steps, features]);
    return { window, gps: zeros([envs, agents, 2]), known: zeros([envs, agents, 1]) };
  }

  /** GPS less its offset; where there is no GPS, where the own steps lead. */
  override fuse(sensed: Sensed, memory: DetectorMemory): Fused {
    const told = toldBy(sensed);
    const { own, reckoned } = told;
    const gps = ownGps(told, sensed);
    const read = ownOf(sensed.word, own);
    const both = gps.heard.mul(memory.known);
    const moved = read.sub(memory.gps).sub(sensed.action).mul(both);
    const seen = concat([gps.off.clamp(-6, 6).div(2), moved.clamp(-6, 6), gps.heard], -1);
    const data = stopGradient(seen, "what is told of a source is data").unsqueeze(2);
    const window = concat([memory.window.slice(2, 1), data], 2);
    const [envs, agents] = read.shape as [number, number];
    const rows = window.reshape(envs * agents, steps, features).transpose(0, 1);
    const { hidden } = this.lstm.run(rows)[1];
    const offset = this.head.forward(hidden).reshape(envs, agents, 2);
    const isHeard = gps.heard.greater(0);
    const estimate = where(isHeard, read.sub(offset), reckoned);
    const trust = offset.square().sum(-1, true).div(-2).exp().mul(own.unsqueeze(0)).mul(sensed.heard);
    const next = where(isHeard, read, memory.gps);
    return { estimate, trust, memory: { window, gps: next, known: memory.known.maximum(gps.heard) } };
  }
}

takeOnly(OffsetDetector, {
  initialMemory: { envs: kind.count(1), agents: kind.count(1) },
  fuse: {
    sensed: sensedKind,
    memory: kind.having("what is remembered, as initialMemory() gives it,", {
      window: kind.tensor,
      gps: kind.tensor,
      known: kind.tensor,
    }),
  },
});
