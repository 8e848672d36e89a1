/** What a particle world is made of: bodies, each with a shape, a mass and the freedom to move and turn or not. */

/** A disc. */
export interface Sphere {
  /** Tells shapes apart. */
  readonly kind: "sphere";
  /** Metres, above 0. */
  readonly radius: number;
}

/** A straight piece of wire, along the x axis of the body. */
export interface Line {
  /** Tells shapes apart. */
  readonly kind: "line";
  /** Metres, above 0. */
  readonly length: number;
}

/** The four sides of a rectangle. Its inside is empty: discs touch the sides from there, too. */
export interface HollowBox {
  /** Tells shapes apart. */
  readonly kind: "hollowBox";
  /** Along the x axis of the body, in metres, above 0. */
  readonly length: number;
  /** Along the y axis of the body, in metres, above 0. */
  readonly width: number;
}

/** A rectangle that is full inside: whatever gets there is pushed out. */
export interface Box {
  /** Tells shapes apart. */
  readonly kind: "box";
  /** Along the x axis of the body, in metres, above 0. */
  readonly length: number;
  /** Along the y axis of the body, in metres, above 0. */
  readonly width: number;
}

/** A shape made of straight sides. */
export type Outline = Line | HollowBox | Box;

/** The outline of a body. */
export type Shape = Sphere | Outline;

/** A body. Its position and velocity are part of the state, not of it. */
export interface Body {
  /** Its outline, around its centre. */
  readonly shape: Shape;
  /** Kilograms, above 0; 1 if not given. */
  readonly mass?: number;
  /** Whether forces move it; true if not given. */
  readonly movable?: boolean;
  /** Whether torques turn it; false if not given. Contacts do not turn discs: they push through the centre. */
  readonly rotatable?: boolean;
  /** Not faster than this, in metres a second; without a limit if not given. */
  readonly maxSpeed?: number | null;
  /** Not faster than this along x, nor along y, in metres a second; without a limit if not given. */
  readonly speedRange?: number | null;
  /** The longest that the force of a step may be, in newtons; without a limit if not given. */
  readonly maxForce?: number | null;
  /** The most that the force of a step may be along x, and along y, in newtons; without a limit if not given. */
  readonly forceRange?: number | null;
  /** The most that the torque of a step may be, in newton metres; without a limit if not given. */
  readonly maxTorque?: number | null;
  /** The share of its velocity and spin that is lost in a step; the world's if not given. */
  readonly drag?: number;
  /** Whether it is in contact with other bodies that collide; true if not given. */
  readonly collides?: boolean;
}

/** A shape that stands where it is: no part of the motion. */
export interface Fixture {
  /** Its outline, around its centre. */
  readonly shape: Shape;
  /** Of the centre, metres. */
  readonly at: readonly [x: number, y: number];
  /** Radians. */
  readonly angle: number;
}

/** Whether a shape is full inside. */
export function isSolid(shape: Shape): boolean {
  return shape.kind === "box";
}

/** Half of an outline's extent along its own axes. */
export function halfExtent(shape: Outline): [x: number, y: number] {
  return [shape.length / 2, shape.kind === "line" ? 0 : shape.width / 2];
}

/** The radius of the circle around a shape. */
export function circumscribedRadius(shape: Shape): number {
  return shape.kind === "sphere" ? shape.radius : Math.hypot(...halfExtent(shape));
}

/** The moment of inertia about the centre, in kg m^2. */
export function momentOfInertia({ shape, mass = 1 }: Body): number {
  if (shape.kind === "sphere") return mass * shape.radius ** 2 / 2;
  const [x, y] = halfExtent(shape);
  return mass * (x ** 2 + y ** 2) / 3;
}

/** The pairs of bodies, by index and the smaller one first, that may touch: both collide and one of them moves. */
export function collidingPairs(bodies: readonly Body[]): [number, number][] {
  const collides = (i: number): boolean => bodies[i]!.collides ?? true;
  const moves = (i: number): boolean => (bodies[i]!.movable ?? true) || (bodies[i]!.rotatable ?? false);
  return bodies.flatMap((_, a) =>
    bodies.flatMap((_, b): [number, number][] =>
      a < b && collides(a) && collides(b) && (moves(a) || moves(b)) ? [[a, b]] : []
    )
  );
}
