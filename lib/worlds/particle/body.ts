/** What a particle world is made of: bodies, each with a shape, a mass and the freedom to move or not. */

/** A disc. */
export interface Sphere {
  readonly kind: "sphere";
  /** Metres, above 0. */
  readonly radius: number;
}

/** The outline of a body. */
export type Shape = Sphere;

/** A body. Its position and velocity are part of the state, not of it. */
export interface Body {
  readonly shape: Shape;
  /** Kilograms, above 0; 1 if not given. */
  readonly mass?: number;
  /** Whether forces move it; true if not given. */
  readonly movable?: boolean;
  /** Whether it is in contact with other bodies that collide; true if not given. */
  readonly collides?: boolean;
}

/** The pairs of bodies, by index and the smaller one first, that may touch: both collide and one of them moves. */
export function collidingPairs(bodies: readonly Body[]): [number, number][] {
  const collides = (i: number): boolean => bodies[i]!.collides ?? true;
  const moves = (i: number): boolean => bodies[i]!.movable ?? true;
  return bodies.flatMap((_, a) =>
    bodies.flatMap((_, b): [number, number][] =>
      a < b && collides(a) && collides(b) && (moves(a) || moves(b)) ? [[a, b]] : []
    )
  );
}
