/** Episodes as pictures: a still of how everything went, and an animation that any browser plays (SMIL). */

import { signature } from "../graph/arguments.ts";
import * as kind from "../graph/kinds.ts";
import { barOf, filmOf } from "./film.ts";
import type { Footage, SpaceFootage } from "./footage.ts";
import { drawPanels, type Panels, type PictureOptions } from "./panels.ts";
import { planeAnimation, planeStill } from "./plane.ts";
import { spaceAnimation, spaceStill } from "./space.ts";

export type { Footage, PictureOptions, SpaceFootage };

const recorded = { entities: kind.listOf(kind.anything, "a list"), frames: kind.count(1), frameSeconds: kind.finite };
const drawn = {
  episodes: kind.listOf(
    kind.either(
      kind.having("an episode, as film() gives it,", { ...recorded, position: kind.anything, angle: kind.anything }),
      kind.having("one in space", { ...recorded, position: kind.anything, rotation: kind.anything, view: kind.text }),
    ),
    "a list of episodes, as film() gives it,",
  ),
  options: kind.having("{ title, subtitle }", {
    title: kind.text,
    subtitle: kind.text,
    contactForces: kind.optional(kind.boolean),
  }),
};
const takesStill = signature("drawStill()", drawn);
const takesAnimation = signature("drawAnimation()", drawn);

/**
 * A picture of each episode. In a plane: its end, with the trails of what moved and the start of each agent. In space: a strip of
 * poses from the start to the end. Throws a RangeError if there are no episodes, or if only some of them are in space.
 */
export function drawStill(episodes: readonly (Footage | SpaceFootage)[], options: PictureOptions): string {
  takesStill(arguments);
  const panels = panelsOf(episodes, planeStill, (inSpace) => spaceStill(inSpace, options));
  return drawPanels(panels, episodes.map(({ caption }) => caption), [], options);
}

/**
 * The episodes side by side, moving, again and again. Throws a RangeError if there are none, or if only some of them are in space.
 */
export function drawAnimation(episodes: readonly (Footage | SpaceFootage)[], options: PictureOptions): string {
  takesAnimation(arguments);
  const film = filmOf(Math.max(...episodes.map(({ frames }) => frames)), episodes[0]?.frameSeconds ?? 1);
  const panels = panelsOf(
    episodes,
    (inPlane) => planeAnimation(inPlane, film),
    (inSpace) => spaceAnimation(inSpace, film, options),
  );
  const bars = episodes.map(({ frames }) => barOf(film, frames, panels));
  return drawPanels(panels, episodes.map(({ caption }) => caption), bars, options);
}

function panelsOf(
  episodes: readonly (Footage | SpaceFootage)[],
  plane: (episodes: readonly Footage[]) => Panels,
  space: (episodes: readonly SpaceFootage[]) => Panels,
): Panels {
  if (episodes.length === 0) throw new RangeError("a picture of episodes needs at least one episode.");
  const inSpace = episodes.filter((episode) => "view" in episode);
  if (inSpace.length === episodes.length) return space(inSpace);
  if (inSpace.length === 0) return plane(episodes as readonly Footage[]);
  throw new RangeError("a picture of episodes is in a plane or in space: draw those in space in one of their own.");
}
