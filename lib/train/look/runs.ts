/** `deno task runs`: what runs there are and what they came to, as a table and as curves. */

import { writeFileAtomic } from "../files/atomic.ts";
import { drawRunCurves } from "./curve.ts";
import { recentIterations } from "../files/metrics.ts";
import { scenarioTitle } from "../../systems/module_path.ts";
import { choice, flag, path, type ValuesOf } from "../../systems/option.ts";
import { numberText, oneLine, tableLines } from "../../systems/text.ts";
import { keyOf, namesOf, readRuns, type RunRecord } from "./records.ts";
import { checkPlace, type Tool } from "../command/tool.ts";
import { UsageError } from "../../systems/usage.ts";
import { drawSweep, sweepJson, sweepLines, views } from "./sweep_view.ts";
import { isSweep, readSweep } from "./sweeps.ts";

const options = {
  svg: path(null, "draw the curves: one for each configuration, its seeds as a band"),
  view: choice(views, "curves", "of a sweep: what is drawn"),
  json: flag("print everything as JSON"),
};

/** `deno task runs`. */
export const runsTool: Tool = {
  name: "runs",
  summary: "Lists the runs in folders, however deep, with what they came to, and draws their curves.",
  usage: "[FOLDER...] [flags]",
  positionals: [0, Infinity],
  options,
  notes: [
    `Final is the mean headline (reward) of the last ${recentIterations} iterations, best that of any one, frames/s the median.`,
    "A killed run shows as killed until it is resumed. In the curves a line is the mean over the seeds that have come so",
    "far, its band from the lowest to the highest. Of the folder of a sweep: a table by its axes, the best setting first,",
    "with 95% intervals over seeds; panels have a dot for each run by axis, parallel a line for each setting across all.",
  ],
  examples: [
    "",
    "output/wheel --svg wheel.svg",
    "output/navigation/2030-01-31_12-00-00 --json",
    "output/sweeps/rates --svg rates.svg --view panels",
  ],
  run: async ({ positionals, values, given }) => {
    const { svg, json, view } = values as ValuesOf<typeof options>;
    if (svg !== null) checkPlace("svg", svg);
    const [first, ...others] = positionals;
    if (first !== undefined && others.length === 0 && isSweep(first)) {
      const sweep = readSweep(first);
      if (svg !== null) writeFileAtomic(svg, await drawSweep(sweep, view!));
      if (json) return JSON.stringify(sweepJson(sweep), null, 2);
      return [...sweepLines(sweep), ...svg === null ? [] : [`${svg} has the ${view}.`]].join("\n");
    }
    if ("view" in given) throw new UsageError("--view goes with the folder of one sweep, and --svg.");
    const folders = positionals.length > 0 ? positionals : ["output"];
    const { runs, problems } = readRuns(folders);
    if (svg !== null) writeFileAtomic(svg, await drawRunCurves(runs));
    if (json) return JSON.stringify(runs.map(({ rows: _, ...rest }) => rest), null, 2);
    const lines = runs.length === 0 ? [`There are no runs in ${folders.join(", ")}.`] : table(runs);
    return [...lines, ...problems, ...svg === null ? [] : [`${svg} has the curves.`]].join("\n");
  },
};

function table(runs: readonly RunRecord[]): string[] {
  const header = ["scenario", "seed", "iterations", "final", "best", "frames/s", "state", "folder", "settings"];
  const names = namesOf(runs);
  const rows = runs.map((run): string[] => {
    const { config, iterations, final, best, framesPerSecond, state, folder } = run;
    return [
      scenarioTitle(config.scenarioName),
      String(config.seed),
      `${iterations}/${config.nIters}`,
      numberText(final ?? NaN),
      numberText(best ?? NaN),
      framesPerSecond === null ? "-" : Math.round(framesPerSecond).toLocaleString("en-US"),
      state,
      folder,
      names.get(keyOf(run))!.settings,
    ];
  });
  const shown = header.map((_, i) => header[i] !== "settings" || rows.some((row) => row[i] !== ""));
  const all = [header, ...rows.map((row) => row.map(oneLine))].map((row) => row.filter((_, i) => shown[i]));
  return tableLines(all, new Set(["seed", "iterations", "final", "best", "frames/s"]));
}
