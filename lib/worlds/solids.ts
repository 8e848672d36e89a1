/** What bodies in space look like: their shapes, what these are to a person who looks, and from where they are seen. */

import type { Sphere } from "./particle/body.ts";

/** A cylinder with a half of a sphere on either end, along its own z axis. */
export interface Capsule {
  /** Tells shapes apart. */
  readonly kind: "capsule";
  /** Metres, above 0. */
  readonly radius: number;
  /** Between the centres of the spheres, metres. */
  readonly length: number;
}

/** A cylinder along its own z axis. */
export interface Cylinder {
  /** Tells shapes apart. */
  readonly kind: "cylinder";
  /** Metres, above 0. */
  readonly radius: number;
  /** Metres. */
  readonly length: number;
}

/** An ellipsoid. */
export interface Ellipsoid {
  /** Tells shapes apart. */
  readonly kind: "ellipsoid";
  /** Along its own axes, metres. */
  readonly radii: readonly [x: number, y: number, z: number];
}

/** A box. */
export interface Cuboid {
  /** Tells shapes apart. */
  readonly kind: "cuboid";
  /** From side to side along its own axes, metres. */
  readonly size: readonly [x: number, y: number, z: number];
}

/** The plane of its own x and y axes, without an end. */
export interface Plane {
  /** Tells shapes apart. */
  readonly kind: "plane";
}

/** An arrow from its place, as long as the first column of its rotation. */
export interface Arrow {
  /** Tells shapes apart. */
  readonly kind: "arrow";
  /** Metres that it is drawn long for each unit of that column. */
  readonly scale: number;
}

/** A shape in space, about its own centre. */
export type Solid = Sphere | Capsule | Cylinder | Ellipsoid | Cuboid | Plane | Arrow;

/**
 * What a solid is to who looks: a part of a body, what is in the way, a part of what is to be followed (drawn pale), the ground,
 * whose marks show that a body moves, the centre of mass, which the picture follows where there is ground, or a contact force.
 */
export type SolidRole = "limb" | "wall" | "ghost" | "ground" | "massCentre" | "force";

/** Something in space to be drawn. */
export interface SolidEntity {
  /** What it is; it decides how it is drawn. */
  readonly role: SolidRole;
  /** Its shape. */
  readonly shape: Solid;
  /** `#rrggbb`; that of the role if not given. */
  readonly colour?: string;
}

/**
 * From where bodies in space are seen, without perspective: `side` has x to the right and z up; `oblique` looks from the right
 * in front and above of what goes along x.
 */
export type SceneView = "side" | "oblique";

/** Numbers that say where a solid is: x, y and z of its centre in metres, and its rotation, [3, 3] row by row. */
export const solidNumbers = 12;
