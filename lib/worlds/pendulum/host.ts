/** The pendulum as a world on the host. */

import { signature } from "../../graph/arguments.ts";
import type { ActionKind } from "../environment.ts";
import type { HostScene, HostWorld } from "../host/world.ts";
import * as kind from "../kinds.ts";
import { type Checks, whole, withDefaults } from "../options.ts";
import { defaultMaxSteps, stepSeconds } from "./constants.ts";
import { entities } from "./scene.ts";

/** Options of {@linkcode HostPendulum}. */
export interface HostPendulumOptions {
  /** Steps of an episode: 1 or more. Default 200. */
  maxSteps?: number;
  /** Workers that step: 0 or more. Default 0: a step takes less time than it takes to wake one. */
  workers?: number;
}

const defaults: Required<HostPendulumOptions> = { maxSteps: defaultMaxSteps, workers: 0 };

const checks: Checks<HostPendulumOptions> = { maxSteps: whole(1, Infinity), workers: whole(0, Infinity) };

const takesWorld = signature("new HostPendulum()", { options: kind.worldOptions });

/**
 * The same world as {@linkcode Pendulum}, each environment a few lines of plain JavaScript in float64: an example of a
 * {@linkcode HostWorld}, and a small one to try things on.
 *
 * @example
 * ```ts
 * import { HostPendulum, Simulations, zeros } from "@plumbline/plumbline";
 *
 * const simulations = await Simulations.start(new HostPendulum(), 4, 0);
 * const { reward } = await simulations.step(zeros([4, 1, 1]));
 * console.log(reward.shape); // [ 4, 1 ]
 * simulations.dispose();
 * ```
 */
export class HostPendulum implements HostWorld {
  readonly name = "pendulum";
  readonly agents = 1;
  readonly observationSize = 3;
  readonly actionKind: ActionKind = "continuous";
  readonly actionSize = 1;
  readonly maxSteps: number;
  readonly workers: number;
  readonly simulation: string = import.meta.resolve("./simulation.ts");
  readonly scene: HostScene = { entities, frameSeconds: stepSeconds };

  /**
   * Prepares nothing yet.
   *
   * @throws RangeError with a sentence if an option is unknown or out of its range.
   */
  constructor(options: HostPendulumOptions = {}) {
    takesWorld(arguments);
    const { maxSteps, workers } = withDefaults("pendulum", defaults, checks, options);
    this.maxSteps = maxSteps;
    this.workers = workers;
  }
}
