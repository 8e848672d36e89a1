/**
 * Who is deceived, by what and from when on. A spoofer has a region: the receivers nearest to a point get one common offset. Liars
 * are not spoofed; they claim to be elsewhere, all at the spoofer's offset or each at its own.
 */

import { tensor, zeros } from "../../tensor/creation.ts";
import { stack, where } from "../../tensor/functions.ts";
import * as kind from "../../tensor/kinds.ts";
import { randomInt, splitKey, uniform } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { SwarmSettings } from "./options.ts";

/** What is fixed of an attack where an episode begins. It is a label: no agent sees any of it. */
export type Attack = {
  /** 1 where a receiver is spoofed, float32 [env, agent]. */
  spoofed: Tensor;
  /** 1 where an agent lies, float32 [env, agent]. */
  liar: Tensor;
  /** Where the offset of each agent points, float32 [env, agent, 2], of length 1. */
  direction: Tensor;
  /** By how much a drift grows a step, float32 [env, agent], metres. */
  rate: Tensor;
  /** The step at which it begins, float32 [env]. */
  begins: Tensor;
  /** Steps from one `inter` attack to the next, float32 [env]. */
  period: Tensor;
};

/** An {@linkcode Attack}, as an argument. */
export const attackKind: kind.Kind = kind.having("what is fixed of an attack", {
  ...{ spoofed: kind.tensor, liar: kind.tensor, direction: kind.tensor, rate: kind.tensor },
  ...{ begins: kind.tensor, period: kind.tensor },
});

/** The most steps that a `delay` lags behind. */
export const mostLag = 6;

/** Places `[.., n]` of numbers in their order, from 0; the first of equal ones comes first. */
export function ranks(x: Tensor): Tensor {
  const n = x.shape.at(-1)!;
  const [mine, other] = [x.unsqueeze(-1), x.unsqueeze(-2)];
  const earlier = tensor(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(j < i))));
  const shaped = earlier.reshape(...x.shape.slice(1).map(() => 1), n, n);
  const before = other.less(mine).cast("float32").add(other.equal(mine).cast("float32").mul(shaped));
  return before.sum(-1);
}

/** One of `choices` for each env, float32 [env]. */
function oneOf(key: Tensor, choices: readonly number[], envs: number): Tensor {
  return tensor([...choices]).take(randomInt(key, [envs], 0, choices.length), 0);
}

/** Vectors of length 1, `[..shape, 2]`. */
function directions(key: Tensor, shape: readonly number[]): Tensor {
  const angle = uniform(key, [...shape], 0, 2 * Math.PI);
  return stack([angle.cos(), angle.sin()], -1);
}

/** Draws the attacks on agents at `position`, float32 [env, agent, 2]. */
export function drawAttack(key: Tensor, position: Tensor, settings: SwarmSettings): Attack {
  const { box, collude, slowest, fastest, earliest, latest, attack } = settings;
  const [envs, agents] = position.shape as [number, number, number];
  const keys = splitKey(key, 10);
  const from = uniform(keys[0]!, [envs, 1, 2], 0, box);
  const near = ranks(position.sub(from).square().sum(-1));
  const count = oneOf(keys[1]!, [settings.fraction].flat().map((x) => Math.round(x * agents)), envs).unsqueeze(-1);
  const spoofed = near.less(count).cast("float32");
  const others = ranks(uniform(keys[2]!, [envs, agents], 0, 1).add(spoofed.mul(2)));
  const lying = oneOf(keys[3]!, [settings.liars].flat(), envs).unsqueeze(-1);
  const liar = others.less(lying).cast("float32").mul(spoofed.mul(-1).add(1));
  const common = directions(keys[4]!, [envs, 1]);
  const rate = uniform(keys[5]!, [envs, 1], slowest, fastest);
  const own = collude ? zeros([envs, agents]) : liar;
  return {
    ...{ spoofed, liar },
    direction: where(own.unsqueeze(-1).greater(0), directions(keys[6]!, [envs, agents]), common),
    rate: where(own.greater(0), uniform(keys[7]!, [envs, agents], slowest, fastest), rate),
    begins: attack === "pre" ? zeros([envs]) : randomInt(keys[8]!, [envs], earliest, latest + 1).cast("float32"),
    period: randomInt(keys[9]!, [envs], 8, 13).cast("float32"),
  };
}

/**
 * The offsets at `step` (float32 [env]) of receivers that are spoofed, and of what liars claim: float32 [env, agent, 2], 0 before the
 * attack begins. n steps after that a `drift` (and `pre`, which begins with the episode) is off by rate x n, `accel` by rate x n^2 / 40,
 * `jump` by a constant, `inter` as a drift in the first half of each period and 0 in the second; a `delay` shows where the receiver was
 * 0.2 n steps ago, at most 6. `past` is where agents were, float32 [env, lag, agent, 2], the newest first.
 */
export function attackOffset(
  { direction, rate, begins, period }: Attack,
  step: Tensor,
  past: Tensor,
  { attack, jump }: Pick<SwarmSettings, "attack" | "jump">,
): Tensor {
  const since = step.sub(begins).unsqueeze(-1);
  const on = since.greaterEqual(0);
  const n = since.relu();
  if (attack === "delay") {
    const lag = n.mul(0.2).floor().minimum(mostLag);
    const chosen = lag.equal(tensor([Array.from({ length: mostLag + 1 }, (_, i) => i)])).cast("float32");
    return past.mul(chosen.reshape(...chosen.shape, 1, 1)).sum(1).sub(past.select(1, 0));
  }
  const length = (): Tensor => {
    if (attack === "jump") return rate.mul(0).add(jump);
    if (attack === "accel") return rate.mul(n.square().div(40));
    const drift = rate.mul(n);
    if (attack !== "inter") return drift;
    return where(n.remainder(period.unsqueeze(-1)).less(period.unsqueeze(-1).div(2)), drift, 0);
  };
  return where(on, length(), 0).unsqueeze(-1).mul(direction);
}
