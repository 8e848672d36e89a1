/** Curves as SVG: the reward of a run over its iterations, and those of several runs. */

import { rewardMetric } from "../../rl/trainer.ts";
import type { CurveOptions, CurveSeries } from "../../plot/curves.ts";
import { evaluationMetric, type MetricsRow } from "../files/metrics.ts";
import { runCurves, type RunRecord } from "./records.ts";

/** Vega is loaded only here: it takes longer than the start of a run. */
async function draw(series: readonly CurveSeries[], options: CurveOptions): Promise<string> {
  const { renderSvg } = await import("../../plot/svg.ts");
  const { rewardCurve } = await import("../../plot/curves.ts");
  return await renderSvg(rewardCurve(series, options));
}

/** reward.svg of a run, with its evaluations if it has any. */
export async function drawRewardCurve(rows: readonly MetricsRow[], title: string): Promise<string> {
  const curve = (name: string, metric: string): CurveSeries => ({
    name,
    points: rows.flatMap(({ iteration, metrics }) => metric in metrics ? [{ iteration, value: metrics[metric]! }] : []),
  });
  const evaluated = curve("evaluation, deterministic", evaluationMetric);
  const series = [curve("training", rewardMetric), ...evaluated.points.length > 0 ? [evaluated] : []];
  return await draw(series, { title });
}

/** The curves of several runs: one for each configuration, its seeds as a band. */
export async function drawRunCurves(runs: readonly RunRecord[]): Promise<string> {
  const title = [...new Set(runs.map(({ config }) => config.scenarioName))].join(", ");
  return await draw(runCurves(runs), { title });
}
