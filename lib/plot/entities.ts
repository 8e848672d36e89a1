/** The looks of entities in SVG, each about its own centre: one drawing for the bodies of all worlds. */

import type { Shape } from "../worlds/particle/body.ts";
import type { Entity, Role } from "../worlds/scene.ts";
import { ink, palette, quiet } from "./theme.ts";

/** What lies below comes first. */
export const layers: readonly Role[] = ["goal", "wall", "joint", "object", "agent"];

const gold = "#b7791f";
/** Of what is in the way. */
export const wallColour = "#9aa5b1";
/** An agent smaller than this, in pixels, could not be seen. */
const leastRadius = 4;

/** A number for an attribute: a tenth of a pixel is seen by nobody. */
export function px(x: number): string {
  const rounded = Math.round(x * 10) / 10;
  return String(rounded === 0 ? 0 : rounded);
}

/** The colour of agent `i`. */
export function agentColour(i: number): string {
  return palette[i % palette.length]!;
}

/** The colour of an entity; `index` is its place among those of its role. */
export function colourOf({ role, agent }: Entity, index: number): string {
  switch (role) {
    case "agent":
      return agentColour(index);
    case "goal":
      return agent === undefined ? gold : agentColour(agent);
    case "object":
      return ink;
    case "wall":
      return wallColour;
    case "joint":
      return quiet;
  }
}

/** The entity as SVG about the origin; `scale` is in pixels per metre. */
export function drawEntity(entity: Entity, index: number, scale: number): string {
  const colour = colourOf(entity, index);
  const { shape, role } = entity;
  if (role === "goal") return goal(shape, colour, scale);
  const look = role === "agent"
    ? `fill="${colour}" fill-opacity="0.72" stroke="${colour}" stroke-width="1.5"`
    : shape.kind === "sphere"
    ? `fill="${colour}" stroke="white" stroke-width="1"`
    : shape.kind === "box"
    ? `fill="${colour}" fill-opacity="0.5" stroke="${colour}" stroke-width="1.5" stroke-linejoin="round"`
    : shape.kind === "hollowBox"
    ? `fill="${colour}" fill-opacity="0.06" stroke="${colour}" stroke-width="3" stroke-linejoin="round"`
    : `stroke="${colour}" stroke-width="${role === "joint" ? 1.8 : 4}" stroke-linecap="round"`;
  return outline(shape, look, scale);
}

/** A ring with a cross, which shows from below whatever comes to lie on it. */
function goal(shape: Shape, colour: string, scale: number): string {
  const size = shape.kind === "sphere" ? Math.max(shape.radius * scale, leastRadius) : leastRadius;
  const ring = outline(
    shape,
    `fill="${colour}" fill-opacity="0.16" stroke="${colour}" stroke-width="1.6" stroke-dasharray="3.2 2.4"`,
    scale,
  );
  const arm = px(size * 0.45);
  return `${ring}<path d="M-${arm} 0H${arm}M0 -${arm}V${arm}" stroke="${colour}" stroke-width="1.6" stroke-linecap="round"/>`;
}

function outline(shape: Shape, look: string, scale: number): string {
  switch (shape.kind) {
    case "sphere":
      return `<circle r="${px(Math.max(shape.radius * scale, leastRadius))}" ${look}/>`;
    case "line": {
      const half = px(shape.length * scale / 2);
      return `<path d="M-${half} 0H${half}" ${look}/>`;
    }
    case "box":
    case "hollowBox": {
      const [width, height] = [shape.length * scale, shape.width * scale];
      const place = `x="${px(-width / 2)}" y="${px(-height / 2)}" width="${px(width)}" height="${px(height)}"`;
      return `<rect ${place} ${look}/>`;
    }
  }
}
