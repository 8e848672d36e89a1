/** What is seen of a simulation in MuJoCo: its body, the centre of mass, contact forces, and a pose that is to be followed. */

import type { SpaceScene } from "../host/world.ts";
import { type SolidEntity, solidNumbers } from "../solids.ts";
import { Figure } from "./figure.ts";
import type { Physics } from "./physics.ts";

/** Positions of the joints in which the body is to be drawn pale, as `qpos` has them. */
export type GhostOf = (physics: Physics) => ArrayLike<number>;

/** A force as large as the weight is drawn so long, metres. */
const lengthOfWeight = 0.5;

const massCentre: SolidEntity = { role: "massCentre", shape: { kind: "sphere", radius: 0.03 } };

/** One simulation that is filmed: all of it, then what its limbs follow, the centre of mass, and a force for each limb. */
export class Film {
  readonly scene: SpaceScene;
  readonly #physics: Physics;
  readonly #figure: Figure;
  readonly #ghost: GhostOf | null;
  /** The entities of the figure that are parts of bodies which move. */
  readonly #limbs: readonly number[];
  readonly #places: Float64Array;

  constructor(physics: Physics, ghost: GhostOf | null) {
    this.#physics = physics;
    this.#ghost = ghost;
    const figure = this.#figure = new Figure(physics.model);
    const limbs = this.#limbs = figure.limbs();
    const weight = physics.weight();
    const force: SolidEntity = {
      role: "force",
      shape: { kind: "arrow", scale: weight > 0 ? lengthOfWeight / weight : 0 },
    };
    const entities: SolidEntity[] = [
      ...figure.entities,
      ...ghost ? limbs.map((i): SolidEntity => ({ role: "ghost", shape: figure.entities[i]!.shape })) : [],
      massCentre,
      ...limbs.map(() => force),
    ];
    this.scene = { entities, frameSeconds: physics.timestep * physics.frameSkip, view: figure.view };
    this.#places = new Float64Array(entities.length * solidNumbers);
  }

  /** Where everything is, see {@linkcode Simulation.place}. */
  place(): Float64Array {
    const [figure, places] = [this.#figure, this.#places];
    places.fill(0);
    figure.pose(this.#physics.qpos);
    let at = figure.place(figure.entities.keys(), places, 0);
    const centre = Float64Array.from(figure.massCentre());
    if (this.#ghost) {
      figure.pose(this.#ghost(this.#physics));
      at = figure.place(this.#limbs, places, at);
    }
    places.set(centre, at);
    this.#placeForces(at + solidNumbers);
    return places;
  }

  /** Frees the memory. */
  dispose(): void {
    this.#figure.dispose();
  }

  /** On each limb the sum of its forces, where they are in the mean. */
  #placeForces(at: number): void {
    const [limbs, figure, places] = [this.#limbs, this.#figure, this.#places];
    const sizes = new Float64Array(limbs.length);
    for (const { geoms, at: point, force } of this.#physics.contacts()) {
      const size = Math.hypot(...force);
      for (const [side, sign] of [[0, -1], [1, 1]] as const) {
        const limb = limbs.indexOf(figure.entityOf(geoms[side]));
        if (limb < 0 || size === 0) continue;
        const to = at + limb * solidNumbers;
        sizes[limb]! += size;
        for (let axis = 0; axis < 3; axis++) {
          places[to + axis]! += (point[axis]! - places[to + axis]!) * size / sizes[limb]!;
          places[to + 3 + 3 * axis]! += sign * force[axis]!;
        }
      }
    }
  }
}
