/** What agents sense where they are: their own GPS, where neighbours are, and where neighbours claim to be. */

import { eye } from "../../tensor/creation.ts";
import { where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Attack } from "./attack.ts";
import type { Sensed } from "./fusion.ts";
import type { SwarmSettings } from "./options.ts";

/** Luck of a step: normal numbers, and uniform ones in [0, 1) for `loss`. */
export type SwarmNoise = {
  /** float32 [env, agent, 2]. */
  motion: Tensor;
  /** float32 [env, agent, 2]. */
  gps: Tensor;
  /** float32 [env, agent, source, 2]. */
  relative: Tensor;
  /** float32 [env, agent]. */
  loss: Tensor;
};

/** `x [.., 2]`, no longer than `most`: what is longer keeps its direction. */
export function shortened(x: Tensor, most: number): Tensor {
  const squares = x.square().sum(-1, true);
  return x.mul(squares.maximum(most ** 2).rsqrt().mul(most));
}

/**
 * The words of all sources, see {@linkcode Sensed}. `position`, `offset`: float32 [env, agent, 2].
 */
export function sense(
  position: Tensor,
  offset: Tensor,
  { spoofed, liar }: Pick<Attack, "spoofed" | "liar">,
  { gps, relative, loss }: Omit<SwarmNoise, "motion">,
  settings: SwarmSettings,
): Pick<Sensed, "word" | "heard" | "variance"> {
  const { gpsNoise, gpsLoss, range, relativeNoise, relativeGrowth } = settings;
  const own = eye(settings.nAgents).unsqueeze(0);
  const read = position.add(gps.mul(gpsNoise)).add(offset.mul(spoofed.unsqueeze(-1)));
  const claim = read.add(offset.mul(liar.unsqueeze(-1)));
  // [env, agent, source, 2]: where an agent sees its neighbours, from itself.
  const apart = position.unsqueeze(1).sub(position.unsqueeze(2));
  const distance = apart.square().sum(-1).sqrt();
  const sigma = distance.mul(relativeGrowth).add(relativeNoise);
  const seen = apart.add(relative.mul(sigma.unsqueeze(-1)));
  const isOwn = own.unsqueeze(-1).greater(0);
  const told = where(isOwn, read.unsqueeze(2), claim.unsqueeze(1).sub(seen));
  const received = loss.greaterEqual(gpsLoss).cast("float32").unsqueeze(1);
  const near = distance.lessEqual(range).cast("float32").mul(received);
  const spread = seen.square().sum(-1).sqrt().mul(relativeGrowth).add(relativeNoise);
  const variance = where(own.greater(0), 0, spread.square()).add(gpsNoise ** 2);
  // A neighbour that is seen nowhere has no distance, and so no variance: its word is not heard.
  return cleaned({ word: told, heard: near, variance: where(variance.isFinite(), variance, gpsNoise ** 2) });
}

/** A word that is no number was not heard. */
function cleaned<T extends Pick<Sensed, "word" | "heard">>({ word, heard, ...rest }: T): T {
  const sound = word.isFinite().all(-1).and(heard.greater(0));
  return { ...rest, word: where(sound.unsqueeze(-1), word, 0), heard: sound.cast("float32") } as unknown as T;
}
