/** What is measured of a swarm, by who knows the truth. */

import { where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { EpisodeReduction } from "../environment.ts";
import type { SwarmSettings } from "./options.ts";
import type { SwarmState } from "./swarm.ts";

/** Steps at the end of an episode that decide on success, at most. */
export const lateSteps = 8;
/** Metres from the goal, at most, over those steps. */
const nearEnough = 1;
/** A source of less trust than this is dropped. */
const dropped = 0.1;
/** Steps of an attack after which dropped sources are counted. */
const settled = 10;

const attacked: Readonly<Record<string, EpisodeReduction>> = {
  ...{ success_attacked: "max", error_attacked: "rms", dropped: "mean", dropped_bad: "mean" },
};
const clean: Readonly<Record<string, EpisodeReduction>> = {
  ...{ success_clean: "max", error_clean: "rms", false_alarms: "mean" },
};

/**
 * What becomes of the measured numbers over an episode: `success_..` the share of agents that arrived, `error_..` the root mean square of
 * how far estimates are off (of attacked agents since the attack began), metres; `false_alarms` the share of sources that tell the truth
 * and are dropped, whose trust is less than 0.1; `dropped` how many are so 10 steps after an attack began, and
 * `dropped_bad` how many of those are bad. Attacked agents are those whose receiver is spoofed, clean ones the
 * others, liars too; both are measured only where every episode has some.
 */
export function metricsOf({ fraction, nAgents }: SwarmSettings): Readonly<Record<string, EpisodeReduction>> {
  const counts = [fraction].flat().map((x) => Math.round(x * nAgents));
  return { ...Math.min(...counts) > 0 && attacked, ...Math.max(...counts) < nAgents && clean };
}

/** The mean of `x [env, agent]` over the agents of `who`, [env]. */
function meanOf(x: Tensor, who: Tensor): Tensor {
  return x.mul(who).sum(-1).div(who.sum(-1).maximum(1));
}

/** The numbers of a state, float32 [env] each; `bad` is 1 where a source is off, [env, agent, source]. */
export function measured(state: SwarmState, bad: Tensor, settings: SwarmSettings): Record<string, Tensor> {
  const { position, estimate, trust, steps, late, attack: { spoofed, liar, begins } } = state;
  const { maxSteps } = settings;
  const clean = spoofed.mul(-1).add(1);
  const last = steps.greaterEqual(maxSteps).cast("float32");
  const arrived = late.lessEqual(nearEnough * Math.min(lateSteps, maxSteps)).cast("float32");
  const squares = estimate.sub(position).square().sum(-1);
  const isOn = steps.greaterEqual(begins).cast("float32");
  // The root mean square over an episode becomes that over the steps of the attack.
  const share = begins.maximum(1).mul(-1).add(maxSteps + 1).maximum(1).div(maxSteps);
  const believed = liar.mul(-1).add(1).unsqueeze(-1);
  const heard = state.sensed.heard.mul(believed);
  const isDropped = where(trust.less(dropped), heard, 0);
  const good = bad.mul(-1).add(1);
  const late10 = steps.sub(begins).greaterEqual(settled).cast("float32");
  const known: Record<string, Tensor> = {
    success_attacked: meanOf(arrived, spoofed).mul(last),
    success_clean: meanOf(arrived, clean).mul(last),
    error_attacked: meanOf(squares, spoofed).mul(isOn).div(share).sqrt(),
    error_clean: meanOf(squares, clean).sqrt(),
    false_alarms: isDropped.mul(good).sum([1, 2]).div(heard.mul(good).sum([1, 2]).maximum(1)),
    dropped: isDropped.sum([1, 2]).mul(late10),
    dropped_bad: isDropped.mul(bad).sum([1, 2]).mul(late10),
  };
  return Object.fromEntries(Object.keys(metricsOf(settings)).map((name) => [name, known[name]!]));
}
