/** Charts over time: a panel for each quantity, a straight line for what grows by a factor a step, a mark where it explodes. */

import assert from "node:assert/strict";
import { gradientCurve, HorizonReport, overTime } from "../../mod.ts";
import { renderSvg } from "../../lib/plot/svg.ts";

/** The corners of the lines in an SVG, in pixels. */
function linesIn(svg: string): [number, number][][] {
  return [...svg.matchAll(/aria-roledescription="line mark"[^>]* d="([^"]*)"/g)].map(([, path]) =>
    [...path!.matchAll(/[ML]([-\d.]+),([-\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)])
  );
}

Deno.test("gradientCurve() draws a growth by a factor a step as a straight line, and a mark from where it is too large", async () => {
  const norms = Array.from({ length: 40 }, (_, t) => 1.5 ** -t);
  const { at } = new HorizonReport(norms);
  assert.equal(at, 7);
  const svg = await renderSvg(gradientCurve([{ name: "loop", norms, at }], { title: "a loop" }));
  const [line] = linesIn(svg);
  const steps = line!.slice(1).map(([x, y], i) => (y - line![i]![1]) / (x - line![i]![0]));
  steps.forEach((slope) => assert.ok(Math.abs(slope / steps[0]! - 1) < 1e-3, `${slope}`));
  const mark = /aria-roledescription="rule mark"[^>]*transform="translate\(([\d.]+),/.exec(svg);
  assert.ok(Math.abs(Number(mark![1]) - line![7]![0]) < 1, `${mark![1]} for ${line![7]![0]}`);
  assert.ok(!(await renderSvg(gradientCurve([{ name: "loop", norms: [1, NaN, 0, 1] }]))).includes("rule mark"));
});

Deno.test("overTime() draws each quantity in a panel of its own, over seconds, with gaps where there is no number", async () => {
  const lines = (scale: number) => ["a", "b"].map((name, k) => ({ name, values: [0, scale, NaN, k, scale] }));
  const svg = await renderSvg(
    overTime([{ title: "lateral (m)", lines: lines(1) }, { title: "speed (m/s)", lines: lines(-3) }], {
      title: "two episodes",
      seconds: 0.5,
    }),
  );
  for (const said of ["two episodes", "lateral (m)", "speed (m/s)", "time (s)", "a", "b"]) {
    assert.ok(svg.includes(`>${said}<`), said);
  }
  const found = linesIn(svg);
  assert.equal(found.length, 4);
  found.forEach((corners) => assert.equal(corners.length, 4));
  // Two seconds are as wide as the panel.
  assert.ok(Math.abs(found[0]![3]![0] - found[0]![0]![0] - 560) < 1);
});

Deno.test("overTime() breaks titles that are longer than their panels, so that panels stay close", async () => {
  const panel = (title: string) => ({ title, lines: [{ name: "a", values: [0, 1] }] });
  const heightOf = async (title: string) => {
    const svg = await renderSvg(overTime([panel(title), panel(title)]));
    return { svg, height: Number(/height="([\d.]+)"/.exec(svg)![1]) };
  };
  const short = await heightOf("trust");
  const long = await heightOf("distrust of sources that are not off at all");
  assert.ok(long.height < short.height + 10, `${long.height} for ${short.height}`);
  for (const line of ["distrust of", "sources that are", "not off at all"]) {
    assert.ok(long.svg.includes(`>${line}<`), line);
  }
});
