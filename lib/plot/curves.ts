/** The curves of a run: a value over iterations, one line for each series, a band where seeds differ. */

import { signature } from "../graph/arguments.ts";
import * as kind from "../graph/kinds.ts";
import type { ChartSpec } from "./chart.ts";
import { theme } from "./theme.ts";

/** A value of a series at one iteration. */
export interface CurvePoint {
  /** Which iteration, from 1. */
  iteration: number;
  /** Frames (or what else the run counts) learned from by then. */
  frames?: number;
  /** The value: of one run, or the mean of several. Where it is not finite the line has a gap. */
  value: number;
  /** The lowest value of several seeds; needs `high`. */
  low?: number;
  /** The highest value of several seeds; needs `low`. */
  high?: number;
}

/** A line with a name. */
export interface CurveSeries {
  /** What the legend calls it. */
  name: string;
  /** Its points, in any order. */
  points: readonly CurvePoint[];
}

/** What the chart says beside its lines. */
export interface CurveOptions {
  /** What the chart shows, in a few words. */
  title?: string;
  /** The story behind it: seeds, setting. */
  subtitle?: string;
  /** The quantity and its unit. Default: "episode reward (sum)". */
  yTitle?: string;
  /**
   * What is counted from left to right. Default: iterations; but frames where the series know theirs and learn from different
   * numbers of them in an iteration, so that what is compared has seen as much.
   */
  x?: "iteration" | "frames";
  /** What the horizontal axis is called. Default: "iteration", or "frames". */
  xTitle?: string;
  /** Whether the vertical axis is logarithmic; values that are not positive are gaps then. */
  log?: boolean;
  /** Size of the plotted area in pixels. Default: 560 by 300. */
  width?: number;
  /** See `width`. */
  height?: number;
}

/** Up to so many points a line shows each of them; from so many on it is thin. */
const dottedUpTo = 30;
const thinFrom = 200;

const limit = kind.optional(kind.number);
const takesCurves = signature("rewardCurve()", {
  series: kind.listOf(
    kind.having("a series, { name, points },", {
      name: kind.text,
      points: kind.listOf(
        kind.having("a point, { iteration, value },", {
          iteration: kind.number,
          frames: limit,
          value: kind.number,
          low: limit,
          high: limit,
        }),
        "a list of points",
      ),
    }),
    "a list of series",
  ),
  options: kind.options<CurveOptions>({
    title: kind.text,
    subtitle: kind.text,
    yTitle: kind.text,
    x: kind.oneOf("iteration", "frames"),
    xTitle: kind.text,
    log: kind.boolean,
    width: kind.finite,
    height: kind.finite,
  }),
});

/** The learning curve of one or several runs, as a vega-lite specification. A legend appears from two series on. */
export function rewardCurve(series: readonly CurveSeries[], options: CurveOptions = {}): ChartSpec {
  takesCurves(arguments);
  const { title, subtitle, yTitle = "episode reward (sum)", width = 560, height = 300 } = options;
  const { x = countOf(series), xTitle = x } = options;
  const { log = false } = options;
  const values = series.flatMap(({ name, points }) => points.map((point) => toRow(name, point, x, log)));
  const scale = log ? { type: "log" as const, nice: false, padding: 12 } : { zero: false };
  const y = { type: "quantitative" as const, title: yTitle, scale, ...log && { axis: { values: logTicks(values) } } };
  const longest = Math.max(0, ...series.map(({ points }) => points.length));
  const dotted = longest <= dottedUpTo;
  const strokeWidth = longest < thinFrom ? 2 : 1.2;
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    ...title !== undefined && { title: { text: title, ...subtitle !== undefined && { subtitle } } },
    width,
    height,
    data: { values },
    encoding: {
      x: {
        field: x,
        type: "quantitative",
        title: xTitle,
        axis: axisOf(x, values),
        scale: { zero: false, nice: false, padding: 8 },
      },
      color: {
        field: "series",
        type: "nominal",
        sort: series.map(({ name }) => name),
        legend: legendOf(series, width),
      },
    },
    layer: [
      {
        transform: [{ filter: "isValid(datum.low) && isValid(datum.high)" }],
        mark: { type: "area", opacity: 0.18, tooltip: false },
        encoding: {
          y: { field: "low", ...y },
          y2: { field: "high" },
        },
      },
      {
        mark: { type: "line", strokeWidth, point: dotted && { filled: true, size: 22 }, tooltip: true },
        encoding: { y: { field: "value", ...y } },
      },
    ],
    config: theme,
  };
}

/** See {@linkcode CurveOptions.x}. */
function countOf(series: readonly CurveSeries[]): "iteration" | "frames" {
  const points = series.flatMap(({ points }) => points);
  if (points.some(({ frames }) => frames === undefined)) return "iteration";
  return new Set(points.map(({ iteration, frames }) => frames! / iteration)).size > 1 ? "frames" : "iteration";
}

/** With so few iterations each has a tick: between two of them others would have the same label. */
const fewTicks = 8;

function axisOf(x: "iteration" | "frames", rows: readonly Row[]) {
  if (x === "frames") return { format: "~s" };
  const places = rows.map(({ iteration }) => iteration as number);
  // A call does not take as many arguments as a line has points.
  const [first, last] = [Math.min, Math.max].map((of) => places.reduce((a, b) => of(a, b), places[0] ?? 0)) as [
    number,
    number,
  ];
  if (places.length === 0 || !(last - first < fewTicks)) return { tickMinStep: 1, format: "d" };
  return { values: Array.from({ length: last - first + 1 }, (_, i) => first + i), format: "d" };
}

/** Pixels that a letter of a name takes, and what is between two names in a row; as vega takes them, on average. */
const letter = 7.2;
const gap = 40;

/** The names above the plot: in a row if they fit beside each other, else below each other, and cut where they are too long. */
function legendOf(series: readonly CurveSeries[], width: number) {
  if (series.length < 2) return null;
  const row = series.reduce((sum, { name }) => sum + letter * name.length + gap, 0);
  const column = { columns: 1, labelLimit: width - gap };
  return { orient: "top" as const, title: null, symbolOpacity: 1, ...row > width && column };
}

type Row = Record<string, string | number | null>;

/** From so many decades on a logarithmic axis has a tick at each power of ten, and none between. */
const manyDecades = 3;

/** Ticks around the values: at 1, 2 and 5 times each power of ten. */
function logTicks(rows: readonly Row[]): number[] {
  const values = rows.flatMap(({ value, low, high }) => [value, low, high]).filter((x) => typeof x === "number");
  if (values.length === 0) return [];
  const [from, to] = [Math.min, Math.max].map((of) => Math.log10(values.reduce((a, b) => of(a, b)))) as [
    number,
    number,
  ];
  const decades = Array.from({ length: Math.ceil(to) - Math.floor(from) + 1 }, (_, i) => Math.floor(from) + i);
  const steps = to - from < manyDecades ? [1, 2, 5] : [1];
  // "2e-3" is read as it is written; 2 * 10 ** -3 would be 0.0020000000000000002 in some places.
  return decades.flatMap((decade) => steps.map((step) => Number(`${step}e${decade}`)));
}

/** JSON has no NaN: what is not finite becomes null, which vega-lite shows as a gap. So does what has no logarithm. */
function toRow(series: string, point: CurvePoint, x: "iteration" | "frames", log: boolean): Row {
  const { value, low, high } = point;
  const finite = (x: number | undefined) => x !== undefined && Number.isFinite(x) && !(log && x <= 0) ? x : null;
  return { series, [x]: point[x] ?? null, value: finite(value), low: finite(low), high: finite(high) };
}
