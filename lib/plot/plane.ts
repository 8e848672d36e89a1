/** Worlds that lie in a plane, seen from above: what is in a panel, as a still and over time. */

import { circumscribedRadius } from "../worlds/particle/body.ts";
import { agentColour, colourOf, drawEntity, layers, px } from "./entities.ts";
import { type Film, overTime } from "./film.ts";
import type { Footage } from "./footage.ts";
import { type Panels, squares } from "./panels.ts";
import { faint } from "./theme.ts";

/** Metres around everything that is ever seen. */
const room = 0.12;
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

/** The end of each episode, with the ways that led there. */
export function planeStill(episodes: readonly Footage[]): Panels {
  return panelsOf(
    episodes,
    (episode, view) =>
      trails(episode, view) + ghosts(episode, view) + links(episode, view, episode.frames - 1) +
      moment(episode, view, episode.frames - 1),
  );
}

/** The episodes as they went. */
export function planeAnimation(episodes: readonly Footage[], film: Film): Panels {
  return panelsOf(
    episodes,
    (episode, view) =>
      movingTrails(episode, view, film) + links(episode, view, 0, film) +
      entitiesInOrder(episode).map((i) => moving(episode, view, i, film)).join(""),
  );
}

function panelsOf(episodes: readonly Footage[], content: (episode: Footage, view: View) => string): Panels {
  const layout = squares(episodes.length);
  const view = viewOf(episodes, layout.width);
  return { ...layout, contents: episodes.map((episode) => backdrop(view) + content(episode, view)) };
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

/** Pixels between two lines of the grid, at least. */
const gridApart = 8;

/** The ground, with a grid of half a metre; where that is too fine, of 1, 2, 5 or 10 metres and so on. */
function backdrop({ size, scale, x, y, low, high }: View): string {
  const step = [0.5, 1, 2, 5, 10, 20, 50].find((metres) => metres * scale >= gridApart) ?? 100;
  const lines: string[] = [];
  for (let i = Math.ceil(low[0] / step); i <= high[0] / step; i++) lines.push(`M${px(x(i * step))} 0V${size}`);
  for (let i = Math.ceil(low[1] / step); i <= high[1] / step; i++) lines.push(`M0 ${px(y(i * step))}H${size}`);
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

/** Pixels, and degrees as SVG counts them. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly turn: number;
}

/** Where entity `i` is in a frame. */
function placeAt({ entities, position, angle }: Footage, { x, y }: View, i: number, frame: number): Place {
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
    const values = overTime(film, episode.frames, (frame) => px(total - lengths[frame]!));
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

/** An agent that at some time counts on another, both as places among the entities. */
interface Link {
  readonly from: number;
  readonly to: number;
  readonly strength: (frame: number) => number;
}

function linksOf({ entities, links, frames }: Footage): Link[] {
  if (!links) return [];
  const agents = entities.flatMap(({ role }, i) => role === "agent" ? [i] : []);
  return agents.flatMap((from, i) =>
    agents.flatMap((to, j): Link[] => {
      const strength = (frame: number): number => links[(frame * agents.length + i) * agents.length + j]!;
      const isSeen = Array.from({ length: frames }, (_, frame) => strength(frame)).some((x) => x > 0);
      return isSeen && i !== j ? [{ from, to, strength }] : [];
    })
  );
}

/** From each agent half of the way to those that it counts on, the stronger the more; as in a frame, or over time. */
function links(episode: Footage, view: View, frame: number, film?: Film): string {
  return linksOf(episode).map(({ from, to, strength }) => {
    const way = (frame: number): string => {
      const [a, b] = [from, to].map((i) => placeAt(episode, view, i, frame)) as [Place, Place];
      return `M${px(a.x)} ${px(a.y)}L${px((a.x + b.x) / 2)} ${px((a.y + b.y) / 2)}`;
    };
    const opacity = (frame: number): string => (0.7 * strength(frame)).toFixed(2);
    const over = Object.entries({ d: way, opacity }).map(([name, value]) => {
      const values = film && overTime(film, episode.frames, value);
      return values ? `<animate attributeName="${name}" ${values}/>` : "";
    });
    const colour = agentColour(indexInRole(episode, from));
    return `<path d="${way(frame)}" stroke="${colour}" stroke-width="1.4" opacity="${opacity(frame)}">${
      over.join("")
    }</path>`;
  }).join("");
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

function moving(episode: Footage, view: View, i: number, film: Film): string {
  const at = (frame: number) => placeAt(episode, view, i, frame);
  const first = at(0);
  const transform = (type: string, value: (frame: number) => string): string => {
    const values = overTime(film, episode.frames, value);
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
    const values = overTime(film, episode.frames, paths);
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
