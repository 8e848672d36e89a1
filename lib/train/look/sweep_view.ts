/** What `deno task runs` says of a sweep: a table by its axes, the best first, what matters, what failed; and its pictures. */

import { join } from "node:path";
import type { CurveSeries } from "../../plot/curves.ts";
import { counted, numberText, oneLine, tableLines } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";
import { infoOf } from "../files/atomic.ts";
import { manifestName } from "../files/manifest.ts";
import { runCurves } from "./records.ts";
import { reportName } from "./report.ts";
import type { SweepRecord, SweptSetting } from "./sweeps.ts";

/** The pictures of a sweep: the curves of its best settings, a panel for each axis, a line for each setting across all axes. */
export const views = ["curves", "panels", "parallel"] as const;

/** So many settings have a curve: more could not be told apart. */
const mostCurves = 6;

/** Lines of text about a sweep. */
export function sweepLines(
  { name, search, axes, headline, settings, points, influence, problems }: SweepRecord,
): string[] {
  if (headline === null) return [`${name}: there are no runs yet.`, ...problems];
  const header = [...axes, headline.name, "95% interval", "seeds", "iterations", "state", "runs"];
  const rows = settings.map((setting): string[] => [
    ...axes.map((axis) => oneLine(String(setting.at[axis]))),
    numberText(setting.value),
    setting.interval === null ? "-" : setting.interval.map(numberText).join(" to "),
    String(setting.seeds),
    `${setting.iterations}/${setting.runs[0]!.config.nIters}`,
    stateOf(setting),
    oneLine(setting.runs.map(({ folder }) => folder)[0]!) + (setting.runs.length > 1 ? " .." : ""),
  ]);
  const numeric = new Set([...axes, headline.name, "95% interval", "seeds", "iterations"]);
  return [
    `${name}: ${search}, ${counted(settings.length, "setting")}, ${counted(points.length, "run")}; ` +
    `mean ${headline.title} of the last iterations, ${headline.better} is better`,
    ...tableLines([header, ...rows], numeric),
    ...influence.length === 0 ? [] : [
      `Of what settings differ by, ${
        influence.map(({ axis, share }) => `${(100 * share).toFixed(0)}% goes with ${axis}`).join(", ")
      } alone.`,
    ],
    ...failures(settings),
    ...problems,
  ];
}

/** How the runs of a setting stand: one word, or how many of each. */
function stateOf({ runs }: SweptSetting): string {
  const states = [...Map.groupBy(runs, ({ state }) => state)];
  return states.length === 1 ? states[0]![0] : states.map(([state, { length }]) => `${length} ${state}`).join(", ");
}

/** A line for each run that has failed. */
function failures(settings: readonly SweptSetting[]): string[] {
  return settings.flatMap(({ runs }) => runs.filter(({ state }) => state === "failed")).map(({ folder }) => {
    const report = join(folder, reportName);
    return infoOf(report) === null
      ? `${oneLine(folder)} failed: ${join(folder, manifestName)} says why.`
      : `${oneLine(folder)} failed: ${oneLine(report)} repeats it, as a notebook.`;
  });
}

/** What `--json` prints: everything but the rows of metrics. */
export function sweepJson({ settings, points, ...rest }: SweepRecord): unknown {
  const bare = <T extends { readonly rows: unknown }>({ rows: _, ...run }: T) => run;
  return {
    ...rest,
    settings: settings.map(({ runs, ...setting }) => ({ ...setting, runs: runs.map(({ folder }) => folder) })),
    points: points.map(({ run, ...point }) => ({ ...point, run: bare(run) })),
  };
}

/** What a setting is called in a legend. */
const settingText = ({ at }: SweptSetting): string =>
  Object.entries(at).map(([name, value]) => `${name} ${value}`).join(", ");

/** The picture of a sweep, as SVG. Throws a {@linkcode UsageError} if there is nothing to draw. */
export async function drawSweep(sweep: SweepRecord, view: typeof views[number]): Promise<string> {
  const { name, headline, settings, points, axes } = sweep;
  const measured = settings.filter(({ value }) => Number.isFinite(value));
  if (headline === null || measured.length === 0) {
    throw new UsageError(`${name} has come to nothing yet that could be drawn.`);
  }
  const { renderSvg } = await import("../../plot/svg.ts");
  if (view === "curves") {
    const { rewardCurve } = await import("../../plot/curves.ts");
    const best = measured.slice(0, mostCurves);
    const series = best.flatMap((setting): CurveSeries[] =>
      runCurves(setting.runs).map((curve) => ({ ...curve, name: settingText(setting) || curve.name }))
    );
    const shown = best.length < measured.length ? `the best ${best.length} of ${measured.length} settings; ` : "";
    const subtitle = `${shown}a line is a mean over seeds, its band from the lowest to the highest`;
    return await renderSvg(rewardCurve(series, { title: name, subtitle, yTitle: headline.title }));
  }
  if (axes.length === 0) throw new UsageError(`${name} has no axes: there is one setting, whose curves can be drawn.`);
  const { axisPanels, parallelAxes } = await import("../../plot/sweep.ts");
  const told = { title: name, valueTitle: headline.title, better: headline.better };
  return await renderSvg(
    view === "panels"
      ? axisPanels(points, { ...told, subtitle: "a dot is a run, the line a mean" })
      : parallelAxes(measured, { ...told, subtitle: "a line is a setting; the darker, the better" }),
  );
}
