/** What the bench says: a table for the terminal, JSON, and a chart of the ratios. */

import type { TopLevelSpec } from "npm:vega-lite@6.5.0";
import { theme } from "../../lib/plot/theme.ts";
import type { Outcome, Result } from "./race.ts";

/** A run of the bench. */
export interface Report {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: {
    readonly cores: number;
    readonly system: string;
    readonly deno: string;
    /** Load average over the last minute, before and after: above 0 at the start means that others were at work. */
    readonly load: readonly [number, number];
  };
  readonly quick: boolean;
  readonly outcomes: readonly Outcome[];
}

function digits(x: number): string {
  return Number.isInteger(x) || Math.abs(x) >= 1000 ? `${Math.round(x)}` : x.toPrecision(3);
}

function row(
  name: string,
  { medianMs, quartilesMs: [low, high], ratio, ratioRange: [least, most], details }: Result,
): string {
  const times = `${digits(medianMs)} ms`.padStart(10) + `  (${digits(low)}..${digits(high)})`.padEnd(20);
  const ratios = `x ${ratio.toFixed(2)}`.padStart(8) + `  (${least.toFixed(2)}..${most.toFixed(2)})`.padEnd(18);
  const more = Object.entries(details ?? {}).map(([name, x]) => `${name} ${digits(x)}`).join(", ");
  return `  ${name.padEnd(18)}${times}${ratios}${more}`.trimEnd();
}

/** A case as lines of text. Times are medians with quartiles, ratios medians of the rounds with their range. */
export function outcomeText({ case: name, results, refusals }: Outcome): string {
  const rows = Object.entries(results).map(([contestant, result]) => row(contestant, result));
  const absent = Object.entries(refusals).map(([contestant, why]) => `  ${contestant.padEnd(18)}-  ${why}`);
  return [name, ...rows, ...absent].join("\n");
}

/** A vega-lite chart of how many times as long the others take as this library: medians of the rounds, and their range. */
export function ratioChart({ date, outcomes }: Report): TopLevelSpec {
  const values = outcomes.flatMap(({ case: name, results }) =>
    Object.entries(results).slice(1).map(([contestant, { ratio, ratioRange: [low, high] }]) => {
      return { case: name, contestant, ratio, low, high };
    })
  );
  const y = { field: "case", type: "nominal", title: null, sort: null } as const;
  const yOffset = { field: "contestant" } as const;
  const color = { field: "contestant", type: "nominal", title: null } as const;
  const scale = { type: "log" } as const;
  const title = "times as long (1: this library)";
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    title: { text: "Time relative to this library", subtitle: `${date.slice(0, 10)}; right of the line it is faster` },
    config: theme,
    data: { values },
    width: 480,
    height: { step: 16 },
    layer: [
      { mark: { type: "rule", strokeDash: [4, 4] }, encoding: { x: { datum: 1, type: "quantitative", scale } } },
      {
        mark: { type: "rule", strokeWidth: 2, opacity: 0.5 },
        encoding: { x: { field: "low", type: "quantitative", scale, title }, x2: { field: "high" }, y, yOffset, color },
      },
      {
        mark: { type: "point", filled: true, size: 70, opacity: 1 },
        encoding: { x: { field: "ratio", type: "quantitative", scale }, y, yOffset, color },
      },
    ],
  };
}
