/** Episodes as pictures that move, and as stills. */

import { drawAnimation, drawStill, type PictureOptions } from "../../plot/episode.ts";
import { scenarioTitle } from "../module_path.ts";
import { integer } from "../option.ts";
import type { Config } from "../settings.ts";
import { type Look, look, type Pictures } from "../system.ts";
import { counted } from "../text.ts";
import type { AnyWorld } from "./algorithm.ts";
import { film } from "./footage.ts";
import { controllerOption, withPlayer } from "./players.ts";

const options = {
  episodes: integer(1, 16, 1, "episodes, side by side"),
  controller: controllerOption,
  seed: integer(0, 2 ** 32 - 1, 0, "other starts"),
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
      const episodes = await withPlayer(subject, worldOf, controller, (cast) => film(cast, count, seed));
      const subtitle = controller === null
        ? `${subject.config.algorithm} after iteration ${subject.iteration}, deterministic policy`
        : `the ${controller} controller`;
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
