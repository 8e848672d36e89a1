/** Episodes as pictures: a still with the way that everything went, and an animation that any browser plays (SMIL). */

import { signature } from "../graph/arguments.ts";
import * as kind from "../graph/kinds.ts";
import { circumscribedRadius } from "../worlds/particle/body.ts";
import type { Entity } from "../worlds/scene.ts";
import { agentColour, colourOf, drawEntity, layers, px } from "./entities.ts";
import { faint, font, ink, quiet } from "./theme.ts";

/** One episode as it was seen. A frame is a state: the first is the start, the last the end. */
export interface Footage {
  /** What is seen, in the order of `position` and `angle`. */
  readonly entities: readonly Entity[];
  /** States, one more than there are steps. */
  readonly frames: number;
  /** From one frame to the next. */
  readonly frameSeconds: number;
  /** [frame, entity, 2], metres. */
  readonly position: Float32Array;
  /** [frame, entity], radians. */
  readonly angle: Float32Array;
  /** What agents sense; null where they do not. `nearness` is [frame, agent, ray], metres: range less distance. */
  readonly lidar: { readonly range: number; readonly rays: number; readonly nearness: Float32Array } | null;
  /** What became of it, in a line. */
  readonly caption: string;
}

/** What a picture says beside the episodes. */
export interface PictureOptions {
  /** The first line, plain text. */
  readonly title: string;
  /** The line below it. */
  readonly subtitle: string;
}

const header = 64;
const captionHeight = 34;
const gap = 16;
const margin = 20;
/** Metres around everything that is ever seen. */
const room = 0.12;
/** Longer episodes are shown faster. */
const longestSeconds = 15;
/** The end is held for so long before the animation begins again. */
const holdSeconds = 1.2;
/** How many pieces of its own opacity a trail is made of. */
const trailPieces = 24;

/** A square part of the plane in a square of the picture. */
interface View {
  readonly size: number;
  /** Pixels a metre. */
  readonly scale: number;
  readonly x: (metres: number) => number;
  readonly y: (metres: number) => number;
  readonly low: readonly [x: number, y: number];
  readonly high: readonly [x: number, y: number];
}

/** How panels are drawn: at one moment, or over time. */
interface Style {
  /** The part of a panel that changes in time. */
  readonly content: (episode: Footage, view: View) => string;
  /** Below the panel's lower edge. */
  readonly bar: (episode: Footage, view: View) => string;
}

const drawn = {
  episodes: kind.listOf(
    kind.having("an episode, as film() gives it,", {
      entities: kind.listOf(kind.anything, "a list"),
      frames: kind.count(1),
      frameSeconds: kind.finite,
      position: kind.anything,
      angle: kind.anything,
    }),
    "a list of episodes, as film() gives it,",
  ),
  options: kind.having("{ title, subtitle }", { title: kind.text, subtitle: kind.text }),
};
const takesStill = signature("drawStill()", drawn);
const takesAnimation = signature("drawAnimation()", drawn);

/**
 * A picture of the end of each episode, with the trails of what moved and the start of each agent. Throws a RangeError if
 * there are no episodes.
 */
export function drawStill(episodes: readonly Footage[], options: PictureOptions): string {
  takesStill(arguments);
  first(episodes);
  return drawPanels(episodes, options, {
    content: (episode, view) => {
      const last = episode.frames - 1;
      return trails(episode, view) + ghosts(episode, view) + moment(episode, view, last);
    },
    bar: () => "",
  });
}

/** The episodes side by side, moving, again and again. Throws a RangeError if there are none. */
export function drawAnimation(episodes: readonly Footage[], options: PictureOptions): string {
  takesAnimation(arguments);
  const step = Math.min(first(episodes).frameSeconds, longestSeconds / longest(episodes));
  const hold = Math.ceil(holdSeconds / step);
  const count = longest(episodes) + hold;
  const seconds = step * count;
  const timing = `dur="${seconds.toFixed(2)}s" repeatCount="indefinite"`;
  const film: Film = { count, timing };
  return drawPanels(episodes, options, {
    content: (episode, view) =>
      movingTrails(episode, view, film) + entitiesInOrder(episode).map((i) => moving(episode, view, i, film)).join(""),
    bar: (episode, view) => {
      const share = episode.frames / count;
      const width = px(view.size * episode.frames / longest(episodes));
      return `<rect y="${view.size + 4}" height="3" rx="1.5" width="0" fill="${quiet}" opacity="0.55">` +
        `<animate attributeName="width" values="0;${width};${width}" keyTimes="0;${
          share.toFixed(4)
        };1" ${timing}/></rect>`;
    },
  });
}

function first([episode]: readonly Footage[]): Footage {
  if (!episode) throw new RangeError("a picture of episodes needs at least one episode.");
  return episode;
}

function longest(episodes: readonly Footage[]): number {
  return Math.max(...episodes.map(({ frames }) => frames));
}

function panelSize(count: number): number {
  return count === 1 ? 480 : count <= 4 ? 360 : 260;
}

function drawPanels(episodes: readonly Footage[], { title, subtitle }: PictureOptions, style: Style): string {
  const size = panelSize(episodes.length);
  const columns = Math.ceil(Math.sqrt(episodes.length));
  const rows = Math.ceil(episodes.length / columns);
  const view = viewOf(episodes, size);
  const width = 2 * margin + columns * size + (columns - 1) * gap;
  const height = header + rows * (size + captionHeight) + margin / 2;
  const panels = episodes.map((episode, i) => {
    const x = margin + (i % columns) * (size + gap);
    const y = header + Math.floor(i / columns) * (size + captionHeight);
    return `<g transform="translate(${x} ${y})">` +
      `<svg width="${size}" height="${size}" viewBox="0 0 ${size} ${size}">${backdrop(view)}${
        style.content(episode, view)
      }</svg>${style.bar(episode, view)}` +
      `<text y="${size + 23}" font-size="12" fill="${quiet}">${escape(episode.caption)}</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="${font}"><title>${escape(title)}</title><rect width="100%" height="100%" fill="white"/>` +
    `<text x="${margin}" y="30" font-size="16" font-weight="600" fill="${ink}">${escape(title)}</text>` +
    `<text x="${margin}" y="50" font-size="12" fill="${quiet}">${escape(subtitle)}</text>${panels.join("")}</svg>\n`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** The square around everything that is seen in any of the episodes, the same for all panels. */
function viewOf(episodes: readonly Footage[], size: number): View {
  const low = [Infinity, Infinity] as [number, number];
  const high = [-Infinity, -Infinity] as [number, number];
  for (const { entities, position, frames } of episodes) {
    for (let i = 0; i < frames * entities.length; i++) {
      const reach = circumscribedRadius(entities[i % entities.length]!.shape);
      for (const xy of [0, 1] as const) {
        low[xy] = Math.min(low[xy], position[2 * i + xy]! - reach);
        high[xy] = Math.max(high[xy], position[2 * i + xy]! + reach);
      }
    }
  }
  const extent = Math.max(high[0] - low[0], high[1] - low[1]) + 2 * room;
  const [left, bottom] = [0, 1].map((xy) => (low[xy]! + high[xy]! - extent) / 2) as [number, number];
  const scale = size / extent;
  return {
    size,
    scale,
    x: (metres) => (metres - left) * scale,
    y: (metres) => size - (metres - bottom) * scale,
    low: [left, bottom],
    high: [left + extent, bottom + extent],
  };
}

/** The ground, with a grid of half a metre. */
function backdrop({ size, x, y, low, high }: View): string {
  const lines: string[] = [];
  for (let i = Math.ceil(low[0] * 2); i <= high[0] * 2; i++) lines.push(`M${px(x(i / 2))} 0V${size}`);
  for (let i = Math.ceil(low[1] * 2); i <= high[1] * 2; i++) lines.push(`M0 ${px(y(i / 2))}H${size}`);
  return `<rect width="${size}" height="${size}" rx="8" fill="#f7f9fb"/>` +
    `<path d="${lines.join("")}" stroke="${faint}" stroke-width="1"/>`;
}

/** Entities from the lowest layer up. */
function entitiesInOrder({ entities }: Footage): number[] {
  return layers.flatMap((role) => entities.flatMap((entity, i) => entity.role === role ? [i] : []));
}

/** The place of entity `i` among those of its role. */
function indexInRole({ entities }: Footage, i: number): number {
  return entities.slice(0, i).filter(({ role }) => role === entities[i]!.role).length;
}

/** Where entity `i` is in a frame, in pixels and degrees as SVG counts them. */
function placeAt({ entities, position, angle }: Footage, { x, y }: View, i: number, frame: number) {
  const at = frame * entities.length + i;
  return { x: x(position[2 * at]!), y: y(position[2 * at + 1]!), turn: -angle[at]! * 180 / Math.PI };
}

function draw(episode: Footage, i: number, view: View): string {
  return drawEntity(episode.entities[i]!, indexInRole(episode, i), view.scale);
}

/** Everything as it is in one frame. */
function moment(episode: Footage, view: View, frame: number): string {
  return entitiesInOrder(episode).map((i) => {
    const { x, y, turn } = placeAt(episode, view, i, frame);
    const { free, hits } = rayPaths(episode, view, i, frame) ?? {};
    const rays = free === undefined ? "" : rayPath(episode, i, free, false) + rayPath(episode, i, hits!, true);
    return `<g transform="translate(${px(x)} ${px(y)}) rotate(${px(turn)})">${rays}${draw(episode, i, view)}</g>`;
  }).join("");
}

/** The agents where they started, as outlines. */
function ghosts(episode: Footage, view: View): string {
  return episode.entities.map((entity, i) => {
    if (entity.role !== "agent" || entity.shape.kind !== "sphere") return "";
    const { x, y } = placeAt(episode, view, i, 0);
    const radius = px(Math.max(3, entity.shape.radius * view.scale));
    const colour = agentColour(indexInRole(episode, i));
    return `<circle cx="${px(x)}" cy="${px(y)}" r="${radius}" fill="none" stroke="${colour}" opacity="0.45"/>`;
  }).join("");
}

/** The ways of what moved, fainter the longer ago. */
function trails(episode: Footage, view: View): string {
  const until = episode.frames - 1;
  return travellers(episode).map((i) => {
    const pieces: string[] = [];
    for (let piece = 0; piece < trailPieces; piece++) {
      const from = Math.floor(until * piece / trailPieces);
      const to = Math.floor(until * (piece + 1) / trailPieces);
      if (to > from) {
        const opacity = (0.12 + 0.58 * piece / trailPieces).toFixed(2);
        pieces.push(`<path d="${way(episode, view, i, from, to)}" opacity="${opacity}"/>`);
      }
    }
    return `<g ${trailLook(episode, i)}>${pieces.join("")}</g>`;
  }).join("");
}

/** The same, growing. */
function movingTrails(episode: Footage, view: View, film: Film): string {
  return travellers(episode).map((i) => {
    const lengths = [0];
    for (let frame = 1; frame < episode.frames; frame++) {
      const [a, b] = [placeAt(episode, view, i, frame - 1), placeAt(episode, view, i, frame)];
      lengths.push(lengths.at(-1)! + Math.hypot(b.x - a.x, b.y - a.y));
    }
    const total = lengths.at(-1)!;
    const values = overTime(film, episode, (frame) => px(total - lengths[frame]!));
    return `<path d="${way(episode, view, i, 0, episode.frames - 1)}" ${trailLook(episode, i)} opacity="0.4" ` +
      `stroke-dasharray="${px(total)} ${px(total + 1)}">${
        values && `<animate attributeName="stroke-dashoffset" ${values}/>`
      }</path>`;
  }).join("");
}

function trailLook(episode: Footage, i: number): string {
  const colour = colourOf(episode.entities[i]!, indexInRole(episode, i));
  return `fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"`;
}

function way(episode: Footage, view: View, i: number, from: number, to: number): string {
  const points: string[] = [];
  for (let frame = from; frame <= to; frame++) {
    const { x, y } = placeAt(episode, view, i, frame);
    points.push(`${px(x)} ${px(y)}`);
  }
  return `M${points.join("L")}`;
}

/** Agents and objects that changed their place by more than a millimetre. */
function travellers(episode: Footage): number[] {
  const { entities, position, frames } = episode;
  return entities.flatMap(({ role }, i) => {
    if (role !== "agent" && role !== "object") return [];
    for (let frame = 1; frame < frames; frame++) {
      const at = frame * entities.length + i;
      if (Math.hypot(position[2 * at]! - position[2 * i]!, position[2 * at + 1]! - position[2 * i + 1]!) > 1e-3) {
        return [i];
      }
    }
    return [];
  });
}

/** How an animation runs. */
interface Film {
  /** Frames, with those in which the end is held. */
  readonly count: number;
  /** Attributes of every `animate`. */
  readonly timing: string;
}

/** The attributes of an `animate` whose value in a frame is `value`; empty if it never changes. */
function overTime({ count, timing }: Film, { frames }: Footage, value: (frame: number) => string): string {
  const values = Array.from({ length: count }, (_, frame) => value(Math.min(frame, frames - 1)));
  return values.every((x) => x === values[0]) ? "" : `values="${values.join(";")}" ${timing}`;
}

function moving(episode: Footage, view: View, i: number, film: Film): string {
  const at = (frame: number) => placeAt(episode, view, i, frame);
  const first = at(0);
  const transform = (type: string, value: (frame: number) => string): string => {
    const values = overTime(film, episode, value);
    return values && `<animateTransform attributeName="transform" type="${type}" ${values}/>`;
  };
  const travel = transform("translate", (frame) => `${px(at(frame).x)} ${px(at(frame).y)}`);
  const turn = transform("rotate", (frame) => px(at(frame).turn));
  return `<g transform="translate(${px(first.x)} ${px(first.y)})">${travel}<g transform="rotate(${
    px(first.turn)
  })">${turn}${movingRays(episode, view, i, film)}${draw(episode, i, view)}</g></g>`;
}

function movingRays(episode: Footage, view: View, i: number, film: Film): string {
  const first = rayPaths(episode, view, i, 0);
  if (first === null) return "";
  return [false, true].map((hit) => {
    const paths = (frame: number) => rayPaths(episode, view, i, frame)![hit ? "hits" : "free"];
    const values = overTime(film, episode, paths);
    return rayPath(episode, i, paths(0), hit, values && `<animate attributeName="d" ${values}/>`);
  }).join("");
}

/** The rays of an agent about its centre: those that hit nothing, and those that hit; null where there are none. */
function rayPaths({ entities, lidar }: Footage, { scale }: View, i: number, frame: number) {
  const entity = entities[i]!;
  if (lidar === null || entity.role !== "agent") return null;
  const agents = entities.filter(({ role }) => role === "agent").length;
  const agent = entities.slice(0, i).filter(({ role }) => role === "agent").length;
  const edge = circumscribedRadius(entity.shape) * scale;
  const [free, hits]: [string[], string[]] = [[], []];
  for (let ray = 0; ray < lidar.rays; ray++) {
    const nearness = lidar.nearness[(frame * agents + agent) * lidar.rays + ray]!;
    const [cos, sin] = [Math.cos(2 * Math.PI * ray / lidar.rays), -Math.sin(2 * Math.PI * ray / lidar.rays)];
    const end = Math.max(edge, (lidar.range - nearness) * scale);
    const line = (to: number) => `M${px(edge * cos)} ${px(edge * sin)}L${px(to * cos)} ${px(to * sin)}`;
    // A ray is in both paths, in one of them without length: what is animated has to keep its form.
    free.push(line(nearness > 0 ? edge : end));
    hits.push(line(nearness > 0 ? end : edge));
  }
  return { free: free.join(""), hits: hits.join("") };
}

function rayPath(episode: Footage, i: number, path: string, hit: boolean, animate = ""): string {
  const colour = agentColour(indexInRole(episode, i));
  const look = hit ? 'stroke-width="1.6" opacity="0.85"' : 'stroke-width="1" opacity="0.22"';
  return `<path d="${path}" fill="none" stroke="${colour}" ${look}>${animate}</path>`;
}
