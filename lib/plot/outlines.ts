/** Outlines of solids as SVG: all of a body at one moment, from the far to the near, and over time. */

import type { SolidEntity, SolidRole } from "../worlds/solids.ts";
import { px, wallColour } from "./entities.ts";
import { type Film, overTime, shownFrames } from "./film.ts";
import type { Outline, Seen } from "./projection.ts";
import { palette } from "./theme.ts";

/** An entity at one moment. */
export interface Shown {
  readonly entity: SolidEntity;
  readonly outline: Outline;
  /** What has more hides what has less. */
  readonly nearness: number;
}

/** Where a point of the picture is in a panel, pixels. */
export interface Place {
  /** Pixels a metre. */
  readonly scale: number;
  /** The pixels of (0, 0). */
  readonly origin: Seen;
}

/** The pixels of a point. */
export function pixels({ scale, origin }: Place, [x, y]: Seen): [x: number, y: number] {
  return [origin[0] + scale * x, origin[1] - scale * y];
}

const pale = "#cfd6dd";
/** Colours of what has none of its own. */
const colours: Readonly<Record<SolidRole, string>> = {
  ...{ limb: palette[0], wall: wallColour, ghost: pale, ground: wallColour, massCentre: palette[6], force: palette[3] },
};

/** The colour of an entity. */
export function solidColour({ role, colour }: SolidEntity): string {
  return colour ?? colours[role];
}

/** What all outlines of a group have. */
const edges = 'stroke="white" stroke-width="1.2" stroke-linejoin="round"';

/** Everything at one moment, the far first. */
export function drawShown(shown: readonly Shown[], place: Place, name: string): string {
  const paths = farFirst(shown).map(({ entity, outline }) =>
    `<path d="${pathOf(outline, place)}" fill="${solidColour(entity)}"/>`
  );
  return group(name, paths);
}

/**
 * The same over time. A path is not one entity but what is farthest, second farthest and so on: so the near hides the far at
 * every moment, though SVG draws paths in one order for ever.
 */
export function drawMoving(
  at: (frame: number) => readonly Shown[],
  frames: number,
  place: Place,
  film: Film,
  name: string,
): string {
  const ordered = new Map(shownFrames(film, frames).map((frame) => [frame, farFirst(at(frame))]));
  const paths = ordered.get(0)!.map((first, depth) => {
    const path = overTime(film, frames, (frame) => pathOf(ordered.get(frame)![depth]!.outline, place));
    const fill = overTime(film, frames, (frame) => solidColour(ordered.get(frame)![depth]!.entity));
    return `<path d="${pathOf(first.outline, place)}" fill="${solidColour(first.entity)}">${stepwise("d", path)}${
      stepwise("fill", fill)
    }</path>`;
  });
  return group(name, paths);
}

function group(name: string, paths: readonly string[]): string {
  return paths.length === 0 ? "" : `<g class="${name}" ${edges}>${paths.join("")}</g>`;
}

/** Jumps from value to value: what is drawn in one moment may be of another form in the next. Nothing for what stays. */
export function stepwise(attribute: string, values: string): string {
  return values && `<animate attributeName="${attribute}" calcMode="discrete" ${values}/>`;
}

function farFirst(shown: readonly Shown[]): Shown[] {
  return [...shown].sort((a, b) => a.nearness - b.nearness);
}

/** A path of lines that says where it goes from where it is, which takes fewer letters. */
export function linesThrough(points: readonly Seen[], place: Place): string {
  let [atX, atY] = [0, 0];
  return points.map((point, i) => {
    const [x, y] = pixels(place, point).map((value) => Math.round(10 * value)) as [number, number];
    const [dx, dy] = [x - atX, y - atY];
    [atX, atY] = [x, y];
    return `${i === 0 ? "M" : "l"}${pair(dx / 10, dy / 10)}`;
  }).join("");
}

/** The path of an outline. */
function pathOf(outline: Outline, place: Place): string {
  if (outline.kind === "polygon") return `${linesThrough(outline.points, place)}z`;
  const { ends: [from, to], radii: [along, across], turn } = outline;
  const aside = [-across * Math.sin(turn), across * Math.cos(turn)] as const;
  const corner = ([x, y]: Seen, sign: 1 | -1): Seen => [x + sign * aside[0], y + sign * aside[1]];
  const corners = [corner(from, 1), corner(to, 1), corner(to, -1), corner(from, -1)];
  const [start, there, , back] = linesThrough(corners, place).split("l");
  const [dx, dy] = [2 * place.scale * aside[0], 2 * place.scale * aside[1]];
  const round = along === across ? 0 : -turn * 180 / Math.PI;
  const arc = (sign: 1 | -1): string =>
    `a${pair(place.scale * along, place.scale * across)} ${px(round)} 0 1 ${pair(-sign * dx, sign * dy)}`;
  return from === to || there === "0 0"
    ? `${start}${arc(1)}${arc(-1)}z`
    : `${start}l${there}${arc(1)}l${back}${arc(-1)}z`;
}

/** Two numbers; a minus keeps them apart as well as a space. */
function pair(x: number, y: number): string {
  const [first, second] = [px(x), px(y)];
  return second.startsWith("-") ? `${first}${second}` : `${first} ${second}`;
}
