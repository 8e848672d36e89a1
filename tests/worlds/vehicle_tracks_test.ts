/** Tracks: even steps, right bends, speeds that tyres can hold; and how far cars are off them. */

import assert from "node:assert/strict";
import { gradients, tensor, Track, trackNames } from "../../mod.ts";
import { TrackTable } from "../../lib/worlds/vehicle/tracks/table.ts";
import { interpretNodes } from "../oracle.ts";

/** A circle of 20 m around the origin, counter-clockwise from [20, 0]. */
const circle = new Track(
  Array.from(
    { length: 1000 },
    (_, i) => [20 * Math.cos(2 * Math.PI * i / 1000), 20 * Math.sin(2 * Math.PI * i / 1000)],
  ),
  { closed: true, spacing: 0.5 },
);

const near = (x: number, y: number, tolerance: number, what = "") =>
  assert.ok(Math.abs(x - y) <= tolerance, `${what} ${x} is not ${y}`);

Deno.test("a circle is as long as it is, bends by the inverse of its radius, and is driven as fast as tyres hold", () => {
  near(circle.length, 40 * Math.PI, 0.01);
  circle.curvature.forEach((k) => near(k, 1 / 20, 1e-4));
  circle.speed.forEach((v) => near(v, Math.sqrt(4 * 20), 0.01));
  near(circle.heading.at(-1)! - circle.heading[0]!, 2 * Math.PI * (1 - 1 / circle.x.length), 1e-3);
});

Deno.test("all tracks have even steps, and speeds that stay within the ellipse of what is asked of tyres", () => {
  for (const name of trackNames) {
    const { x, y, speed, curvature, spacing, closed } = Track.named(name, 3);
    for (let i = 0; i + 1 < x.length; i++) {
      near(Math.hypot(x[i + 1]! - x[i]!, y[i + 1]! - y[i]!), spacing, 0.02 * spacing, `${name} ${i}`);
      const along = Math.abs(speed[i + 1]! ** 2 - speed[i]! ** 2) / (2 * spacing);
      const across = speed[i]! ** 2 * Math.abs(curvature[i]!);
      assert.ok(across <= 4 + 1e-9 && along <= 3 + 1e-9, `${name} ${i}: ${along} along, ${across} across`);
    }
    if (closed) near(Math.hypot(x.at(-1)! - x[0]!, y.at(-1)! - y[0]!), spacing, 0.02 * spacing, name);
  }
  assert.notEqual(Track.named("random", 3).length, Track.named("random", 4).length);
  assert.equal(Track.named("random", 3).length, Track.named("random", 3).length);
});

/** Numbers of cars on the circle, at `angle` radians around it, `out` metres outside, turned by `turned`. */
function errorsOn(angle: number, out: number, turned: number, turns = 0) {
  const table = new TrackTable([circle]);
  const pose = {
    x: tensor([(20 + out) * Math.cos(angle)]),
    y: tensor([(20 + out) * Math.sin(angle)]),
    heading: tensor([angle + Math.PI / 2 + turned + 2 * Math.PI * turns]),
    speed: tensor([10]),
  };
  const at = Math.round(angle / (2 * Math.PI) * circle.x.length) % circle.x.length;
  const place = table.follow({ track: tensor([0], { dtype: "int32" }), at: tensor([at], { dtype: "int32" }) }, pose);
  const { lateral, heading, speed } = table.errors(place, pose);
  return { table, place, pose, lateral, heading, found: interpretNodes([lateral, heading, speed].map((t) => t.node)) };
}

Deno.test("errors of cars on a circle are those of geometry, whatever turns the heading has made", () => {
  for (
    const [angle, out, turned, turns] of [[0.3, 1, 0.2, 0], [3, -0.5, -0.4, 3], [6.27, 0.2, 0.1, -2], [
      0,
      2,
      0,
      1,
    ]] as const
  ) {
    const [[lateral], [heading], [speed]] = errorsOn(angle, out, turned, turns).found as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    // Outside of a way that bends to the left is on its right.
    near(lateral!, -out, 0.01, "lateral");
    near(heading!, turned, 0.01, "heading");
    near(speed!, 10 - Math.sqrt(80), 0.01, "speed");
  }
});

Deno.test("the gradient of an error by the place is the direction across the way", () => {
  const { lateral, pose } = errorsOn(0.7, 0.8, 0);
  const [x, y] = interpretNodes(gradients(lateral.sum(), [pose.x, pose.y]).map((g) => g.node));
  near(x![0]!, -Math.cos(0.7), 0.03);
  near(y![0]!, -Math.sin(0.7), 0.03);
});

Deno.test("what lies ahead is seen from the car, and at the ends of open tracks the last point", () => {
  const straight = new Track([[0, 0], [50, 0], [100, 0]]);
  const table = new TrackTable([straight]);
  const place = { track: tensor([0, 0], { dtype: "int32" }), at: tensor([10, 99], { dtype: "int32" }) };
  const pose = { x: tensor([10, 98]), y: tensor([1, 0]), heading: tensor([Math.PI / 2, 0]), speed: tensor([10, 10]) };
  const { forwards, left } = table.preview(place, pose, [0.25, 1], 2);
  const [ahead, beside] = interpretNodes([forwards.node, left.node]);
  [-1, -1].forEach((x, i) => near(ahead![i]!, x, 1e-6));
  [-4.5, -12].forEach((x, i) => near(beside![i]!, x, 1e-6));
  assert.ok(ahead![3]! <= 3);
  assert.deepEqual([...interpretNodes([table.ended(place).node])[0]!], [0, 1]);
});

Deno.test("tracks that cannot be driven are refused, by where and what to do", () => {
  const bend = [[0, 0], [10, 0], [10, 10]];
  const refusals: readonly (readonly [make: () => unknown, message: RegExp])[] = [
    [
      () => new Track(bend, { spacing: 0.5 }),
      /^a track has a kink after \d+\.\d m, at \[\d+\.\d\d, -?0\.\d\d\]: it turns within \d\.\d\d m, and no car within 2\. Round it off/,
    ],
    [() => new Track([[0, 0], [1, 0]]), /^a track needs at least three points, not 2\.$/],
    [() => new Track([[0, 0], [1, NaN], [2, 0]]), /^point 1 of a track is \[x, y\], two finite numbers in metres, not/],
    [
      () => new Track([[0, 0], [1, 0], [2, 0]]),
      /^a track of 2\.00 m is too short for points every 1 m: give at least four/,
    ],
    [
      () => new Track([[0, 0], [5, 0], [9, 0]], { width: 3 } as never),
      /^a track has no option `width`; it has closed, spacing,/,
    ],
    [() => new Track([[0, 0], [5, 0], [9, 0]], { spacing: 0 }), /^spacing of a track is a number above 0, not 0\.$/],
    [() => Track.named("oval" as never), /name is/],
    [() => Track.named("random", -1), /^the seed of a track is an integer in \[0, 2\^32\), not -1\.$/],
  ];
  for (const [make, message] of refusals) assert.throws(make, { message });
});
