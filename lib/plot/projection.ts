/** Bodies in space as they are seen from afar: in parallel projection, without perspective. Metres, x to the right and y up. */

import type { SceneView, Solid } from "../worlds/solids.ts";

/** A point in space. */
export type Point = readonly [x: number, y: number, z: number];
/** A point of the picture. */
export type Seen = readonly [x: number, y: number];

/** The directions of a view: what is right, what is up, and where the eye is. */
interface Directions {
  readonly right: Point;
  readonly up: Point;
  readonly eye: Point;
}

/** From a direction in the ground, counter-clockwise from x, and a height over it, both in degrees. */
function from(around: number, above: number): Directions {
  const [a, h] = [around * Math.PI / 180, above * Math.PI / 180];
  return {
    right: [-Math.sin(a), Math.cos(a), 0],
    up: [-Math.sin(h) * Math.cos(a), -Math.sin(h) * Math.sin(a), Math.cos(h)],
    eye: [Math.cos(h) * Math.cos(a), Math.cos(h) * Math.sin(a), Math.sin(h)],
  };
}

const views: Readonly<Record<SceneView, Directions>> = {
  side: { right: [1, 0, 0], up: [0, 0, 1], eye: [0, -1, 0] },
  oblique: from(-60, 20),
};

const dot = (a: Point, b: Point): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** Where a point is seen. */
export function seen(view: SceneView, at: Point): [x: number, y: number] {
  const { right, up } = views[view];
  return [dot(at, right), dot(at, up)];
}

/** How near a point is to who looks: what has more of it hides what has less. */
export function nearness(view: SceneView, at: Point): number {
  return dot(at, views[view].eye);
}

/** The point of the level ground at a height that is seen there; for views that look down on it. */
export function onGround(view: SceneView, [x, y]: Seen, height: number): Point {
  const { right, up } = views[view];
  // Away from the eye the ground rises in the picture, the less the lower the eye.
  const away = (y - height * up[2]) / (up[0] ** 2 + up[1] ** 2);
  return [x * right[0] + away * up[0], x * right[1] + away * up[1], height];
}

/** What is seen of a solid: all that is between two equal ellipses, or a polygon. */
export type Outline =
  | {
    readonly kind: "round";
    /** The centres of the ellipses; the same twice for one. */
    readonly ends: readonly [Seen, Seen];
    /** Half the axes of each. */
    readonly radii: Seen;
    /** The angle of the first axis, radians counter-clockwise; where there are two ellipses it goes from one to the other. */
    readonly turn: number;
  }
  | { readonly kind: "polygon"; readonly points: readonly Seen[] };

/** The outline of a solid whose centre is at `at`; `rotation` is [3, 3], row by row. Null for what has none. */
export function outlineOf(shape: Solid, at: Point, rotation: ArrayLike<number>, view: SceneView): Outline | null {
  /** Where a point of the solid's own is seen. */
  const own = (x: number, y: number, z: number): [x: number, y: number] =>
    seen(view, [0, 1, 2].map((i) => at[i]! + turned(rotation, i, x, y, z)) as unknown as Point);
  switch (shape.kind) {
    case "sphere":
      return { kind: "round", ends: [own(0, 0, 0), own(0, 0, 0)], radii: [shape.radius, shape.radius], turn: 0 };
    case "capsule":
    case "cylinder": {
      const ends = [own(0, 0, -shape.length / 2), own(0, 0, shape.length / 2)] as const;
      const axis = [0, 1, 2].map((i) => turned(rotation, i, 0, 0, 1)) as unknown as Point;
      // The end of a cylinder is a disc, which is seen at a slant.
      const slant = shape.kind === "cylinder" ? Math.abs(nearness(view, axis)) : 1;
      const [x, y] = seen(view, axis);
      return { kind: "round", ends, radii: [shape.radius * slant, shape.radius], turn: Math.atan2(y, x) };
    }
    case "ellipsoid":
      return ellipse(own(0, 0, 0), axesOf(shape.radii, own));
    case "cuboid": {
      const [x, y, z] = shape.size.map((size) => size / 2) as [number, number, number];
      const signs = [-1, 1];
      const corners = signs.flatMap((i) => signs.flatMap((j) => signs.map((k) => own(i * x, j * y, k * z))));
      return { kind: "polygon", points: hull(corners) };
    }
    case "plane":
    case "arrow":
      return null;
  }
}

/** Coordinate `i` of a vector of the solid's own. */
function turned(rotation: ArrayLike<number>, i: number, x: number, y: number, z: number): number {
  return rotation[3 * i]! * x + rotation[3 * i + 1]! * y + rotation[3 * i + 2]! * z;
}

/** The half axes of an ellipsoid, as they are seen. */
function axesOf(radii: Point, own: (x: number, y: number, z: number) => Seen): Seen[] {
  const centre = own(0, 0, 0);
  const tips = [own(radii[0], 0, 0), own(0, radii[1], 0), own(0, 0, radii[2])];
  return tips.map(([x, y]) => [x - centre[0], y - centre[1]]);
}

/** The shadow of an ellipsoid is an ellipse: its matrix is the sum over the half axes of what they make with themselves. */
function ellipse(centre: Seen, axes: readonly Seen[]): Outline {
  const sum = (of: (axis: Seen) => number): number => axes.reduce((total, axis) => total + of(axis), 0);
  const [xx, xy, yy] = [sum(([x]) => x * x), sum(([x, y]) => x * y), sum(([, y]) => y * y)];
  const [mean, apart] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
  const radii = [Math.sqrt(mean + apart), Math.sqrt(Math.max(0, mean - apart))] as const;
  return { kind: "round", ends: [centre, centre], radii, turn: Math.atan2(2 * xy, xx - yy) / 2 };
}

/** The corners of the smallest convex polygon around points, counter-clockwise (Andrew 1979). */
function hull(points: readonly Seen[]): Seen[] {
  const sorted = [...points].sort(([a, c], [b, d]) => a - b || c - d);
  const half = (list: readonly Seen[]): Seen[] => {
    const corners: Seen[] = [];
    for (const point of list) {
      while (corners.length > 1 && !turnsLeft(corners.at(-2)!, corners.at(-1)!, point)) corners.pop();
      corners.push(point);
    }
    return corners.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.toReversed())];
}

function turnsLeft([ax, ay]: Seen, [bx, by]: Seen, [cx, cy]: Seen): boolean {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 1e-12;
}
