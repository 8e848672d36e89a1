/** Charts of paths, and curves on a logarithmic axis. */

import assert from "node:assert/strict";
import { rewardCurve } from "../lib/plot/curves.ts";
import { paths, type PathSeries } from "../lib/plot/paths.ts";
import { renderSvg } from "../lib/plot/svg.ts";

const square: PathSeries = { name: "square", lines: [[[0, 0], [2, 0], [2, 2], [0, 2]]] };

/** The paths of the lines in an SVG. */
function linesIn(svg: string): string[] {
  return [...svg.matchAll(/aria-roledescription="line mark"[^>]* d="([^"]*)"/g)].map(([, path]) => path!);
}

/** The corners of a path in pixels. */
function corners(path: string): [number, number][] {
  return [...path.matchAll(/[ML]([-\d.]+),([-\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

Deno.test("paths() shows a metre as long up as across, in the order of the points", async () => {
  const [path] = linesIn(await renderSvg(paths([square])));
  const [a, b, c, d] = corners(path!) as [[number, number], [number, number], [number, number], [number, number]];
  const side = b[0] - a[0];
  assert.ok(side > 100);
  assert.ok(Math.abs(b[1] - c[1] - side) < 0.01 * side, "as high as wide");
  assert.deepEqual([a[1], b[0], c[1]], [b[1], c[0], d[1]]);
});

Deno.test("paths() draws each line of a series by itself, and dashes what was to be followed", async () => {
  const two = { name: "cars", lines: [[[0, 0], [4, 1]], [[0, 1], [4, 2]]] } as const;
  const svg = await renderSvg(paths([two, { ...square, dashed: true }]));
  assert.equal(linesIn(svg).length, 3);
  assert.equal([...svg.matchAll(/stroke-dasharray="5,4"/g)].length, 1);
  assert.ok(svg.includes(">cars<") && svg.includes(">square<"));
});

Deno.test("paths() of a straight line, of one point and of nothing can be drawn", async () => {
  for (const lines of [[[[0, 1], [40, 1]]], [[[3, 3]]], []] as PathSeries["lines"][]) {
    const spec = paths([{ name: "a", lines }], { title: "soon" }) as { width: number; height: number };
    assert.ok(spec.height >= spec.width / 8 - 1 && spec.height <= 1.2 * spec.width + 1, `${spec.height}`);
    assert.match(await renderSvg(paths([{ name: "a", lines }], { title: "soon" })), />soon</);
  }
});

Deno.test("paths() leaves a gap at a point that is not finite", async () => {
  const [path] = linesIn(await renderSvg(paths([{ name: "a", lines: [[[0, 0], [1, 1], [NaN, 2], [3, 3], [4, 4]]] }])));
  assert.equal(path!.match(/M/g)!.length, 2);
});

Deno.test("rewardCurve() on a logarithmic axis spaces decades evenly and leaves out what has no logarithm", async () => {
  const points = [100, 10, 1, -1].map((value, i) => ({ iteration: i + 1, value }));
  const [path] = linesIn(await renderSvg(rewardCurve([{ name: "a", points }], { log: true })));
  const [a, b, c, ...rest] = corners(path!).map(([, y]) => y);
  assert.ok(Math.abs((b! - a!) - (c! - b!)) < 0.5);
  assert.deepEqual(rest, []);
});
