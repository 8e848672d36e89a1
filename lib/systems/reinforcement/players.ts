/** Who plays for a command that looks at episodes: the policy of a run, or a controller in its place. */

import { type ControllerName, controllerNames, controllerOf } from "../../worlds/controllers.ts";
import { chooseDevice } from "../device.ts";
import { choice, type ChoiceOption } from "../option.ts";
import type { Config } from "../settings.ts";
import type { Subject } from "../system.ts";
import type { Agent, AnyWorld } from "./algorithm.ts";
import type { Cast } from "./footage.ts";

/** The flag that puts a controller in the place of a policy. */
export const controllerOption: ChoiceOption<ControllerName> = choice(
  controllerNames,
  null,
  "instead of the policy of a run",
);

/** What `watch` makes of the deterministic policy of a run, or of a controller in the world that `worldOf` makes. */
export async function withPlayer<T>(
  subject: Subject,
  worldOf: (config: Config) => AnyWorld,
  controller: ControllerName | null,
  watch: (cast: Cast<AnyWorld>) => Promise<T>,
): Promise<T> {
  if (controller !== null) {
    await chooseDevice(subject.config.device);
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
