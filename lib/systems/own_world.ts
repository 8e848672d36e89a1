/** A world of one's own, from a file or from a program, trained as any other. */

import { isClass, isStrayPromise, told } from "../graph/kinds.ts";
import { checkHostWorld } from "../worlds/host/check.ts";
import { isHostWorld } from "../worlds/host/world.ts";
import { checkEnvironment } from "./check_environment.ts";
import { chooseDevice } from "./device.ts";
import type { AnyWorld, Networks } from "./reinforcement/algorithm.ts";
import { ppo } from "./reinforcement/ppo.ts";
import { trpo } from "./reinforcement/trpo.ts";
import { refusing, reinforcementSystem } from "./reinforcement/system.ts";
import type { Settings } from "./settings.ts";
import type { IterationListener, System } from "./system.ts";
import { UsageError } from "./usage.ts";

/** What somebody brings. */
export interface OwnWorld {
  /** The world, or what makes it. */
  readonly world: AnyWorld | (() => AnyWorld);
  /** Policy and value function of one's own; those of the algorithm unless told otherwise. */
  readonly networks?: Networks;
  /** Settings that suit it, below those that are given. */
  readonly settings?: Settings;
  /** Hears of every iteration; numbers that it gives are logged. */
  readonly onIteration?: IterationListener;
}

/** The system of a world of one's own, which the command line knows as `name`. Without a world it can only be read about. */
export function ownWorldSystem(name: string, own: OwnWorld | null): System {
  const system = reinforcementSystem({
    title: "world of your own",
    scenarios: { [name]: "a world of your own" },
    algorithms: {
      ppo: ppo("ippo", "PPO, the critic of an agent sees what the agent sees"),
      mappo: ppo("mappo", "PPO whose critic sees all agents"),
      trpo: trpo("TRPO: each step of the policy inside of a trust region"),
    },
    task: {},
    presets: ["own"],
    preset: () => own?.settings ?? {},
    presetBelow: () => "own",
    ...own?.networks && { networks: own.networks },
    ...own?.onIteration && { onIteration: own.onIteration },
    world() {
      if (own === null) {
        throw new UsageError(
          `the world \`${name}\` was made by a program: load the run there, or train it from a file that exports the world.`,
        );
      }
      return worldOf(name, own);
    },
  });
  return {
    ...system,
    async create(config) {
      await chooseDevice(config);
      const world = own && worldOf(name, own);
      if (world && isHostWorld(world)) refusing(() => checkHostWorld(world));
      else if (world) await checkEnvironment(world);
      return await system.create(config);
    },
  };
}

function worldOf(name: string, { world }: OwnWorld): AnyWorld {
  if (isClass(world)) {
    throw new UsageError(
      `${name} is ${told(world)}: give one that is made of it, new ${(world as { name: string }).name}().`,
    );
  }
  const made: unknown = typeof world === "function" ? world() : world;
  if (isStrayPromise(made)) {
    throw new UsageError(`${name} is a promise: give the world that it stands for, with await.`);
  }
  if (typeof made === "object" && made !== null) return made as AnyWorld;
  throw new UsageError(
    `${name} is no world but ${told(made)}: a world is an object with reset(), observe() and step().`,
  );
}
