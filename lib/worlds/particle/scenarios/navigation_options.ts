/** The options of VMAS's `navigation`, with its defaults, and their ranges. */

import { type Checks, finite, notNegative, positive, whole, withDefaults } from "../../options.ts";
import { crowding, mostCrowded, type SpawnOptions } from "../spawn.ts";

/** Options of {@linkcode Navigation}; they have VMAS's defaults, but for `maxSteps`: there an episode has no end. Lengths are in metres. */
export interface NavigationOptions {
  /** Agents: 1 to 64. Default 4. */
  nAgents?: number;
  /** Whether agents bump into each other, sense each other by lidar and pay for contacts. Default true. */
  collisions?: boolean;
  /** Starts lie within [-x, x]: above 0. Default 1. */
  worldSpawningX?: number;
  /** Starts lie within [-y, y]: above 0. Default 1. */
  worldSpawningY?: number;
  /** Whether positions are held within that rectangle. Default false. */
  enforceBounds?: boolean;
  /** How many agents, the first ones, share one goal: 1 to `nAgents`. Above 1 only without collisions. Default 1. */
  agentsWithSameGoal?: number;
  /** Two goals, one for each half of the agents; needs `agentsWithSameGoal` = `nAgents` / 2. Default false. */
  splitGoals?: boolean;
  /** Whether an agent observes its position relative to every goal, not only to its own. Default false. */
  observeAllGoals?: boolean;
  /** How far a lidar sees: above 0. Default 0.35. */
  lidarRange?: number;
  /** The agents' radius, which is also how near to their goals they have to be: above 0. Default 0.1. */
  agentRadius?: number;
  /** Without effect: VMAS draws a line between agents nearer than this. Taken so that its options are. 0 or more. Default 0. */
  commsRange?: number;
  /** Lidar rays: 0 to 1024. Default 12. */
  nLidarRays?: number;
  /** Whether each agent is paid for the progress of all. Default true. */
  sharedRew?: boolean;
  /** Reward for a metre nearer to the goal. Default 1. */
  posShapingFactor?: number;
  /** Reward of each agent in a step at whose end every agent is within 0.05 of its goal. Default 0.01. */
  finalReward?: number;
  /** Reward of both agents of a pair for every step at whose end they touch. Default -1. */
  agentCollisionPenalty?: number;
  /**
   * Whether an action is two numbers in [-1, 1], or one of nine choices: 3 x + y, where x and y are 0 to stay, 1 to go
   * the negative way and 2 the positive one. Default true.
   */
  continuousActions?: boolean;
  /** Steps of an episode: 1 or more. Default 100. */
  maxSteps?: number;
}

const defaults: Required<NavigationOptions> = {
  nAgents: 4,
  collisions: true,
  worldSpawningX: 1,
  worldSpawningY: 1,
  enforceBounds: false,
  agentsWithSameGoal: 1,
  splitGoals: false,
  observeAllGoals: false,
  lidarRange: 0.35,
  agentRadius: 0.1,
  commsRange: 0,
  nLidarRays: 12,
  sharedRew: true,
  posShapingFactor: 1,
  finalReward: 0.01,
  agentCollisionPenalty: -1,
  continuousActions: true,
  maxSteps: 100,
};

const checks: Checks<NavigationOptions> = {
  nAgents: whole(1, 64),
  worldSpawningX: positive,
  worldSpawningY: positive,
  agentsWithSameGoal: whole(1, Infinity),
  lidarRange: positive,
  agentRadius: positive,
  commsRange: notNegative,
  nLidarRays: whole(0, 1024),
  posShapingFactor: finite,
  finalReward: finite,
  agentCollisionPenalty: finite,
  maxSteps: whole(1, Infinity),
};

function refuse(sentence: string): never {
  throw new RangeError(`navigation: ${sentence}`);
}

function checkTogether({ nAgents, agentsWithSameGoal, collisions, splitGoals }: Required<NavigationOptions>): void {
  if (agentsWithSameGoal > nAgents) {
    refuse(`agentsWithSameGoal is ${agentsWithSameGoal}, but there are ${nAgents} agents.`);
  }
  if (agentsWithSameGoal > 1 && collisions) {
    refuse(`agents with the same goal (agentsWithSameGoal ${agentsWithSameGoal}) need collisions: false.`);
  }
  if (splitGoals && agentsWithSameGoal !== nAgents / 2) {
    refuse(
      `splitGoals needs an even number of agents and agentsWithSameGoal = nAgents / 2; nAgents is ${nAgents} and ` +
        `agentsWithSameGoal ${agentsWithSameGoal}.`,
    );
  }
}

/**
 * The options with their defaults.
 *
 * @throws RangeError with a sentence if one is unknown, out of its range, or does not go with another.
 */
export function resolveOptions(options: NavigationOptions): Required<NavigationOptions> {
  const resolved = withDefaults("navigation", defaults, checks, options);
  checkTogether(resolved);
  return resolved;
}

/** The goal of each agent, as an index into the goals that there are. */
export function goalOfAgent({ nAgents, agentsWithSameGoal, splitGoals }: Required<NavigationOptions>): number[] {
  return Array.from({ length: nAgents }, (_, i) => {
    if (splitGoals) return Math.floor(i / agentsWithSameGoal);
    return Math.max(0, i - agentsWithSameGoal + 1);
  });
}

/**
 * Where agents and goals start.
 *
 * @throws RangeError if they do not fit into the rectangle.
 */
export function spawnOptions(options: Required<NavigationOptions>): SpawnOptions {
  const { nAgents, agentRadius, worldSpawningX, worldSpawningY } = options;
  const goals = Math.max(...goalOfAgent(options)) + 1;
  const distance = 2 * agentRadius + 0.05;
  const spawn = { points: nAgents + goals, distance, extent: [worldSpawningX, worldSpawningY] as const };
  if (crowding(spawn) > mostCrowded) {
    refuse(
      `${nAgents} agents and ${goals} goals, ${Number(distance.toFixed(4))} apart, do not fit into a world of ` +
        `${2 * worldSpawningX} x ${2 * worldSpawningY}: take fewer or smaller agents, or a larger world.`,
    );
  }
  return spawn;
}
