/** Bodies in space: what is in a panel, as a strip of poses and over time. */

import type { SolidRole } from "../worlds/solids.ts";
import { px } from "./entities.ts";
import { type Film, overTime, shownFrames } from "./film.ts";
import type { SpaceFootage } from "./footage.ts";
import { drawGround, drawSky, groundBelow } from "./ground.ts";
import {
  drawMoving,
  drawShown,
  linesThrough,
  pixels,
  type Place,
  type Shown,
  solidColour,
  stepwise,
} from "./outlines.ts";
import { type Panels, type PictureOptions, squares } from "./panels.ts";
import { nearness, type Outline, outlineOf, type Point, type Seen, seen } from "./projection.ts";
import { ink, quiet } from "./theme.ts";

/** Pixels around what is seen; below it are the marks of the ground. */
const edge = 26;
/** A strip: poses, and its pixels. */
const strip = { poses: 8, width: 976, least: 150, most: 420 };

/** An episode, and how it lies in a panel. */
interface Take extends SpaceFootage {
  /** The height of the ground; null where there is none. */
  readonly ground: number | null;
  /** The entity that the picture follows; -1: it stays where it is. */
  readonly followed: number;
}

/** Strips of poses, one below the other. */
export function spaceStill(episodes: readonly SpaceFootage[], options: PictureOptions): Panels {
  const takes = episodes.map(takeOf);
  const width = strip.width / strip.poses;
  const moments = takes.map(({ frames }) =>
    Array.from({ length: strip.poses }, (_, i) => Math.round(i * (frames - 1) / (strip.poses - 1)))
  );
  const box = around(takes, moments);
  const scale = (width - 12) / (box.high[0] - box.low[0]);
  const wanted = scale * (box.high[1] - box.low[1]) + 2 * edge;
  const height = Math.round(Math.min(strip.most, Math.max(strip.least, wanted)));
  const place = placeOf(box, width, height);
  const contents = takes.map((take, i) =>
    drawSky({ width: strip.width, height }) +
    moments[i]!.map((frame, pose) =>
      `<svg x="${px(pose * width)}" width="${px(width)}" height="${height}">${
        still(take, frame, place, { width, height }, options)
      }<text x="${px(width / 2)}" y="16" font-size="10" fill="${quiet}" text-anchor="middle">${
        (frame * take.frameSeconds).toFixed(2)
      } s</text></svg>`
    ).join("")
  );
  return { width: strip.width, height, columns: 1, contents };
}

/** The episodes as they went. */
export function spaceAnimation(episodes: readonly SpaceFootage[], film: Film, options: PictureOptions): Panels {
  const takes = episodes.map(takeOf);
  const layout = squares(takes.length);
  const box = around(takes, takes.map(({ frames }) => shownFrames(film, frames)));
  const place = placeOf(box, layout.width, layout.height);
  return { ...layout, contents: takes.map((take) => drawSky(layout) + moving(take, film, place, layout, options)) };
}

function takeOf(episode: SpaceFootage): Take {
  const { entities, position } = episode;
  const ground = entities.findIndex(({ role }) => role === "ground");
  // Where nothing on the ground tells that the picture moves, it stays.
  const followed = ground < 0 ? -1 : entities.findIndex(({ role }) => role === "massCentre");
  return { ...episode, ground: ground < 0 ? null : position[3 * ground + 2]!, followed };
}

function pointOf({ entities, position }: SpaceFootage, i: number, frame: number): Point {
  const at = 3 * (frame * entities.length + i);
  return [position[at]!, position[at + 1]!, position[at + 2]!];
}

/** The point on the floor that is in the middle of the picture. */
function middle(take: Take, frame: number): Point {
  if (take.followed < 0) return [0, 0, 0];
  const [x, y] = pointOf(take, take.followed, frame);
  return [x, take.view === "side" ? 0 : y, 0];
}

/** Where a point is seen in a frame, from what is in the middle. */
function seenIn(take: Take, frame: number, at: Point): Seen {
  const [x, y] = seen(take.view, middle(take, frame));
  const [atX, atY] = seen(take.view, at);
  return [atX - x, atY - y];
}

/** What has an outline in a frame, of entities with these roles. */
function shownIn(take: Take, frame: number, roles: readonly SolidRole[]): Shown[] {
  const { entities, rotation, view } = take;
  const [x, y, z] = middle(take, frame);
  return entities.flatMap((entity, i) => {
    if (!roles.includes(entity.role)) return [];
    const at = pointOf(take, i, frame);
    const from = 9 * (frame * entities.length + i);
    const near: Point = [at[0] - x, at[1] - y, at[2] - z];
    const outline = outlineOf(entity.shape, near, rotation.subarray(from, from + 9), view);
    return outline ? [{ entity, outline, nearness: nearness(view, near) }] : [];
  });
}

interface Box {
  readonly low: [x: number, y: number];
  readonly high: [x: number, y: number];
}

/** What encloses all bodies in these frames, and the ground below them. */
function around(takes: readonly Take[], frames: readonly (readonly number[])[]): Box {
  const box: Box = { low: [Infinity, Infinity], high: [-Infinity, -Infinity] };
  const enclose = ([x, y]: Seen, reach: number): void => {
    for (const [axis, value] of [x, y].entries()) {
      box.low[axis] = Math.min(box.low[axis]!, value - reach);
      box.high[axis] = Math.max(box.high[axis]!, value + reach);
    }
  };
  takes.forEach((take, i) => {
    for (const frame of new Set(frames[i])) {
      for (const { outline } of shownIn(take, frame, ["limb", "ghost"])) {
        for (const point of pointsOf(outline)) enclose(point, reachOf(outline));
      }
      if (take.ground !== null) enclose(seenIn(take, frame, groundBelow(middle(take, frame), take.ground)), 0);
    }
  });
  return box.low[0] < box.high[0] ? box : { low: [-1, -1], high: [1, 1] };
}

const pointsOf = (outline: Outline): readonly Seen[] => outline.kind === "polygon" ? outline.points : outline.ends;
const reachOf = (outline: Outline): number => outline.kind === "polygon" ? 0 : Math.max(...outline.radii);

/** A box in the middle of a panel. */
function placeOf({ low, high }: Box, width: number, height: number): Place {
  const aside = Math.min(edge, width / 20);
  const scale = Math.min((width - 2 * aside) / (high[0] - low[0]), (height - 2 * edge) / (high[1] - low[1]));
  const origin = [
    width / 2 - scale * (low[0] + high[0]) / 2,
    // What there is too much of is above.
    height - edge - Math.max(0, (height - 2 * edge - scale * (high[1] - low[1])) * 0.25) + scale * low[1],
  ] as const;
  return { scale, origin };
}

type Size = Pick<Panels, "width" | "height">;

function still(take: Take, frame: number, place: Place, size: Size, { contactForces }: PictureOptions): string {
  const { view, ground } = take;
  const centre = middle(take, frame);
  return drawGround({ view, ground, place, size, from: [centre, centre] }, shiftOf(take, frame, place), "") +
    drawShown(shownIn(take, frame, ["ghost"]), place, "ghost") +
    drawShown(shownIn(take, frame, ["wall", "limb"]), place, "limbs") +
    plumbLine(take, place, (value) => [value(frame), ""]) +
    (contactForces ? forces(take, place, (value) => [value(frame), ""]) : "");
}

function moving(take: Take, film: Film, place: Place, size: Size, { contactForces }: PictureOptions): string {
  const { view, ground, frames } = take;
  const all = shownFrames(film, frames).map((frame) => middle(take, frame));
  const corner = (of: (...values: number[]) => number): Point =>
    [0, 1, 2].map((axis) => all.reduce((least, point) => of(least, point[axis]!), all[0]![axis]!)) as unknown as Point;
  const over: OverTime = (value) => [value(0), overTime(film, frames, value)];
  const [shift, shifts] = over((frame) => shiftOf(take, frame, place));
  return drawGround({ view, ground, place, size, from: [corner(Math.min), corner(Math.max)] }, shift, shifts) +
    drawMoving((frame) => shownIn(take, frame, ["ghost"]), frames, place, film, "ghost") +
    drawMoving((frame) => shownIn(take, frame, ["wall", "limb"]), frames, place, film, "limbs") +
    plumbLine(take, place, over) + (contactForces ? forces(take, place, over) : "");
}

/** A value at first, and the attributes of its `animate`. */
type OverTime = (value: (frame: number) => string) => readonly [first: string, values: string];

/** By how much the world is moved, for what is in the middle to be there. */
function shiftOf(take: Take, frame: number, { scale }: Place): string {
  const [x, y] = seen(take.view, middle(take, frame));
  return `${px(-scale * x)} ${px(scale * y)}`;
}

/** The centre of mass, and the line from there down to the ground. */
function plumbLine(take: Take, place: Place, over: OverTime): string {
  const i = take.entities.findIndex(({ role }) => role === "massCentre");
  if (i < 0) return "";
  const at = (frame: number): Point => pointOf(take, i, frame);
  const [first, moves] = over((frame) => pixels(place, seenIn(take, frame, at(frame))).map(px).join(" "));
  const [line, lines] = take.ground === null
    ? ["", ""]
    : over((frame) =>
      linesThrough([at(frame), groundBelow(at(frame), take.ground!)].map((point) => seenIn(take, frame, point)), place)
    );
  const travel = moves && `<animateTransform attributeName="transform" type="translate" calcMode="discrete" ${moves}/>`;
  return `<g class="massCentre" stroke="${ink}">${
    line && `<path d="${line}" opacity="0.6" stroke-dasharray="3 3">${stepwise("d", lines)}</path>`
  }<g transform="translate(${first})">${travel}<circle r="5" fill="white"/>` +
    `<path d="M0 0V-5A5 5 0 0 1 5 0H-5A5 5 0 0 0 0 5z" fill="${ink}" stroke="none"/></g></g>`;
}

/** A path has to begin somewhere. */
const nothing = "M0 0";

/** Arrows of all forces, in one path. */
function forces(take: Take, place: Place, over: OverTime): string {
  const arrows = take.entities.flatMap(({ role, shape }, i) =>
    role === "force" && shape.kind === "arrow" ? [{ i, metres: shape.scale }] : []
  );
  const [first, values] = over((frame) =>
    arrows.map(({ i, metres }) => {
      const from = pointOf(take, i, frame);
      const column = 9 * (frame * take.entities.length + i);
      const to = from.map((x, axis) => x + metres * take.rotation[column + 3 * axis]!) as unknown as Point;
      return arrow(seenIn(take, frame, from), seenIn(take, frame, to), place);
    }).join("") || nothing
  );
  if (first === nothing && values === "") return "";
  const colour = solidColour({ role: "force", shape: { kind: "arrow", scale: 1 } });
  return `<path class="forces" d="${first}" fill="none" stroke="${colour}" stroke-width="2.5" stroke-linecap="round">${
    stepwise("d", values)
  }</path>`;
}

/** An arrow; nothing where it would be a dot. */
function arrow(from: Seen, to: Seen, place: Place): string {
  const [x, y] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(x, y);
  if (!(length * place.scale > 2)) return "";
  const head = Math.min(0.35, 8 / (length * place.scale));
  const side = (sign: 1 | -1): Seen => [to[0] - head * (x + sign * 0.6 * y), to[1] - head * (y - sign * 0.6 * x)];
  return linesThrough([from, to], place) + linesThrough([side(1), to, side(-1)], place);
}
