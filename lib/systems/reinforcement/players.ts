/** Who plays for a command that looks at episodes: the policy of a run, or a controller in its place. */

import { type ControllerName, controllerNames, controllerOf } from "../../worlds/controllers.ts";
import { chooseDevice } from "../device.ts";
import { choice, type ChoiceOption, type Table } from "../option.ts";
import type { Config } from "../settings.ts";
import type { Subject } from "../system.ts";
import type { Agent, AnyWorld } from "./algorithm.ts";
import type { Cast } from "./footage.ts";

/** The flag that puts a controller in the place of a policy. */
const controllerOption: ChoiceOption<ControllerName> = choice(
  controllerNames,
  null,
  "instead of the policy of a run",
);

/** How a command that looks at episodes asks who plays, and makes them play. */
export interface Players {
  /** The flags that ask. */
  readonly options: Table;
  /** The name of what plays in place of the policy of a run; null where nothing does. */
  named(values: Readonly<Record<string, unknown>>): string | null;
  /** What `watch` makes of whoever is asked for. */
  play<T>(
    subject: Subject,
    values: Readonly<Record<string, unknown>>,
    watch: (cast: Cast<AnyWorld>) => Promise<T>,
  ): Promise<T>;
}

/** The policy of a run or a `--controller` in the worlds that `worldOf` makes. */
export function playersOf(worldOf: (config: Config) => AnyWorld): Players {
  const named = ({ controller }: Readonly<Record<string, unknown>>) => controller as ControllerName | null;
  return {
    options: { controller: controllerOption },
    named,
    play: (subject, values, watch) => withPlayer(subject, worldOf, named(values), watch),
  };
}

/** What `watch` makes of the deterministic policy of a run, or of a controller in the world that `worldOf` makes. */
async function withPlayer<T>(
  subject: Subject,
  worldOf: (config: Config) => AnyWorld,
  controller: ControllerName | null,
  watch: (cast: Cast<AnyWorld>) => Promise<T>,
): Promise<T> {
  if (controller !== null) {
    await chooseDevice(subject.config);
    const environment = worldOf(subject.config);
    return await watch({ environment, controller: controllerOf(environment, controller), state: [] });
  }
  const trainer = await subject.trainer(", or a --controller") as Agent;
  try {
    const { environment, policy } = trainer;
    return await watch({ environment, controller: policy, state: [policy] });
  } finally {
    trainer.dispose();
  }
}
