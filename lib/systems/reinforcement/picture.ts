/** Episodes as pictures that move, and as stills. */

import { drawAnimation, drawStill, type Footage, type PictureOptions } from "../../plot/episode.ts";
import { type ControllerName, controllerOf } from "../../worlds/controllers.ts";
import { chooseDevice } from "../device.ts";
import { scenarioTitle } from "../module_path.ts";
import { integer, type NumberOption } from "../option.ts";
import type { Config } from "../settings.ts";
import { type Look, look, type Pictures, type Subject } from "../system.ts";
import { counted } from "../text.ts";
import type { Agent, AnyWorld } from "./algorithm.ts";
import { controllerOption, orController } from "./evaluation.ts";
import { type Cast, film } from "./footage.ts";

const options = {
  episodes: integer(1, 16, 1, "episodes, side by side") as NumberOption<number>,
  controller: controllerOption,
  seed: integer(0, 2 ** 32 - 1, 0, "other starts") as NumberOption<number>,
};

/** `deno task render` in the worlds that `worldOf` makes, as controllers know them. */
export function pictureOf(worldOf: (config: Config) => AnyWorld): Look<Pictures> {
  return look({
    options,
    notes: [
      "Shown are agents (discs), their goals (rings with a cross), what is moved, walls, joints, lidar rays (strong where",
      "they hit) and the ways behind; in the still also where agents began (outlines). The grid is of half a metre.",
    ],
    async run(subject, { episodes: count, seed, controller }) {
      const [episodes, subtitle] = controller === null
        ? await filmPolicy(subject, count, seed)
        : await filmController(worldOf(subject.config), controller, subject, count, seed);
      const { agents } = worldOf(subject.config);
      const said: PictureOptions = {
        title: `${scenarioTitle(subject.config.scenarioName)}, ${counted(agents, "agent")}`,
        subtitle,
      };
      return {
        svg: { "": drawAnimation(episodes, said), "-still": drawStill(episodes, said) },
        lines: episodes.map(({ caption }, i) => `episode ${i + 1}: ${caption}`),
      };
    },
  });
}

async function filmPolicy(subject: Subject, count: number, seed: number): Promise<[Footage[], string]> {
  const trainer = await subject.trainer(orController) as Agent;
  try {
    const { environment, policy } = trainer;
    const cast: Cast<AnyWorld> = { environment, controller: policy, state: [policy] };
    const subtitle = `${subject.config.algorithm} after iteration ${subject.iteration}, deterministic policy`;
    return [await film(cast, count, seed), subtitle];
  } finally {
    trainer.dispose();
  }
}

async function filmController(
  environment: AnyWorld,
  controller: ControllerName,
  { config }: Subject,
  count: number,
  seed: number,
): Promise<[Footage[], string]> {
  await chooseDevice(config.device);
  const cast: Cast<AnyWorld> = { environment, controller: controllerOf(environment, controller), state: [] };
  return [await film(cast, count, seed), `the ${controller} controller`];
}
