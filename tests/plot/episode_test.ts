/** Pictures of episodes, from footage made by hand. */

import assert from "node:assert/strict";
import { drawAnimation, drawStill, type Footage, type SpaceFootage } from "../../lib/plot/episode.ts";
import { drawEntity } from "../../lib/plot/entities.ts";
import { nearness, onGround, outlineOf, seen } from "../../lib/plot/projection.ts";
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

Deno.test("an agent draws half of the way to whom it trusts, as strong as it does", () => {
  const pair: Footage = {
    ...{ entities: [entities[0]!, entities[0]!], frames: 2, frameSeconds: 0.1, lidar: null, caption: "two" },
    ...{ position: Float32Array.of(0, 0, 1, 1, 0, 0, 1, 1), angle: new Float32Array(4) },
    // The first trusts the second, then by half; the second trusts nobody but itself.
    links: Float32Array.of(0, 1, 0, 1, 0, 0.5, 0, 1),
  };
  const link = (
    svg: string,
  ) => [...svg.matchAll(/<path d="M([\d. ]+)L([\d. ]+)" [^>]*opacity="([\d.]+)">(.*?)<\/path>/g)];
  const scale = 480 / 1.44;
  const at = (metres: number) =>
    `${+((metres + 0.22) * scale).toFixed(1)} ${+(480 - (metres + 0.22) * scale).toFixed(1)}`;
  const still = link(drawStill([pair], options));
  assert.deepEqual(still.map(([, from, to, opacity]) => [from, to, opacity]), [[at(0), at(0.5), "0.35"]]);
  const moving = link(drawAnimation([pair], options));
  assert.deepEqual(moving.map(([, , , opacity]) => opacity), ["0.70"]);
  assert.match(moving[0]![4]!, /^<animate attributeName="opacity" values="0.70;0.35;/);
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

/** A turn by a right angle about y: what is up goes forward. */
const forward = [0, 0, 1, 0, 1, 0, -1, 0, 0];
const upright = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** A body in space: the ground, two limbs of which the first is nearer at first, what they follow, the centre of mass, a force. */
const walk: SpaceFootage = {
  entities: [
    { role: "ground", shape: { kind: "plane" } },
    { role: "limb", shape: { kind: "capsule", radius: 0.1, length: 0.6 } },
    { role: "limb", shape: { kind: "capsule", radius: 0.1, length: 0.6 }, colour: "#d55e00" },
    { role: "ghost", shape: { kind: "cuboid", size: [0.2, 0.2, 0.2] } },
    { role: "massCentre", shape: { kind: "sphere", radius: 0.03 } },
    { role: "force", shape: { kind: "arrow", scale: 0.001 } },
  ],
  view: "side",
  frames: 3,
  frameSeconds: 0.1,
  position: Float32Array.from(
    [0, 1, 2].flatMap((t) => [[0, 0, 0], [t, t - 1, 1], [t, 0, 1], [t, 0, 0.5], [t, 0, 1], [t, 0, 0]].flat()),
  ),
  rotation: Float32Array.from(
    [0, 1, 2].flatMap((t) =>
      [upright, upright, forward, upright, upright, [0, 0, 0, 0, 0, 0, 100 * (t + 1), 0, 0]].flat()
    ),
  ),
  caption: "reward 3",
};

Deno.test("a solid is seen where its pose puts it, from the side and from above", () => {
  const near = (found: unknown, expected: unknown): void => {
    const [a, b] = [found, expected].map((x) => [x].flat(3) as number[]);
    assert.equal(a!.length, b!.length);
    a!.forEach((x, i) => assert.ok(Math.abs(x - b![i]!) < 1e-6, `${a} is not ${b}`));
  };
  const capsule = { kind: "capsule", radius: 0.1, length: 0.6 } as const;
  const lying = outlineOf(capsule, [1, 2, 0.5], forward, "side");
  assert.ok(lying?.kind === "round");
  near([lying.ends, lying.radii, lying.turn], [0.7, 0.5, 1.3, 0.5, 0.1, 0.1, 0]);
  // The eye stands 60 degrees to the right of where x goes, 20 above the ground.
  const [sin20, cos20] = [0.3420201433256687, 0.9396926207859084];
  const slanted = outlineOf(capsule, [1, 2, 0.5], forward, "oblique");
  assert.ok(slanted?.kind === "round");
  const at = (x: number) => [0.8660254037844386 * x + 1, sin20 * (2 * 0.8660254037844386 - 0.5 * x) + 0.5 * cos20];
  near(slanted.ends, [at(0.7), at(1.3)]);
  near(nearness("oblique", [1, 2, 0.5]), cos20 * (0.5 - 2 * 0.8660254037844386) + 0.5 * sin20);
  const box = outlineOf({ kind: "cuboid", size: [0.2, 0.4, 0.6] }, [0, 0, 1], forward, "side");
  assert.ok(box?.kind === "polygon");
  near(box.points, [[-0.3, 0.9], [0.3, 0.9], [0.3, 1.1], [-0.3, 1.1]]);
  const egg = outlineOf({ kind: "ellipsoid", radii: [0.1, 0.2, 0.3] }, [0, 0, 1], forward, "side");
  assert.ok(egg?.kind === "round");
  near([egg.ends, egg.radii, egg.turn], [0, 1, 0, 1, 0.3, 0.1, 0]);
  const drum = outlineOf({ kind: "cylinder", radius: 0.1, length: 0.6 }, [0, 0, 0], upright, "oblique");
  assert.ok(drum?.kind === "round");
  near([drum.ends, drum.radii, drum.turn], [0, -0.3 * cos20, 0, 0.3 * cos20, 0.1 * sin20, 0.1, Math.PI / 2]);
  near(seen("oblique", onGround("oblique", [0.3, -0.7], 0.2)), [0.3, -0.7]);
});

Deno.test("bodies in space move on marked ground around their centre of mass, and the near hides the far in every frame", () => {
  const svg = drawAnimation([walk], options);
  assert.deepEqual(unbalanced(svg), []);
  const group = (name: string) => svg.slice(svg.indexOf(`class="${name}"`));
  const lists = (text: string, attribute: string) =>
    [...text.matchAll(new RegExp(`attributeName="${attribute}"[^>]* values="([^"]*)"`, "g"))].map(([, x]) =>
      x!.split(";")
    );
  const limbs = group("limbs").split("</g>")[0]!;
  const paths = lists(limbs, "d");
  assert.equal(paths.length, 2);
  for (let frame = 0; frame < 15; frame++) {
    // Two round ends for each capsule.
    assert.deepEqual(paths.map((values) => values[frame]!.match(/a/g)!.length), [2, 2]);
  }
  const [blue, orange] = ["#0072b2", "#d55e00"];
  assert.deepEqual(lists(limbs, "fill").map((values) => values.slice(0, 3)), [[orange, blue, blue], [
    blue,
    orange,
    orange,
  ]]);
  const shifts = lists(group("ground").split("</g>")[0]!, "transform")[0]!.map((x) => Number(x.split(" ")[0]));
  assert.equal(shifts[0], 0);
  assert.ok(shifts[1]! < 0 && Math.abs(shifts[2]! - 2 * shifts[1]!) < 0.11);
  assert.match(group("ground"), />0<.*>1<.*>2</);
  assert.equal(group("ghost").split("</g>")[0]!.match(/<path/g)!.length, 1);
  assert.match(group("massCentre"), /stroke-dasharray="3 3".*<circle/);
  assert.ok(!svg.includes('class="forces"'));
  const forces = drawAnimation([walk], { ...options, contactForces: true });
  assert.equal(new Set(lists(forces.slice(forces.indexOf('class="forces"')), "d")[0]).size, 3);
});

Deno.test("the still of bodies in space is a strip of poses with their times", () => {
  const svg = drawStill([walk, walk], options);
  assert.deepEqual(unbalanced(svg), []);
  assert.equal(svg.match(/class="limbs"/g)!.length, 16);
  assert.deepEqual([...svg.matchAll(/>([\d.]+ s)</g)].slice(0, 8).map(([, x]) => x), [
    ...["0.00 s", "0.00 s", "0.10 s", "0.10 s", "0.10 s", "0.10 s", "0.20 s", "0.20 s"],
  ]);
  assert.throws(() => drawStill([walk, footage], options), {
    name: "RangeError",
    message: "a picture of episodes is in a plane or in space: draw those in space in one of their own.",
  });
});

Deno.test("an animation of 1000 steps of 16 limbs that follow others is smaller than 1.5 MB", () => {
  const entities = [
    walk.entities[0]!,
    ...Array.from({ length: 32 }, (_, i): SpaceFootage["entities"][number] => ({
      ...walk.entities[1 + i % 2]!,
      role: i < 16 ? "limb" : "ghost",
    })),
    walk.entities[4]!,
  ];
  const [frames, each] = [1001, entities.length];
  const position = Float32Array.from({ length: frames * each * 3 }, (_, i) => Math.sin(i * i) + i / frames / 3);
  const rotation = new Float32Array(frames * each * 9);
  for (let i = 0; i < frames * each; i++) {
    const [c, s] = [Math.cos(i), Math.sin(i)];
    rotation.set([c, 0, s, 0, 1, 0, -s, 0, c], 9 * i);
  }
  const { length } = drawAnimation([{
    ...walk,
    view: "oblique",
    entities,
    frames,
    frameSeconds: 0.0166,
    position,
    rotation,
  }], options);
  assert.ok(length < 1.5e6, `${length}`);
});
