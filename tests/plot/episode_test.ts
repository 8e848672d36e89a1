/** Pictures of episodes, from footage made by hand. */

import assert from "node:assert/strict";
import { drawAnimation, drawStill, type Footage } from "../../lib/plot/episode.ts";
import { drawEntity } from "../../lib/plot/entities.ts";
import type { Entity } from "../../lib/worlds/scene.ts";

const entities: Entity[] = [
  { role: "agent", shape: { kind: "sphere", radius: 0.1 } },
  { role: "object", shape: { kind: "line", length: 0.4 } },
  { role: "goal", shape: { kind: "sphere", radius: 0.05 }, agent: 0 },
];

/** The agent goes from (0, 0) to (1, 1), the line turns by a quarter, the goal stays at (1, 1). */
const footage: Footage = {
  entities,
  frames: 3,
  frameSeconds: 0.1,
  position: Float32Array.of(0, 0, 0, 1, 1, 1, 0.5, 0.5, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1),
  angle: Float32Array.of(0, 0, 0, 0, Math.PI / 4, 0, 0, Math.PI / 2, 0),
  lidar: { range: 0.3, rays: 4, nearness: Float32Array.of(0, 0, 0, 0, 0.1, 0, 0, 0, 0, 0, 0, 0) },
  caption: "reward 1 < 2",
};
const options = { title: "a & b", subtitle: "by hand" };

/** Elements that are opened and not closed, or the other way round. */
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  for (const [, close, name, self] of svg.matchAll(/<(\/?)([a-zA-Z]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (self) continue;
    if (!close) open.push(name!);
    else if (open.pop() !== name) return [name!];
  }
  return open;
}

/** From (-0.32, -0.22) up: 1.54 m, which is what is seen and 0.12 m around it, in 480 pixels. */
const scale = 480 / 1.54;
const x = (metres: number) => Number(((metres + 0.32) * scale).toFixed(1));
const y = (metres: number) => Number((480 - (metres + 0.22) * scale).toFixed(1));

Deno.test("a still shows every entity where it is at the end, and where agents began", () => {
  const svg = drawStill([footage], options);
  assert.deepEqual(unbalanced(svg), []);
  assert.ok(svg.includes("<title>a &amp; b</title>") && svg.includes(">reward 1 &lt; 2<"));
  const groups = [...svg.matchAll(/<g transform="translate\(([-\d.]+) ([-\d.]+)\) rotate\(([-\d.]+)\)">/g)];
  const places = groups.map(([, ...numbers]) => numbers.map(Number));
  assert.deepEqual(places, [[x(1), y(1), 0], [x(0), y(1), -90], [x(1), y(1), 0]]);
  const [, cx, cy] = /<circle cx="([\d.]+)" cy="([\d.]+)"/.exec(svg)!;
  assert.deepEqual([Number(cx), Number(cy)], [x(0), y(0)]);
});

Deno.test("an animation has a value for every frame and holds the end, and moves only what moves", () => {
  const svg = drawAnimation([footage], options);
  assert.deepEqual(unbalanced(svg), []);
  const values = (type: string) =>
    [...svg.matchAll(new RegExp(`type="${type}" values="([^"]*)"`, "g"))].map(([, list]) => list!.split(";"));
  const [travel, ...others] = values("translate");
  assert.deepEqual(others, []);
  assert.deepEqual(travel!.slice(0, 3), [[0, 0], [0.5, 0.5], [1, 1]].map(([a, b]) => `${x(a!)} ${y(b!)}`));
  assert.equal(travel!.length, 3 + 12);
  assert.ok(travel!.slice(3).every((place) => place === travel![2]));
  assert.deepEqual(values("rotate").map((list) => list.slice(0, 4)), [["0", "-45", "-90", "-90"]]);
  assert.equal(new Set([...svg.matchAll(/dur="([^"]*)"/g)].map(([, time]) => time)).size, 1);
});

Deno.test("a ray that hits is drawn to what it hits, the others to the end of their range", () => {
  const paths = [...drawAnimation([footage], options).matchAll(/attributeName="d" values="([^"]*)"/g)];
  const [free, hits] = paths.map(([, list]) => list!.split(";")[1]!.split("M").slice(1));
  const length = (piece: string) => {
    const [x1, y1, x2, y2] = piece.split(/[ L]/).map(Number) as [number, number, number, number];
    return Math.hypot(x2 - x1, y2 - y1) / scale;
  };
  const near = (a: number[], b: number[]) => assert.ok(a.every((value, i) => Math.abs(value - b[i]!) < 0.001), `${a}`);
  near(free!.map(length), [0, 0.2, 0.2, 0.2]);
  near(hits!.map(length), [0.1, 0, 0, 0]);
});

Deno.test("several episodes share one scale and one clock, and the shorter one waits at its end", () => {
  const short: Footage = { ...footage, frames: 2 };
  const svg = drawAnimation([footage, short], options);
  const travels = [...svg.matchAll(/type="translate" values="([^"]*)"/g)].map(([, list]) => list!.split(";"));
  assert.equal(travels[0]!.length, travels[1]!.length);
  assert.equal(travels[1]!.at(-1), travels[0]![1]);
  assert.equal(drawStill([footage, short], options).match(/<text [^>]*>reward/g)!.length, 2);
});

Deno.test("a picture of no episodes is refused", () => {
  for (const draw of [drawStill, drawAnimation]) {
    assert.throws(() => draw([], options), { name: "RangeError", message: /at least one episode/ });
  }
});

Deno.test("a solid box is drawn in the colour of its role, whatever that is, and never black", () => {
  for (const role of ["agent", "object", "wall", "joint"] as const) {
    const drawn = drawEntity({ role, shape: { kind: "box", length: 0.4, width: 0.2 } }, 0, 100);
    assert.match(
      drawn,
      /^<rect x="-20" y="-10" width="40" height="20" fill="#[0-9a-f]{6}" fill-opacity="0\.\d+"/,
      role,
    );
  }
});
