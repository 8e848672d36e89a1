/**
 * The trust network of the report that this project began with: from four features of an agent to two weights, of its own GPS and of
 * what its neighbours say. It knows no source from another, and remembers nothing.
 */

import { signature, takeOnly } from "../../graph/arguments.ts";
import { MLP } from "../../nn/layers.ts";
import { concat, stopGradient, where } from "../../tensor/functions.ts";
import type { HostRandom } from "../../tensor/host_random.ts";
import * as kind from "../../tensor/kinds.ts";
import type { Tree } from "../../tensor/tree.ts";
import { type Fused, ownOf, type Sensed, sensedKind } from "../../worlds/swarm/fusion.ts";
import { besideTheBest, LearnedFusion, ownGps, toldBy } from "./learned_fusion.ts";

const takes = signature("new TrustNetwork()", { random: kind.hostRandom });

/** Metres that are 1 as a feature. */
const [mostReckoned, mostDiscrepancy] = [2, 2.5] as const;

/**
 * Features, each clipped to 1: how far GPS is from where the own steps lead, over 2 m; how far from it neighbours' words are in the
 * mean, over 2.5 m; how far these differ among themselves; whether there are any. Two weights, a softmax: of GPS, and of the mean of
 * the words. (In the report the third feature was drawn from another range where a receiver was spoofed: a label, and so no feature.)
 */
export class TrustNetwork extends LearnedFusion {
  /** As runs know it. */
  readonly name = "trust";
  /** To the logits of GPS and neighbours. */
  readonly net: MLP;

  /** Draws the weights from `random`. */
  constructor(random: HostRandom) {
    takes(arguments);
    super();
    this.net = new MLP([4, 16, 16, 16, 2], random);
  }

  /** It remembers nothing. */
  override initialMemory(_envs: number, _agents: number): Tree {
    return {};
  }

  /** Weighs GPS and neighbours; with neither the own steps are all there is. */
  override fuse(sensed: Sensed, memory: Tree): Fused {
    const told = toldBy(sensed);
    const { off, own, reckoned } = told;
    const gps = ownGps(told, sensed);
    const others = sensed.heard.mul(own.mul(-1).add(1).unsqueeze(0));
    const count = others.sum(-1, true);
    const isNear = count.greater(0).cast("float32");
    const share = others.unsqueeze(-1).div(count.maximum(1).unsqueeze(-1));
    const mean = off.mul(share).sum(2);
    const norm = (x: typeof off): typeof off => x.square().sum(-1, true).add(1e-6).sqrt();
    const discrepancy = norm(off.sub(gps.off.unsqueeze(2))).mul(share).sum(2);
    const spread = norm(off.sub(mean.unsqueeze(2))).mul(share).sum(2);
    const features = concat([
      norm(gps.off).div(mostReckoned).minimum(1),
      ...[discrepancy, spread].map((x) => x.div(mostDiscrepancy).minimum(1).mul(isNear)),
      isNear,
    ], -1);
    const flags = concat([gps.heard, isNear], -1);
    const data = stopGradient(features, "what is told of a source is data");
    const weight = where(flags.greater(0), this.net.forward(data), -30).softmax(-1).mul(flags);
    const [ofGps, ofOthers] = weight.split(1, -1) as [typeof weight, typeof weight];
    // Words move with where one thinks that one is by nothing: they are positions.
    const word = ownOf(sensed.word, own).mul(ofGps).add(sensed.word.mul(share).sum(2).mul(ofOthers));
    const none = weight.sum(-1, true).mul(-1).add(1);
    const each = besideTheBest(concat([ofGps, ofOthers], -1));
    const trust = own.unsqueeze(0).mul(each.slice(-1, 0, 1)).mul(sensed.heard).add(others.mul(each.slice(-1, 1, 2)));
    return { estimate: word.add(reckoned.mul(none)), trust, memory };
  }
}

takeOnly(TrustNetwork, {
  initialMemory: { envs: kind.count(1), agents: kind.count(1) },
  fuse: { sensed: sensedKind, memory: kind.tree },
});
