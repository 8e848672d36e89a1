/** What settings come to: a line for each across axes beside each other, and a panel for each axis. */

import { signature } from "../graph/arguments.ts";
import * as kind from "../graph/kinds.ts";
import type { ChartSpec } from "./chart.ts";
import { faint, ink, quiet, theme } from "./theme.ts";

/** A run, or the mean of several, by what was set and what it came to. */
export interface SweptPoint {
  /** The values of the axes, by their names. */
  at: Readonly<Record<string, number | string | boolean | null>>;
  /** What it came to. Where it is not finite nothing is drawn. */
  value: number;
}

/** What the chart says beside its points. */
export interface SweptOptions {
  /** What the chart shows, in a few words. */
  title?: string;
  /** The story behind it: seeds, iterations. */
  subtitle?: string;
  /** What points come to, with its unit. Default: "episode reward (sum)". */
  valueTitle?: string;
  /** Whether more is better: what is best is drawn last, and darkest. Default: "higher". */
  better?: "higher" | "lower";
  /** Size of the plotted area, or of each panel, in pixels. Default: 560 by 260; panels are 200 by 180. */
  width?: number;
  /** See `width`. */
  height?: number;
}

const points = kind.listOf(
  kind.having("a point, { at, value },", { at: kind.having("its values by axis", {}), value: kind.number }),
  "a list of points",
);
const options = kind.options<SweptOptions>({
  title: kind.text,
  subtitle: kind.text,
  valueTitle: kind.text,
  better: kind.oneOf("higher", "lower"),
  width: kind.finite,
  height: kind.finite,
});
const takesParallel = signature("parallelAxes()", { points, options });
const takesPanels = signature("axisPanels()", { points, options });

/** Values of one axis, and how they are laid out. */
interface Scale {
  readonly name: string;
  /** Whether all are numbers. */
  readonly isNumeric: boolean;
  /** Numeric: whether they differ by factors. */
  readonly isLog: boolean;
  /** Those that have a label, with their places from 0 to 1. */
  readonly ticks: readonly (readonly [label: string, place: number])[];
  /** The place of a value. */
  place(value: unknown): number;
}

/** Up to so many values have a label each. */
const fewValues = 8;
/** Values whose largest is so many times the smallest are laid out by factors. */
const manyTimes = 20;

const numberLabel = (x: number): string => Number(x.toPrecision(3)).toString();

/** `mayBeLog`: whether numbers that differ by factors are laid out so. */
function scaleOf(name: string, values: readonly unknown[], mayBeLog = true): Scale {
  const different = [...new Set(values)];
  const numbers = different.filter((x) => typeof x === "number").toSorted((a, b) => a - b);
  if (numbers.length < different.length || numbers.length === 0) {
    const texts = different.map(String);
    const place = (value: unknown): number =>
      texts.length < 2 ? 0.5 : texts.indexOf(String(value)) / (texts.length - 1);
    return { name, isNumeric: false, isLog: false, ticks: texts.map((text) => [text, place(text)]), place };
  }
  const [low, high] = [numbers[0]!, numbers.at(-1)!];
  const isLog = mayBeLog && (low > 0 && high / low >= manyTimes || isGeometric(numbers));
  const way = (x: number): number => isLog ? Math.log(x) : x;
  const place = (value: unknown): number =>
    high === low ? 0.5 : (way(Number(value)) - way(low)) / (way(high) - way(low));
  const between = isLog ? Math.sqrt(low * high) : (low + high) / 2;
  const shown = numbers.length <= fewValues ? numbers : [low, between, high];
  return { name, isNumeric: true, isLog, ticks: shown.map((x) => [numberLabel(x), place(x)]), place };
}

/** Whether each value is about the same times the one before: 100, 200, 400. */
function isGeometric(values: readonly number[]): boolean {
  if (values.length < 3 || values[0]! <= 0) return false;
  const ratios = values.slice(1).map((x, i) => x / values[i]!);
  const steps = values.slice(1).map((x, i) => x - values[i]!);
  const spread = (of: readonly number[]): number =>
    of.reduce((a, b) => Math.max(a, b)) / of.reduce((a, b) => Math.min(a, b));
  return spread(ratios) < spread(steps);
}

/** The axes that points have, those first that vary. */
function axesOf(given: readonly SweptPoint[]): string[] {
  const names = [...new Set(given.flatMap(({ at }) => Object.keys(at)))];
  return names.filter((name) => new Set(given.map(({ at }) => at[name])).size > 1);
}

const titled = ({ title, subtitle }: SweptOptions) =>
  title === undefined ? {} : { title: { text: title, ...subtitle !== undefined && { subtitle } } };

const colourOf = (valueTitle: string, better: "higher" | "lower") => ({
  field: "value",
  type: "quantitative" as const,
  title: valueTitle,
  scale: { scheme: "viridis" as const, reverse: better === "higher" },
});

/**
 * A line for each point, from axis to axis, which end at what it came to: parallel coordinates, as a vega-lite specification. Axes
 * that do not vary are left out; numbers that go by factors are laid out so.
 *
 * @example
 * ```ts
 * import { display, parallelAxes } from "@plumbline/plumbline";
 *
 * const points = [1e-4, 1e-3, 1e-2].map((lr, i) => ({ at: { lr, gamma: i % 2 ? 0.9 : 0.99 }, value: i }));
 * display(parallelAxes(points, { title: "three settings" }));
 * ```
 */
export function parallelAxes(points: readonly SweptPoint[], options: SweptOptions = {}): ChartSpec {
  takesParallel(arguments);
  const { valueTitle = "episode reward (sum)", better = "higher", width = 560, height = 260 } = options;
  const finite = points.filter(({ value }) => Number.isFinite(value));
  const ordered = finite.toSorted((a, b) => better === "higher" ? a.value - b.value : b.value - a.value);
  const scales = [
    ...axesOf(finite).map((name) => scaleOf(name, finite.map(({ at }) => at[name]))),
    scaleOf(valueTitle, finite.map(({ value }) => value), false),
  ];
  const last = scales.length - 1;
  const values = ordered.flatMap(({ at, value }, line) =>
    scales.map((scale, axis) => ({ line, axis, place: scale.place(axis === last ? value : at[scale.name]), value }))
  );
  const labels = (values: readonly object[], align: "left" | "right") => {
    const mark = { type: "text" as const, align, dx: align === "left" ? 7 : -7, fontSize: 11, color: quiet };
    const encoding = { x, y, text: { field: "label" } };
    // Lines go on behind them.
    const halo = { data: { values: [...values] }, mark: { ...mark, stroke: "white", strokeWidth: 3 }, encoding };
    return [halo, { data: { values: [...values] }, mark, encoding }];
  };
  const ticks = scales.flatMap(({ ticks }, axis) => ticks.map(([label, place]) => ({ axis, place, label })));
  const x = {
    field: "axis",
    type: "quantitative" as const,
    axis: null,
    scale: { domain: [0, Math.max(1, last)], nice: false, padding: 30 },
  };
  const y = { field: "place", type: "quantitative" as const, axis: null, scale: { domain: [0, 1], padding: 6 } };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    ...titled(options),
    width,
    height,
    layer: [
      {
        data: { values: scales.map((_, axis) => ({ axis })) },
        mark: { type: "rule", color: faint, strokeWidth: 2 },
        encoding: { x },
      },
      {
        data: { values },
        mark: { type: "line", strokeWidth: 1.8, opacity: 0.8, interpolate: "monotone", tooltip: false },
        encoding: {
          x,
          y,
          detail: { field: "line" },
          color: { ...colourOf(valueTitle, better), legend: null },
          order: { field: "axis" },
        },
      },
      ...labels(ticks.filter(({ axis }) => axis < last), "right"),
      ...labels(ticks.filter(({ axis }) => axis === last), "left"),
      {
        data: { values: scales.map(({ name }, axis) => ({ axis, name })) },
        mark: { type: "text", fontSize: 12, color: ink, y: -12, align: "center" },
        encoding: { x, text: { field: "name" } },
      },
    ],
    config: theme,
  };
}

/** Panels beside each other in a row. */
const columns = 3;

/**
 * What points come to along each of their axes, a panel for each that varies: a dot for each point, a line through the means, as a
 * vega-lite specification.
 *
 * @example
 * ```ts
 * import { axisPanels, display } from "@plumbline/plumbline";
 *
 * const points = [1e-4, 1e-3, 1e-2].map((lr, i) => ({ at: { lr }, value: i }));
 * display(axisPanels(points, { valueTitle: "reward" }));
 * ```
 */
export function axisPanels(points: readonly SweptPoint[], options: SweptOptions = {}): ChartSpec {
  takesPanels(arguments);
  const { valueTitle = "episode reward (sum)", width = 200, height = 180 } = options;
  const finite = points.filter(({ value }) => Number.isFinite(value));
  const names = axesOf(finite);
  const panels = names.map((name, i) => {
    const scale = scaleOf(name, finite.map(({ at }) => at[name]));
    const { isNumeric, isLog } = scale;
    const different = [...new Set(finite.map(({ at }) => at[name]))];
    const type = isNumeric ? "quantitative" as const : "nominal" as const;
    const ticks = different.length <= fewValues ? { values: different as number[], labelOverlap: true } : {};
    const x = {
      field: "at",
      type,
      title: name,
      axis: { ...isNumeric && ticks, labelAngle: 0, ...isNumeric && { format: "~g" } },
      ...isNumeric &&
        { scale: { type: isLog ? "log" as const : "linear" as const, nice: false, zero: false, padding: 14 } },
    };
    const y = {
      type: "quantitative" as const,
      title: i % columns === 0 ? valueTitle : null,
      scale: { zero: false },
    };
    const isFew = different.length < finite.length;
    return {
      width,
      height,
      data: { values: finite.map(({ at, value }) => ({ at: isNumeric ? at[name] : String(at[name]), value })) },
      layer: [
        ...isFew
          ? [{
            mark: { type: "line" as const, strokeWidth: 1.6 },
            encoding: { x, y: { field: "value", aggregate: "mean" as const, ...y } },
          }]
          : [],
        {
          mark: { type: "point" as const, filled: true, size: 28, opacity: 0.6 },
          encoding: { x, y: { field: "value", ...y } },
        },
      ],
    };
  });
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    ...titled(options),
    columns,
    spacing: 30,
    concat: panels,
    resolve: { scale: { y: "shared" } },
    config: theme,
  };
}
