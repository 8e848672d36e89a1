/** Episodes as they were seen: what pictures are made of. */

import type { Entity } from "../worlds/scene.ts";
import type { SceneView, SolidEntity } from "../worlds/solids.ts";

/** One episode as it was seen from above. */
export interface Footage {
  /** States, one more than there are steps: the first is the start, the last the end. */
  readonly frames: number;
  /** From one frame to the next. */
  readonly frameSeconds: number;
  /** What became of it, in a line. */
  readonly caption: string;
  /** What is seen, in the order of `position` and `angle`. */
  readonly entities: readonly Entity[];
  /** [frame, entity, 2], metres. */
  readonly position: Float32Array;
  /** [frame, entity], radians. */
  readonly angle: Float32Array;
  /** What agents sense; null where they do not. `nearness` is [frame, agent, ray], metres: range less distance. */
  readonly lidar: { readonly range: number; readonly rays: number; readonly nearness: Float32Array } | null;
  /** How much agents count on one another, in [0, 1]: [frame, agent, other]; not there where they do not. */
  readonly links?: Float32Array;
  /** How far off what is to be done it was, if the world tells. `values` is [frame, error]; names have units. */
  readonly errors?: { readonly names: readonly string[]; readonly values: Float32Array };
}

/** One episode of bodies in space. */
export interface SpaceFootage {
  /** States, one more than there are steps: the first is the start, the last the end. */
  readonly frames: number;
  /** From one frame to the next. */
  readonly frameSeconds: number;
  /** What became of it, in a line. */
  readonly caption: string;
  /** What is seen, in the order of `position` and `rotation`. */
  readonly entities: readonly SolidEntity[];
  /** [frame, entity, 3], metres. */
  readonly position: Float32Array;
  /** [frame, entity, 3, 3], from what is a solid's own to what is the world's. */
  readonly rotation: Float32Array;
  /** From where they are seen. */
  readonly view: SceneView;
}
