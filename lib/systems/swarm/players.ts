/** Who flies for a command that looks at flights: the policy of a run on its own fusion, or a scripted fusion straight to the goal. */

import { type FusionName, fusionNames, fusionOf } from "../../worlds/swarm/fusions.ts";
import { attackKinds, type SwarmOptions } from "../../worlds/swarm/options.ts";
import { SpoofedSwarm, swarmGreedy } from "../../worlds/swarm/swarm.ts";
import { chooseDevice } from "../device.ts";
import { choice, flag, type NumberOption, type ValuesOf } from "../option.ts";
import type { Agent } from "../reinforcement/algorithm.ts";
import type { Cast } from "../reinforcement/footage.ts";
import type { Players } from "../reinforcement/players.ts";
import { refusing } from "../reinforcement/system.ts";
import type { Config } from "../settings.ts";
import type { Subject } from "../system.ts";
import { UsageError } from "../usage.ts";

const unsaid = (kind: "integer" | "number", max: number, help: string): NumberOption<null> => ({
  ...{ kind, min: 0, max, aboveMin: false, initial: null, help },
});

/** The flags of commands that look at flights. */
const playerOptions = {
  controller: choice(fusionNames, null, "a scripted fusion that flies straight to the goal, instead of a run"),
  straight: flag("a run's fusion, flown straight to the goal instead of by its policy"),
  sees: choice(fusionNames, null, "what the policy of a run is given instead of its own fusion"),
  underAttack: choice(attackKinds, null, "how offsets grow, other than in the run"),
  underFraction: unsaid("number", 1, "the share of receivers that are spoofed, other than in the run"),
  underLiars: unsaid("integer", 64, "agents that lie, other than in the run"),
};

/** Who flies, and in which world, as the flags say. */
export type Asked = ValuesOf<typeof playerOptions>;

/** The options of the world that the flags ask for. */
function askedOptions(world: SpoofedSwarm, { underAttack, underFraction, underLiars }: Asked): SwarmOptions {
  return {
    ...world.settings,
    ...underAttack !== null && { attack: underAttack },
    ...underFraction !== null && { fraction: underFraction },
    ...underLiars !== null && { liars: underLiars },
  };
}

/** Refuses flags of a run's flights beside a controller, which has its own fusion and flies straight already. */
function checkAlone({ controller, straight, sees }: Asked): void {
  const other = straight ? "--straight" : sees === null ? null : `--sees ${sees}`;
  if (controller === null || other === null) return;
  throw new UsageError(
    `${other} is of the flights of a run, and --controller ${controller} flies without one. Give one of the two.`,
  );
}

/** Flies; `worldOf` makes the world of a configuration. */
export function swarmPlayers(worldOf: (config: Config) => SpoofedSwarm): Players {
  return {
    options: playerOptions,
    named: (values) => (values as unknown as Asked).controller,
    async play<T>(
      subject: Subject,
      values: Readonly<Record<string, unknown>>,
      watch: (cast: Cast) => Promise<T>,
    ): Promise<T> {
      const asked = values as unknown as Asked;
      checkAlone(asked);
      const options = askedOptions(worldOf(subject.config), asked);
      if (asked.controller !== null) {
        await chooseDevice(subject.config);
        return await watch(castOf(options, asked.controller));
      }
      const trainer = await subject.trainer(", or a --controller") as Agent;
      try {
        const { fusion } = trainer.environment as unknown as SpoofedSwarm;
        const { sees } = asked;
        const environment = refusing(() => new SpoofedSwarm(options, sees === null ? fusion : fusionOf(sees, options)));
        const { policy } = trainer;
        const flown = asked.straight ? { controller: swarmGreedy, state: [] } : { controller: policy, state: [policy] };
        return await watch({ environment, ...flown } as unknown as Cast);
      } finally {
        trainer.dispose();
      }
    },
  };
}

function castOf(options: SwarmOptions, name: FusionName): Cast {
  const environment = refusing(() => new SpoofedSwarm(options, fusionOf(name, options)));
  return { environment, controller: swarmGreedy, state: [] } as unknown as Cast;
}
