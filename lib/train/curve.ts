/** reward.svg: the reward of a run over its iterations. */

import type { MetricsRow } from "./metrics.ts";
import { rewardMetric } from "../rl/trainer.ts";

/** Draws the rows. vega is loaded only here: it takes longer than the start of a run. */
export async function drawRewardCurve(rows: readonly MetricsRow[], title: string): Promise<string> {
  const { renderSvg } = await import("../plot/svg.ts");
  const { rewardCurve } = await import("../plot/curves.ts");
  const points = rows.map(({ iteration, metrics }) => ({ iteration, value: metrics[rewardMetric] ?? NaN }));
  return await renderSvg(rewardCurve([{ name: title, points }], { title }));
}
