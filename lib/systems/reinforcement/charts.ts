/** What is drawn beside episodes: how far off they were over time, and how the gradient fares on its way back through them. */

import type { HorizonReport } from "../../audit/horizon.ts";
import type { ChartSpec } from "../../plot/chart.ts";
import type { Footage, SpaceFootage } from "../../plot/footage.ts";
import { gradientCurve } from "../../plot/horizon.ts";
import { overTime } from "../../plot/over_time.ts";
import type { PictureOptions } from "../../plot/panels.ts";
import { HorizonProbe } from "../../rl/horizon.ts";
import { isHostWorld } from "../../worlds/host/world.ts";
import type { Config } from "../settings.ts";
import { counted } from "../text.ts";
import type { AnyWorld } from "./algorithm.ts";
import type { Cast } from "./footage.ts";

/** Environments in which a gradient is measured. */
const measured = 8;
/** Steps of a whole episode in which it is, at most: of longer ones the first. */
const mostSteps = 2000;

/** The gradient over the horizon that an algorithm follows, and over a whole episode of no more than 2,000 steps: of what learns by the gradient of a world. */
export async function gradientsOf(
  { environment, controller, state }: Cast<AnyWorld>,
  { horizon }: Config,
  seed: number,
): Promise<HorizonReport[]> {
  if (typeof horizon !== "number" || isHostWorld(environment)) return [];
  const reports: HorizonReport[] = [];
  for (const steps of new Set([horizon, Math.max(horizon, Math.min(environment.maxSteps, mostSteps))])) {
    const probe = new HorizonProbe(environment, controller, state, { steps, envs: measured });
    try {
      reports.push(await probe.run(seed));
    } finally {
      probe.dispose();
    }
  }
  return reports;
}

type Said = Pick<PictureOptions, "title" | "subtitle">;

/** How the norms of its gradients fare; null if there are none. */
export function chartOf(reports: readonly HorizonReport[], { title, subtitle }: Said): ChartSpec | null {
  if (reports.length === 0) return null;
  const series = reports.map(({ norms, at }) => ({ name: `over ${counted(norms.length, "step")}`, norms, at }));
  return gradientCurve(series, { title: `Gradient of the mean reward by the actions: ${title}`, subtitle });
}

/** How far off episodes were; null if their world does not tell. */
export function errorsOf(episodes: readonly (Footage | SpaceFootage)[], { title, subtitle }: Said): ChartSpec | null {
  const told = episodes.flatMap((episode, i) =>
    "errors" in episode && episode.errors ? [{ ...episode.errors, name: `episode ${i + 1}` }] : []
  );
  if (told.length === 0) return null;
  const { names } = told[0]!;
  const panels = names.map((title, k) => ({
    title,
    lines: told.map(({ name, values }) => ({ name, values: values.filter((_, j) => j % names.length === k) })),
  }));
  return overTime(panels, { title: `Errors over time: ${title}`, subtitle, seconds: episodes[0]!.frameSeconds });
}

/** The charts that there are, as SVG. Vega is loaded only for them: it takes longer than a film. */
export async function drawn(specs: Readonly<Record<string, ChartSpec | null>>): Promise<Record<string, string>> {
  const found = Object.entries(specs).filter((entry): entry is [string, ChartSpec] => entry[1] !== null);
  if (found.length === 0) return {};
  const { renderSvg } = await import("../../plot/svg.ts");
  return Object.fromEntries(await Promise.all(found.map(async ([name, spec]) => [name, await renderSvg(spec)])));
}
