/** The particle worlds of VMAS by the names of the command line, and the settings that they share. */

import type { Environment } from "../../worlds/environment.ts";
import { BuzzWire } from "../../worlds/particle/scenarios/buzz_wire.ts";
import { Navigation } from "../../worlds/particle/scenarios/navigation.ts";
import { ReverseTransport } from "../../worlds/particle/scenarios/reverse_transport.ts";
import { Wheel } from "../../worlds/particle/scenarios/wheel.ts";
import { called, choice, integer, type ValuesOf } from "../option.ts";

/** What makes the world. */
export const task = {
  nAgents: integer(1, 64, 3, "agents in an env; buzz_wire has 2"),
  maxSteps: integer(1, 1_000_000, 100, "steps after which an episode is cut off"),
  actions: called(
    ["actionSpace", "actionType", "discrete", "continuous", "continuousActions"],
    choice(["continuous", "discrete"], "continuous", "pushes as numbers, or one of nine"),
  ),
};

/** The settings of a particle world. */
export type ParticleTask = ValuesOf<typeof task>;

/** The options that every scenario has. */
interface CommonOptions {
  readonly nAgents: number;
  readonly maxSteps: number;
  readonly continuousActions: boolean;
}

/** The scenarios: what each is, and how its world is made. */
export const scenarios = {
  navigation: {
    help: "reach goals without touching each other, sensed by lidar",
    make: (options: CommonOptions) => new Navigation(options) as Environment,
  },
  wheel: {
    help: "turn a line that is too heavy for one, together",
    make: (options: CommonOptions) => new Wheel(options) as unknown as Environment,
  },
  reverse_transport: {
    help: "push a box to its goal from inside of it",
    make: (options: CommonOptions) => new ReverseTransport(options) as unknown as Environment,
  },
  buzz_wire: {
    help: "carry a ball through a maze without touching its walls",
    make: ({ nAgents: _, ...options }: CommonOptions) => new BuzzWire(options) as unknown as Environment,
  },
};

/** The world of a scenario. Throws a RangeError with a sentence if it refuses its options. */
export function particleWorld(scenario: string, { nAgents, maxSteps, actions }: ParticleTask): Environment {
  const { make } = scenarios[scenario as keyof typeof scenarios];
  return make({ nAgents, maxSteps, continuousActions: actions === "continuous" });
}
