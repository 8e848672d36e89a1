/** Episodes as pictures that move, and as stills. */

import { drawAnimation, drawStill, type PictureOptions } from "../../plot/episode.ts";
import { scenarioTitle } from "../module_path.ts";
import { flag, integer, type ValuesOf } from "../option.ts";
import { type Look, look, type Pictures } from "../system.ts";
import { counted } from "../text.ts";
import { UsageError } from "../usage.ts";
import { chartOf, drawn, errorsOf, gradientsOf } from "./charts.ts";
import { film } from "./footage.ts";
import type { Players } from "./players.ts";

const options = {
  episodes: integer(1, 16, 1, "episodes, side by side"),
  seed: integer(0, 2 ** 32 - 1, 0, "other starts"),
  contactForces: flag("MuJoCo: show the forces of contacts; half a metre is the weight of the body"),
};

/** `deno task render` of who plays in a world. */
export function pictureOf(players: Players): Look<Pictures> {
  return look({
    options: { ...options, ...players.options },
    notes: [
      "Shown are agents (discs), their goals (rings with a cross), what is moved, walls, joints, lidar rays (strong where",
      "they hit) and the ways behind; in the still also where agents began (outlines). The grid is of half a metre,",
      "or of as many as are to be told apart. Where agents trust one another each draws half of the way to whom it trusts, the",
      "stronger the more.",
      "Bodies in space: what moves, its centre of mass and the line from there to the ground, whose marks are in metres. The",
      "picture follows the centre of mass; the still is a strip of poses.",
      "A world that tells how far off one is has its errors over time in PATH-errors.svg. What learns by the gradient of a",
      "world has in PATH-gradient.svg the norm of the gradient of its mean reward by the actions of each step.",
    ],
    async run(subject, values) {
      const { episodes: count, seed, contactForces } = values as ValuesOf<typeof options>;
      const controller = players.named(values);
      const { episodes, gradients, agents } = await players.play(subject, values, async (cast) => ({
        episodes: await film(cast, count, seed),
        gradients: await gradientsOf(cast, subject.config, seed),
        agents: cast.environment.agents,
      }));
      if (contactForces && !episodes.some(({ entities }) => entities.some(({ role }) => role === "force"))) {
        throw new UsageError(
          `${subject.config.scenarioName} has no contact forces to show: leave --contact-forces out.`,
        );
      }
      const subtitle = controller === null
        ? `${subject.config.algorithm} after iteration ${subject.iteration}, deterministic policy`
        : `the ${controller} controller`;
      const said: PictureOptions = {
        title: `${scenarioTitle(subject.config.scenarioName)}, ${counted(agents, "agent")}`,
        subtitle,
        contactForces,
      };
      return {
        svg: {
          ...{ "": drawAnimation(episodes, said), "-still": drawStill(episodes, said) },
          ...await drawn({ "-errors": errorsOf(episodes, said), "-gradient": chartOf(gradients, said) }),
        },
        lines: [
          ...episodes.map(({ caption }, i) => `episode ${i + 1}: ${caption}`),
          ...gradients.map(String),
        ],
      };
    },
  });
}
