/** The gradient over a horizon: the norm of dL/du_t at every step, and where it explodes or vanishes. */

import { signature } from "../graph/arguments.ts";
import * as kind from "../graph/kinds.ts";
import { numbers } from "./numbers.ts";
import type { ChartSpec } from "./chart.ts";
import { rewardCurve } from "./curves.ts";

/** Norms with a name; a `HorizonReport` has them. */
export interface HorizonSeries {
  /** What the legend calls them. */
  name: string;
  /** The norm of the gradient at what entered at each step, in the order of time. Where it is not finite, or 0, the line has a gap. */
  norms: ArrayLike<number>;
  /** The step from which back it is beyond all bounds: marked by a dashed line. */
  at?: number | null;
}

/** What the chart says beside its lines. */
export interface HorizonChartOptions {
  /** What the chart shows, in a few words. */
  title?: string;
  /** The story behind it. */
  subtitle?: string;
  /** The vertical axis. Default: "norm of dL/du at that step". */
  yTitle?: string;
  /** Size of the plotted area in pixels. Default: 560 by 220. */
  width?: number;
  /** See `width`. */
  height?: number;
}

const takesHorizon = signature("gradientCurve()", {
  series: kind.listOf(
    kind.having("a series, { name, norms },", { name: kind.text, norms: numbers, at: kind.anything }),
    "a list of series",
  ),
  options: kind.options<HorizonChartOptions>({
    title: kind.text,
    subtitle: kind.text,
    yTitle: kind.text,
    width: kind.finite,
    height: kind.finite,
  }),
});

/**
 * Norms of gradients over a horizon, as a vega-lite specification with a logarithmic axis: what grows by a factor a step is a
 * straight line.
 *
 * @example
 * ```ts
 * import { gradientCurve, HorizonReport } from "@plumbline/plumbline";
 *
 * const report = new HorizonReport([1e6, 1e5, 1e4, 1e3, 100, 10, 1]);
 * const spec = gradientCurve([{ name: "a loop that swings up", ...report }]);
 * console.log(report.verdict, report.at, "layer" in spec); // explodes 0 true
 * ```
 */
export function gradientCurve(series: readonly HorizonSeries[], options: HorizonChartOptions = {}): ChartSpec {
  takesHorizon(arguments);
  const { yTitle = "norm of dL/du at that step", height = 220, ...rest } = options;
  const lines = series.map(({ name, norms }) => ({
    name,
    points: Array.from(norms, (value, iteration) => ({ iteration, value })),
  }));
  const spec = rewardCurve(lines, { ...rest, xTitle: "step", yTitle, height, log: true }) as Layered;
  const marks = series.flatMap(({ name, at }) => typeof at === "number" ? [{ series: name, iteration: at }] : []);
  const rule = {
    data: { values: marks },
    mark: { type: "rule", strokeDash: [4, 3], tooltip: false },
    encoding: { x: { field: "iteration", type: "quantitative" } },
  };
  return (marks.length === 0 ? spec : { ...spec, layer: [...spec.layer, rule] }) as ChartSpec;
}

type Layered = ChartSpec & { readonly layer: readonly unknown[] };
