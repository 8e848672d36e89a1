/** Curves as SVG: the headline of a run over its iterations, and those of several runs. */

import type { CurveOptions, CurveSeries } from "../../plot/curves.ts";
import type { Headline, System } from "../../systems/system.ts";
import type { MetricsRow } from "../files/metrics.ts";
import { scenarioTitle } from "../../systems/module_path.ts";
import { runCurves, runHeadline, type RunRecord } from "./records.ts";

/** Vega is loaded only here: it takes longer than the start of a run. */
async function draw(series: readonly CurveSeries[], options: CurveOptions): Promise<string> {
  const { renderSvg } = await import("../../plot/svg.ts");
  const { rewardCurve } = await import("../../plot/curves.ts");
  return await renderSvg(rewardCurve(series, options));
}

/** The file of a run's curve: `reward.svg`. */
export function curveName({ name }: Headline): string {
  return `${name.replaceAll(/\W+/g, "_")}.svg`;
}

/** The curve of a run, with its evaluations if it has any. */
export async function drawRunCurve(
  rows: readonly MetricsRow[],
  { headline }: Pick<System, "headline">,
  title: string,
): Promise<string> {
  const curve = (name: string, metric: string): CurveSeries => ({
    name,
    points: rows.flatMap(({ iteration, metrics }) => metric in metrics ? [{ iteration, value: metrics[metric]! }] : []),
  });
  const evaluated = curve("evaluation, deterministic", headline.evaluation);
  const series = [curve("training", headline.metric), ...evaluated.points.length > 0 ? [evaluated] : []];
  return await draw(series, { title, yTitle: headline.title });
}

/** The curves of several runs: one for each configuration, its seeds as a band. */
export async function drawRunCurves(runs: readonly RunRecord[]): Promise<string> {
  const titles = new Set(runs.map((run) => runHeadline(run).title));
  const curves = runCurves(runs);
  const scenarios = new Set(runs.map(({ config }) => scenarioTitle(config.scenarioName)));
  const algorithms = new Set(runs.map(({ config }) => config.algorithm));
  const title = [...scenarios, ...scenarios.size === 1 && algorithms.size === 1 ? algorithms : []].join(", ");
  const seeds = new Set(runs.map(({ config }) => config.seed)).size;
  // What is drawn of several curves is said by their legend.
  const subtitle = curves.length === 1 && seeds > 1 ? `mean and range of ${seeds} seeds` : undefined;
  return await draw(curves, { title, ...subtitle && { subtitle }, yTitle: [...titles].join(", ") });
}
