/** Charts are drawn without a browser, and shown in notebooks. */

import assert from "node:assert/strict";
import { rewardCurve } from "../lib/plot/curves.ts";
import { display } from "../lib/plot/notebook.ts";
import { renderSvg } from "../lib/plot/svg.ts";
import { runCells } from "./run_cells.ts";

const points = [1, 2, 3, 4].map((iteration) => ({ iteration, value: iteration / 2 }));

/** The paths of the lines in an SVG. */
function linesIn(svg: string): string[] {
  return [...svg.matchAll(/aria-roledescription="line mark"[^>]* d="([^"]*)"/g)].map(([, path]) => path!);
}

Deno.test("rewardCurve() names its axes, and its series only where there are several", async () => {
  const one = await renderSvg(rewardCurve([{ name: "MAPPO", points }], { title: "navigation", subtitle: "one seed" }));
  for (const text of ["navigation", "one seed", "iteration", "episode reward (sum)"]) {
    assert.ok(one.includes(`>${text}<`));
  }
  assert.ok(!one.includes(">MAPPO<"));
  const two = await renderSvg(rewardCurve([{ name: "MAPPO", points }, { name: "IPPO", points }]));
  assert.ok(two.includes(">MAPPO<") && two.includes(">IPPO<"));
  assert.equal(linesIn(two).length, 2);
});

Deno.test("rewardCurve() writes names that do not fit beside each other below each other, and cuts long ones", async () => {
  const drawn = async (...names: string[]) => {
    const svg = await renderSvg(rewardCurve(names.map((name) => ({ name, points }))));
    const places = names.map((name) => svg.match(`>(${name.slice(0, 20)}[^<]*)<`)![1]!);
    return { width: Number(svg.match(/width="(\d+)"/)![1]), places };
  };
  const short = await drawn("MAPPO", "IPPO");
  const long = ["a", "b", "c"].map((name) => `${name} `.repeat(200).trim());
  const { width, places } = await drawn(...long);
  assert.ok(width <= short.width, `${width} for ${short.width}`);
  assert.ok(places.every((text) => text.length < 100 && text.endsWith("…")), places.join());
});

Deno.test("rewardCurve() leaves a gap where a value is not finite", async () => {
  const holed = points.map((point, i) => i === 1 ? { ...point, value: NaN } : point);
  const [path] = linesIn(await renderSvg(rewardCurve([{ name: "a", points: holed }])));
  assert.equal(path!.match(/M/g)!.length, 2);
});

Deno.test("rewardCurve() draws a band only where low and high are given", async () => {
  const banded = points.map((point) => ({ ...point, low: point.value - 1, high: point.value + 1 }));
  const band = /aria-roledescription="area mark"/;
  assert.match(await renderSvg(rewardCurve([{ name: "a", points: banded }])), band);
  assert.doesNotMatch(await renderSvg(rewardCurve([{ name: "a", points }])), band);
});

Deno.test("a logarithmic rewardCurve() has ticks at 1, 2 and 5, or over many decades at powers of ten", async () => {
  const ticksOf = async (values: number[]) => {
    const points = values.map((value, i) => ({ iteration: i + 1, value }));
    const svg = await renderSvg(rewardCurve([{ name: "a", points }], { log: true, xTitle: "", yTitle: "loss" }));
    const axis = /Y-axis titled 'loss' for a log scale[^]*?<\/g><\/g><\/g>/.exec(svg)![0];
    return [...axis.matchAll(/<text[^>]*>([\d.,]+)<\/text>/g)].map(([, text]) => Number(text!.replace(",", "")));
  };
  assert.deepEqual(await ticksOf([0.3, NaN, 0, 8]), [0.5, 1, 2, 5]);
  assert.deepEqual(await ticksOf([0.002, 30]), [0.01, 0.1, 1, 10]);
  assert.deepEqual(linesIn(await renderSvg(rewardCurve([{ name: "a", points: [] }], { log: true }))).length, 0);
});

Deno.test("renderSvg() draws a chart that has no data yet", async () => {
  assert.match(
    await renderSvg(rewardCurve([{ name: "a", points: [] }], { title: "soon" })),
    /^<svg[^]*>soon<[^]*<\/svg>$/,
  );
});

Deno.test("renderSvg() reads no files and no network", async () => {
  const spec = rewardCurve([]);
  await assert.rejects(renderSvg({ ...spec, data: { url: "deno.json" } }), /inline data only .*deno\.json/);
});

Deno.test("rewardCurve() has a tick for each of few iterations, so that no label comes twice", () => {
  const axis = (...iterations: number[]) => {
    const spec = rewardCurve([{ name: "a", points: iterations.map((iteration) => ({ iteration, value: 1 })) }]);
    return (spec as unknown as { encoding: { x: { axis: object } } }).encoding.x.axis;
  };
  assert.deepEqual(axis(1), { values: [1], format: "d" });
  assert.deepEqual(axis(1, 2, 3), { values: [1, 2, 3], format: "d" });
  assert.deepEqual(axis(1, 50), { tickMinStep: 1, format: "d" });
});

Deno.test("rewardCurve() takes a line of 200,000 points", () => {
  const long = Array.from({ length: 200_000 }, (_, i) => ({ iteration: i + 1, value: 1 }));
  assert.match(
    JSON.stringify(rewardCurve([{ name: "long", points: long }])),
    /"axis":\{"tickMinStep":1,"format":"d"\}/,
  );
});

Deno.test("rewardCurve() counts frames where series learn from different numbers of them, or where told to", () => {
  const series = (name: string, batch: number) => ({
    name,
    points: [1, 2].map((iteration) => ({ iteration, frames: batch * iteration, value: 0 })),
  });
  const field = (spec: ReturnType<typeof rewardCurve>) => {
    const { x } = (spec as unknown as { encoding: { x: { field: string; title: string } } }).encoding;
    return [x.field, x.title, (spec.data as { values: Record<string, number>[] }).values.map((row) => row[x.field])];
  };
  assert.deepEqual(field(rewardCurve([series("a", 10), series("b", 10)])), ["iteration", "iteration", [1, 2, 1, 2]]);
  assert.deepEqual(field(rewardCurve([series("a", 10), series("b", 30)])), ["frames", "frames", [10, 20, 30, 60]]);
  assert.deepEqual(field(rewardCurve([series("a", 10)], { x: "frames" })), ["frames", "frames", [10, 20]]);
});

Deno.test("display() offers vega-lite 5, a picture and text", async () => {
  const shown = display(rewardCurve([{ name: "a", points }], { title: "navigation" }));
  const bundle = await shown[Symbol.for("Jupyter.display")]!();
  assert.deepEqual(Object.keys(bundle), ["application/vnd.vegalite.v5+json", "text/plain", "image/svg+xml"]);
  assert.equal(bundle["text/plain"], "[chart: navigation]");
});

Deno.test("a notebook shows a chart, and a live chart in one display that ends with its last state", async () => {
  const imports = ["plot/curves", "plot/notebook", "train/loop/live"].map((name, i) => {
    const names = ["rewardCurve", "display", "LiveChart"];
    return `const { ${names[i]} } = await import(${JSON.stringify(import.meta.resolve(`../lib/${name}.ts`))});`;
  });
  const live = `const chart = new LiveChart(), points = [];
    for (let iteration = 1; iteration <= 50; iteration++) {
      points.push({ iteration, value: iteration });
      await chart.update(rewardCurve([{ name: "a", points }]));
    }
    await chart.finish();`;
  const { problems, cells } = await runCells([
    { source: `${imports.join("\n")}\ndisplay(rewardCurve([{ name: "a", points: [] }]))` },
    { source: live },
  ]);
  assert.deepEqual(problems, []);
  assert.equal(cells[0].outputs.length, 1);
  assert.equal(cells[0].outputs[0].output_type, "execute_result");
  assert.equal(cells[1].outputs.length, 1);
  const { data } = cells[1].outputs[0];
  assert.equal(data["application/vnd.vegalite.v5+json"].data.values.length, 50);
  assert.match(data["image/svg+xml"].join(""), /^<svg/);
});
