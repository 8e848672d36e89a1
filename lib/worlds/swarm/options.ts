/** What the swarm may be told: its sensors, its motion, and who lies to it. Metres, steps of one second, standard deviations. */

import { type Check, type Checks, notNegative, positive, whole, withDefaults } from "../options.ts";

/** How the offset of a spoofed receiver grows, see {@linkcode attackOffset}. */
export const attackKinds = ["drift", "jump", "accel", "inter", "delay", "pre"] as const;

/** One of {@linkcode attackKinds}. */
export type AttackKind = typeof attackKinds[number];

/** Options of {@linkcode SpoofedSwarm}. */
export interface SwarmOptions {
  /** Agents of a swarm: 1 to 64. Default 8. */
  nAgents?: number;
  /** Steps of an episode. Default 48. */
  maxSteps?: number;
  /** Agents start in a box of this side. Default 14. */
  box?: number;
  /** Goals are so far from the starts, in one common direction. Default 24. */
  goalDistance?: number;
  /** And differ from that by up to so much on each axis. Default 6. */
  goalSpread?: number;
  /** Metres of a step, at most. Default 1. */
  speed?: number;
  /** What every step adds to the motion of an agent, which it does not know. Default 0.1. */
  motionNoise?: number;
  /** A constant error of an agent's steps, drawn once an episode. Default 0.06. */
  biasNoise?: number;
  /** How well agents know where they start. Default 0.2. */
  startNoise?: number;
  /** Of a GPS position. Default 0.4. */
  gpsNoise?: number;
  /** The chance that a receiver gives nothing in a step, in [0, 1]. Default 0. */
  gpsLoss?: number;
  /** Agents that are further apart do not see each other. Default 10. */
  range?: number;
  /** Of a measurement of where a neighbour is: `relativeNoise + relativeGrowth x distance`. Default 0.1. */
  relativeNoise?: number;
  /** See relativeNoise. Default 0.05. */
  relativeGrowth?: number;
  /** How the offset grows. Default `drift`. */
  attack?: AttackKind;
  /** The share of receivers that are spoofed, in [0, 1]; of a list each episode draws one. Default 0.5. */
  fraction?: number | readonly number[];
  /** Agents that claim what is not so; of a list each episode draws one. Default 1. */
  liars?: number | readonly number[];
  /** Whether liars claim the spoofer's offset; else each has one of its own. Default true. */
  collude?: boolean;
  /** The offset of a drift grows so much a step, at least. Default 0.08. */
  slowest?: number;
  /** And at most. Default 0.2. */
  fastest?: number;
  /** The first step at which an attack may begin. Default 4. */
  earliest?: number;
  /** And the last. Default 20. */
  latest?: number;
  /** The offset of a `jump`. Default 4. */
  jump?: number;
  /** Other attacks on the same flights: a whole number in [0, 2^32). Default 0. */
  attackSeed?: number;
}

/** All of them. */
export type SwarmSettings = Required<SwarmOptions>;

/** What they are unless told otherwise: half of the receivers are spoofed, and one agent lies. */
const swarmDefaults: SwarmSettings = {
  ...{ nAgents: 8, maxSteps: 48, box: 14, goalDistance: 24, goalSpread: 6, speed: 1 },
  ...{ motionNoise: 0.1, biasNoise: 0.06, startNoise: 0.2, gpsNoise: 0.4, gpsLoss: 0 },
  ...{ range: 10, relativeNoise: 0.1, relativeGrowth: 0.05 },
  ...{ attack: "drift", fraction: 0.5, liars: 1, collude: true },
  ...{ slowest: 0.08, fastest: 0.2, earliest: 4, latest: 20, jump: 4, attackSeed: 0 },
};

const isShare = (x: unknown): boolean => typeof x === "number" && x >= 0 && x <= 1;
const oneOrMore = ([fits, what]: Check): Check => [
  (x) => Array.isArray(x) ? x.length > 0 && x.every(fits) : fits(x),
  `${what}, or a list of such`,
];

const checks: Checks<SwarmOptions> = {
  ...{ nAgents: whole(1, 64), maxSteps: whole(1, Infinity) },
  ...{ box: positive, goalDistance: notNegative, goalSpread: notNegative, speed: positive, range: positive },
  ...{ motionNoise: notNegative, biasNoise: notNegative, startNoise: positive, gpsNoise: positive },
  ...{ relativeNoise: notNegative, relativeGrowth: notNegative, jump: notNegative },
  ...{ slowest: notNegative, fastest: notNegative, earliest: whole(0, Infinity), latest: whole(0, Infinity) },
  gpsLoss: [isShare, "a number from 0 to 1"],
  attack: [(x) => attackKinds.includes(x as AttackKind), `one of ${attackKinds.join(", ")}`],
  fraction: oneOrMore([isShare, "a number from 0 to 1"]),
  liars: oneOrMore(whole(0, 64)),
  attackSeed: whole(0, 2 ** 32 - 1),
};

/**
 * The options with their defaults.
 *
 * @throws RangeError with a sentence if one is unknown, out of its range, or does not go with another.
 */
export function swarmSettings(options: SwarmOptions): SwarmSettings {
  const all = withDefaults<SwarmOptions>("spoofed_swarm", swarmDefaults, checks, options);
  for (const [low, high] of [["slowest", "fastest"], ["earliest", "latest"]] as const) {
    if (all[low] > all[high]) {
      throw new RangeError(`spoofed_swarm: ${low} is at most ${high}, which is ${all[high]}, not ${all[low]}.`);
    }
  }
  const [spoofed, liars] = [all.fraction, all.liars].map((x) => Math.max(...[x].flat()));
  if (Math.round(spoofed! * all.nAgents) + liars! > all.nAgents) {
    throw new RangeError(
      `spoofed_swarm: ${liars} liars and ${Math.round(spoofed! * all.nAgents)} spoofed receivers are more than the ` +
        `${all.nAgents} agents: liars are not spoofed. Give fewer liars, or a smaller fraction.`,
    );
  }
  return all;
}
