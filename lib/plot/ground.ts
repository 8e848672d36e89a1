/** The ground below bodies in space, with marks that show how they move on it. */

import type { SceneView } from "../worlds/solids.ts";
import { px } from "./entities.ts";
import { linesThrough, pixels, type Place } from "./outlines.ts";
import { onGround, type Point, type Seen, seen } from "./projection.ts";
import { faint, quiet } from "./theme.ts";

/** Pixels between two marks, at least. */
const apart = 44;

/** Pixels from a label's middle to an edge of the picture that does not cut it. */
const labelEdge = 8;
/** Pixels from what is in the middle down to the metres on a grid. */
const inFront = 16;

/** A piece of ground. */
export interface Ground {
  readonly view: SceneView;
  /** Its height, metres; null where there is none. */
  readonly ground: number | null;
  readonly place: Place;
  readonly size: { readonly width: number; readonly height: number };
  /** The corners of where the middle of the picture comes to. */
  readonly from: readonly [low: Point, high: Point];
}

/** The point of the ground below another. */
export function groundBelow([x, y]: Point, height: number): Point {
  return [x, y, height];
}

/** What is behind everything. */
export function drawSky({ width, height }: Ground["size"]): string {
  return `<rect width="${width}" height="${height}" rx="8" fill="#f7f9fb"/>`;
}

/** Ground and marks; `shift` and `shifts` say how it moves below the middle of the picture, at first and over time. */
export function drawGround(piece: Ground, shift: string, shifts: string): string {
  const { view, ground, place, size } = piece;
  if (ground === null) return "";
  const travel = shifts &&
    `<animateTransform attributeName="transform" type="translate" calcMode="discrete" ${shifts}/>`;
  const marks = view === "side" ? lineMarks(piece, ground) : gridMarks(piece, ground);
  const [, y] = pixels(place, [0, ground]);
  const earth = view === "side"
    ? `<path d="M0 ${px(y)}H${px(size.width)}V${size.height}H0z" fill="${faint}"/>` +
      `<path d="M0 ${px(y)}H${px(size.width)}" stroke="${quiet}"/>`
    : "";
  return `<g class="ground">${earth}<g transform="translate(${shift})">${travel}${marks}</g></g>`;
}

/** From the side: ticks below the line, with their metres. */
function lineMarks(piece: Ground, ground: number): string {
  const { place, size, from: [low, high] } = piece;
  const step = stepOf(place.scale);
  const room = size.width / place.scale;
  const [, y] = pixels(place, [0, ground]);
  const places = multiples(low[0] - room, high[0] + room, step);
  const ticks = places.map((x) => `M${px(pixels(place, [x, 0])[0])} ${px(y)}v5`).join("");
  return `<path d="${ticks}" stroke="${quiet}"/>` + labels(places.map((x) => [x, [x, ground]]), piece, [0, 16]);
}

/** From above: a grid, with metres where y is that of the start. */
function gridMarks(piece: Ground, ground: number): string {
  const { view, place, size, from: [low, high] } = piece;
  const step = stepOf(place.scale);
  const corners = [0, size.width].flatMap((x) =>
    [0, size.height].map((y) =>
      onGround(view, [(x - place.origin[0]) / place.scale, (place.origin[1] - y) / place.scale], ground)
    )
  );
  const [xs, ys] = [0, 1].map((axis) => {
    const of = corners.map((corner) => corner[axis]!);
    return multiples(low[axis]! + Math.min(...of) - step, high[axis]! + Math.max(...of) + step, step);
  }) as [number[], number[]];
  const line = (a: Point, b: Point): string => linesThrough([seen(view, a), seen(view, b)], place);
  const grid = [
    ...xs.map((x) => line([x, ys[0]!, ground], [x, ys.at(-1)!, ground])),
    ...ys.map((y) => line([xs[0]!, y, ground], [xs.at(-1)!, y, ground])),
  ];
  // In front of the body, beside the lowest that is to be seen.
  const row = (low[1] + high[1]) / 2 + onGround(view, [0, -inFront / place.scale], 0)[1];
  return `<path d="${grid.join("")}" stroke="#dbe1e7"/>` +
    labels(xs.map((x) => [x, seen(view, [x, row, ground])]), piece, [0, 4]);
}

/** Metres beside marks: all that are whole in the picture at some time. */
function labels(
  marks: readonly (readonly [metres: number, at: Seen])[],
  { view, place, size, from: [low, high] }: Ground,
  [right, below]: Seen,
): string {
  const middles = [low, high].flatMap(([x]) => [low, high].map(([, y]) => seen(view, [x, y, 0])));
  const comesInto = (at: number, axis: 0 | 1, length: number): boolean => {
    const sign = axis === 0 ? -1 : 1;
    const all = middles.map((middle) => at + sign * place.scale * middle[axis]);
    return Math.max(...all) > labelEdge && Math.min(...all) < length - labelEdge;
  };
  const texts = marks.map(([metres, at]) => {
    const [x, y] = pixels(place, at);
    if (!comesInto(x + right, 0, size.width) || !comesInto(y + below, 1, size.height)) return "";
    return `<text x="${px(x + right)}" y="${px(y + below)}">${Number(metres.toFixed(2))}</text>`;
  });
  return `<g font-size="10" fill="${quiet}" text-anchor="middle">${texts.join("")}</g>`;
}

/** The distance of marks, metres: 1, 2 or 5 and zeros. */
function stepOf(scale: number): number {
  const least = apart / scale;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].find((x) => x * power >= least)! * power;
}

/** All multiples of `step` in a range. */
function multiples(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(1, Math.floor(high / step) - first + 1) }, (_, i) => (first + i) * step);
}
