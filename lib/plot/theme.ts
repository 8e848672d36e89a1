/** How charts look: quiet axes, colours that stay apart for the colour-blind (Okabe and Ito), room around the data. */

import type { ChartConfig } from "./chart.ts";

/** Of texts and of what matters. */
export const ink = "#1f2933";
/** Of what explains. */
export const quiet = "#66727f";
/** Of grids. */
export const faint = "#e4e8ec";

/** Colours of series and agents, told apart by the colour-blind too (Okabe and Ito). */
export const palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#66727f"] as const;
/** Fonts by preference. */
export const font = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif";

/**
 * The configuration that all charts share, for those of your own.
 *
 * @example
 * ```ts
 * import { display, theme } from "@plumbline/plumbline";
 *
 * const values = [{ seed: 0, reward: 2.4 }, { seed: 1, reward: 2.2 }];
 * const encoding = { x: { field: "seed" }, y: { field: "reward", type: "quantitative" as const } };
 * display({ data: { values }, mark: "bar", encoding, config: theme });
 * ```
 */
export const theme: ChartConfig = {
  background: "white",
  padding: 16,
  font,
  view: { stroke: null },
  title: {
    anchor: "start",
    frame: "group",
    fontSize: 15,
    fontWeight: 600,
    color: ink,
    offset: 14,
    subtitleColor: quiet,
    subtitlePadding: 5,
  },
  axis: {
    labelColor: quiet,
    labelFontSize: 11,
    titleColor: quiet,
    titleFontSize: 12,
    titleFontWeight: "normal",
    titlePadding: 10,
    domainColor: "#b8c1ca",
    tickColor: "#b8c1ca",
    gridColor: faint,
    labelPadding: 6,
  },
  axisX: { grid: false, tickSize: 4, tickCount: 10, labelFlush: false },
  axisY: { domain: false, ticks: false, tickCount: 6 },
  legend: {
    labelColor: ink,
    labelFontSize: 12,
    labelLimit: 0,
    titleColor: quiet,
    titleFontSize: 12,
    titleFontWeight: "normal",
    symbolType: "stroke",
    symbolStrokeWidth: 3,
    columnPadding: 18,
    offset: 4,
  },
  header: { labelColor: ink, labelFontSize: 12, titleColor: quiet, titleFontSize: 12, titleFontWeight: "normal" },
  mark: { color: palette[0] },
  line: { strokeJoin: "round", strokeCap: "round" },
  range: { category: [...palette] },
};
