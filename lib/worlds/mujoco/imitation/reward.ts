/** How well a figure imitates another: the reward of DeepMimic (Peng, Abbeel, Levine and van de Panne 2018). */

import type { MetricReduction } from "../../host/world.ts";
import type { Figure } from "./figure.ts";
import { angleBetween, type Numbers } from "./quaternions.ts";
import { bones } from "./skeleton.ts";

/** The parts of the reward, each from 0 to 1: metrics of a world that imitates, with `imitation`, the reward itself. */
export const imitationMetrics = {
  imitation: "mean",
  pose: "mean",
  velocity: "mean",
  end_effectors: "mean",
  root: "mean",
  mass_centre: "mean",
} as const satisfies Readonly<Record<string, MetricReduction>>;

/** The numbers of {@linkcode imitationMetrics}. */
export type ImitationTerms = Record<keyof typeof imitationMetrics, number>;

const total = bones.reduce((sum, { weight }) => sum + weight, 0);
const shares = Float64Array.from(bones, ({ weight }) => weight / total);

/**
 * Puts the terms into `terms` and gives the reward, from 0 to 1; 1 where both figures are the same. Sums run over the joints j
 * (w_j: their weights, together 1; the root is one of them) and over hands and feet e; `^` marks the reference.
 *
 * - pose (equation 5): `exp(-2 sum_j w_j |q^_j - q_j|^2)`, differences of quaternions as angles, radians.
 * - velocity (6): `exp(-0.1 sum_j w_j |v^_j - v_j|^2)`, angular velocities of the joints.
 * - end_effectors (7): `exp(-10 sum_e |p^_e - p_e|^2)`, metres from the root in the frame of its heading, heights from the ground.
 * - root: `exp(-5 (|p^ - p|^2 + 0.1 |q^ - q|^2 + 0.01 |v^ - v|^2 + 0.001 |w^ - w|^2))`: place, orientation and their speeds.
 * - mass_centre (8): `exp(-10 * 0.1 |c^ - c|^2)`, velocities of the centre of mass.
 *
 * The reward is their sum with 0.5, 0.05, 0.15, 0.2 and 0.1. Weights, scales, the term of the root and what (7) and (8) compare are
 * those of the published program (`SceneImitate.cpp`), where the paper has 0.65, 0.1, 0.15 and 0.1 without the root, sums without
 * weights, the scale 40 in (7) and places in (8).
 */
export function imitationReward(body: Figure, reference: Figure, terms: ImitationTerms): number {
  terms.pose = Math.exp(-2 * poseError(body.pose, reference.pose));
  terms.velocity = Math.exp(-0.1 * speedError(body.speed, reference.speed));
  terms.end_effectors = Math.exp(-10 * distance2(body.ends, 0, reference.ends, 0, body.ends.length));
  terms.root = Math.exp(-5 * rootError(body, reference));
  terms.mass_centre = Math.exp(-10 * 0.1 * distance2(body.massSpeed, 0, reference.massSpeed, 0, 3));
  return terms.imitation = 0.5 * terms.pose + 0.05 * terms.velocity + 0.15 * terms.end_effectors + 0.2 * terms.root +
    0.1 * terms.mass_centre;
}

function poseError(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (let bone = 0; bone < shares.length; bone++) {
    const at = 3 + 4 * bone;
    sum += shares[bone]! * angleBetween(a, at, b, at) ** 2;
  }
  return sum;
}

function speedError(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (let bone = 0; bone < shares.length; bone++) {
    sum += shares[bone]! * distance2(a, 3 + 3 * bone, b, 3 + 3 * bone, 3);
  }
  return sum;
}

function rootError(body: Figure, reference: Figure): number {
  return distance2(body.pose, 0, reference.pose, 0, 3) + 0.1 * angleBetween(body.pose, 3, reference.pose, 3) ** 2 +
    0.01 * distance2(body.speed, 0, reference.speed, 0, 3) + 0.001 * distance2(body.spin, 0, reference.spin, 0, 3);
}

function distance2(a: Numbers, i: number, b: Numbers, j: number, size: number): number {
  let sum = 0;
  for (let k = 0; k < size; k++) sum += (a[i + k]! - b[j + k]!) ** 2;
  return sum;
}
