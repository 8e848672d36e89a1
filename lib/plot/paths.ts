/** Lines in the plane: where something drove, walked or flew, a colour for each series. One metre is as long up as across. */

import { signature } from "../graph/arguments.ts";
import * as kind from "../graph/kinds.ts";
import type { ChartSpec } from "./chart.ts";
import { theme } from "./theme.ts";

/** Lines with a name: one for each thing that moved. */
export interface PathSeries {
  /** What the legend calls them. */
  name: string;
  /** Each line as its points `[x, y]` in order; a point that is not finite is a gap. */
  lines: readonly (readonly (readonly [number, number])[])[];
  /** Drawn as a dashed line: what was to be followed. */
  dashed?: boolean;
}

/** What the chart says beside its lines. */
export interface PathOptions {
  /** What the chart shows, in a few words. */
  title?: string;
  /** The story behind it. */
  subtitle?: string;
  /** Default: "x (m)". */
  xTitle?: string;
  /** Default: "y (m)". */
  yTitle?: string;
  /** Width of the plotted area in pixels; the height follows from the data. Default: 560. */
  width?: number;
}

/** The plotted area is at most so many times as high as wide, and as wide as high. */
const highest = 1.2;
const flattest = 8;

/** The lowest and highest of `values` with a little room; around one value, half a metre to each side. */
function extent(values: readonly number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  if (finite.length === 0) return [-0.5, 0.5];
  const room = high > low ? 0.04 * (high - low) : 0.5;
  return [low - room, high + room];
}

/** Where a chart is flatter than it may be, more of the plane is shown. */
function widened([low, high]: [number, number], atLeast: number): [number, number] {
  const missing = Math.max(0, atLeast - (high - low)) / 2;
  return [low - missing, high + missing];
}

const point = kind.kindOf(
  "a point, [x, y],",
  (x) => Array.isArray(x) && x.length === 2 && x.every(kind.number.accepts),
);
const takesPaths = signature("paths()", {
  series: kind.listOf(
    kind.having("a series, { name, lines },", {
      name: kind.text,
      lines: kind.listOf(kind.listOf(point, "a list of points"), "a list of lines"),
      dashed: kind.optional(kind.boolean),
    }),
    "a list of series",
  ),
  options: kind.options<PathOptions>({
    title: kind.text,
    subtitle: kind.text,
    xTitle: kind.text,
    yTitle: kind.text,
    width: kind.finite,
  }),
});

/**
 * Paths in the plane, as a vega-lite specification. A dot marks where each line starts; a legend appears from two series on.
 *
 * @example
 * ```ts
 * import { paths } from "@plumbline/plumbline";
 *
 * const circle = Array.from({ length: 65 }, (_, i) => [Math.cos(i / 10), Math.sin(i / 10)] as const);
 * const spec = paths([{ name: "circle", lines: [circle] }]);
 * console.log("mark" in spec || "layer" in spec); // true
 * ```
 */
export function paths(series: readonly PathSeries[], options: PathOptions = {}): ChartSpec {
  takesPaths(arguments);
  const { title, subtitle, xTitle = "x (m)", yTitle = "y (m)", width = 560 } = options;
  const finite = (x: number): number | null => Number.isFinite(x) ? x : null;
  const values = series.flatMap(({ name, lines, dashed = false }) =>
    lines.flatMap((points, line) =>
      points.map(([x, y], order) => ({
        series: name,
        line: `${name} ${line}`,
        order,
        dashed,
        x: finite(x),
        y: finite(y),
      }))
    )
  );
  const points = series.flatMap(({ lines }) => lines.flat());
  const [xs, ys] = [extent(points.map(([x]) => x)), extent(points.map(([, y]) => y))];
  const [xSpan, ySpan] = [xs[1] - xs[0], ys[1] - ys[0]];
  const xDomain = widened(xs, ySpan / highest);
  const yDomain = widened(ys, xSpan / flattest);
  const height = Math.round(width * (yDomain[1] - yDomain[0]) / (xDomain[1] - xDomain[0]));
  const legend = series.length < 2 ? null : { orient: "top" as const, title: null, symbolOpacity: 1 };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    ...title !== undefined && { title: { text: title, ...subtitle !== undefined && { subtitle } } },
    width,
    height,
    data: { values },
    encoding: {
      x: { field: "x", type: "quantitative", title: xTitle, scale: { domain: xDomain, nice: false } },
      y: { field: "y", type: "quantitative", title: yTitle, scale: { domain: yDomain, nice: false } },
      color: { field: "series", type: "nominal", sort: series.map(({ name }) => name), legend },
    },
    layer: [
      {
        mark: { type: "line", strokeWidth: 1.8, opacity: 0.9, tooltip: false, clip: true },
        encoding: {
          detail: { field: "line" },
          order: { field: "order", type: "quantitative" },
          strokeDash: { condition: { test: "datum.dashed", value: [5, 4] }, value: [1, 0] },
        },
      },
      {
        transform: [{ filter: "datum.order === 0 && !datum.dashed" }],
        mark: { type: "point", filled: true, size: 26, opacity: 1, tooltip: false },
      },
    ],
    config: theme,
  };
}
